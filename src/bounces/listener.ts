import type { Socket } from 'node:net';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import type { Log } from '../base/log.ts';
import { inBackground } from '../base/wait.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../core/time.ts';
import { MAX_RETURN_PATHS, MAX_RETURNED } from '../mail/limits.ts';
import type { Provider } from '../providers/provider.ts';
import { arrivalOf, type File } from '../store/inbox/filing.ts';
import type { Arrival } from '../store/inbox/inbox.ts';

export type BounceDeps = {
  /** Those whose mail may come back. */
  providers: readonly Pick<Provider, 'name' | 'takesBack' | 'webhook'>[];
  /** Makes what came durable. */
  file: File;
  now: Clock;
  log: Log;
};

export type BounceLimits = {
  /** Bytes of a mail. Servers that return the whole of one return no more than they take. */
  size: number;
  /** Connections at once, and of them those from one address. */
  connections: number;
  fromOne: number;
  /** Silence after which a connection is closed, and how long it may last in all. */
  idle: Ms;
  longest: Ms;
  /** Recipients of one mail, and wrong ones after which a client is sent away. */
  recipients: number;
  wrong: number;
};

const LIMITS: BounceLimits = {
  size: 50 * 1024 * 1024,
  connections: 200,
  fromOne: 20,
  idle: MINUTE,
  longest: 10 * MINUTE,
  recipients: MAX_RETURN_PATHS,
  wrong: 10,
};

export type BouncePlace = {
  host: string;
  port: number;
  /** What it calls itself. */
  name: string;
  limits?: BounceLimits;
};

export type BounceListener = {
  port: number;
  /** Takes no new connection, and ends those that are open when what they brought is kept. */
  close(): Promise<void>;
};

/**
 * Takes mail for return paths of ours by SMTP, and nothing else: it relays nothing and returns nothing. A mail is answered
 * with 250 when it is durable, and with 451 when it can not be kept now. Rejects when it can't listen there.
 */
export async function listenForBounces(deps: BounceDeps, place: BouncePlace): Promise<BounceListener> {
  const { limits = LIMITS, host, port, name } = place;
  /** The sessions that are bringing a mail. */
  const busy = new Set<string>();
  const server = new SMTPServer({
    ...settingsOf(name, limits),
    onConnect: fewFromEach(limits, () => server.connections),
    onRcptTo: recipientCheck(deps, limits),
    onData(stream, session, done) {
      busy.add(session.id);
      void answerTo(deps, stream, session).then((refusal) => {
        busy.delete(session.id);
        done(refusal, 'kept');
      });
    },
    onClose: ({ id }) => void busy.delete(id),
  });
  // Whoever hangs up must not fill the log.
  server.on('error', (error) => deps.log.debug({ error }, 'a connection that brought a bounce broke'));
  server.server.on('connection', (socket: Socket) => {
    const over = inBackground(limits.longest, () => socket.destroy());
    socket.once('close', over);
  });
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address');
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(resolve);
      const idle = [...server.connections].filter(({ id }) => !busy.has(id));
      for (const connection of idle) connection.send(421, '4.3.2 closing', false);
    });
  return { port: address.port, close };
}

const CLOSE: Ms = 5 * SECOND;

const settingsOf = (name: string, limits: BounceLimits): SMTPServerOptions => ({
  name,
  banner: 'takes bounces',
  size: limits.size,
  maxClients: limits.connections,
  maxRecipients: limits.recipients,
  socketTimeout: limits.idle,
  closeTimeout: CLOSE,
  // Nobody logs in here, and there is no certificate of our own to offer.
  disabledCommands: ['AUTH', 'STARTTLS'],
  authOptional: true,
  disableReverseLookup: true,
  hideENHANCEDSTATUSCODES: true,
  logger: false,
});

const refusal = (responseCode: number, words: string): Error => Object.assign(new Error(words), { responseCode });

const LATER = refusal(451, '4.3.0 it can not be kept now, try again later');
const TOO_LARGE = refusal(552, '5.3.4 the mail is too large');
const NO_SUCH = '5.1.1 no such address';

type Handler<Name extends 'onConnect' | 'onRcptTo'> = NonNullable<SMTPServerOptions[Name]>;

function fewFromEach({ fromOne }: BounceLimits, open: () => Iterable<{ remoteAddress: string }>): Handler<'onConnect'> {
  return ({ remoteAddress }, done) => {
    const same = [...open()].filter((connection) => connection.remoteAddress === remoteAddress);
    done(same.length > fromOne ? refusal(421, '4.7.0 too many connections from you') : null);
  };
}

/** A genuine address is hard to guess, and whoever tries is not let try for long. */
function recipientCheck({ providers }: BounceDeps, { wrong }: BounceLimits): Handler<'onRcptTo'> {
  const misses = new WeakMap<SMTPServerSession, number>();
  return ({ address }, session, done) => {
    if (providers.some(({ takesBack }) => takesBack?.(address))) return done(null);
    const count = (misses.get(session) ?? 0) + 1;
    misses.set(session, count);
    done(count > wrong ? refusal(421, '4.7.0 too many wrong addresses') : refusal(550, NO_SUCH));
  };
}

async function answerTo(deps: BounceDeps, ...mail: Mail): Promise<Error | null> {
  try {
    return await take(deps, ...mail);
  } catch (error) {
    deps.log.error({ error }, 'a mail that came back could not be taken');
    return LATER;
  }
}

type Mail = [stream: SMTPServerDataStream, session: SMTPServerSession];

/** Null when it is kept. */
async function take(deps: BounceDeps, ...[stream, session]: Mail): Promise<Error | null> {
  const raw = await beginningOf(stream).catch(() => null);
  // It hung up before the end: what came is no mail, and nobody hears the answer.
  if (raw === null) return LATER;
  if (stream.sizeExceeded) return TOO_LARGE;
  const arrivals = arrivalsIn(deps, raw, session);
  if (arrivals.length === 0) return refusal(554, '5.6.0 it is no mail');
  return (await deps.file(arrivals)) ? null : LATER;
}

/** All of it is read, and no more of it held than is kept. */
async function beginningOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of stream) {
    if (size < MAX_RETURNED) parts.push(Buffer.from(part.subarray(0, MAX_RETURNED - size)));
    size += part.length;
  }
  return Buffer.concat(parts);
}

function arrivalsIn({ providers, now }: BounceDeps, raw: Buffer, { envelope }: SMTPServerSession): Arrival[] {
  const at = now();
  const sender = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
  return envelope.rcptTo.flatMap(({ address }) => {
    const provider = providers.find(({ takesBack }) => takesBack?.(address));
    const headers = { 'x-envelope-to': address, 'x-envelope-from': sender };
    const opened = provider?.webhook?.open({ raw, headers }, at);
    if (!provider || opened?.kind !== 'events') return [];
    return opened.events.map((event) => arrivalOf(provider.name, event, at));
  });
}
