import { isAscii } from 'node:buffer';
import { Readable } from 'node:stream';
import { createTransport, type SMTPPoolOptions } from 'nodemailer';
import { fitted } from '../../base/ids.ts';
import { canonicalAddress, isInternational } from '../../core/address.ts';
import type { Answer } from '../../core/answer.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import { MAX_PROVIDER } from '../../mail/limits.ts';
import { announce, type Envelope } from './announce.ts';
import { answerTo, tidier, troubleOf, wordsOf } from './outcome.ts';
import { type Handover, handoverOf, limitTo } from './phase.ts';
import { parseRelayUrl, type RelayUrl } from './url.ts';

export type RelayMail = {
  envelopeFrom: string;
  to: string;
  mime: Buffer;
  /**
   * A name for what servers report of the mail to its sender. With it they are asked to report (RFC 3461), where they offer
   * that.
   */
  envelopeId?: string;
};

export type RelayOptions = {
  /** From `send` to the beginning of the content: for a free connection, the banner, TLS, login and the envelope. */
  timeout: Ms;
  /** For the content and the reply to it. RFC 5321 gives servers ten minutes; the lease must cover both. */
  dataTimeout: Ms;
  connections?: number;
};

export type Relay = {
  /** host:port */
  readonly name: string;
  /** Hands one mail to one recipient. Trouble with the server is an answer and never thrown. Never sends twice. */
  send: (mail: RelayMail, signal?: AbortSignal) => Promise<Answer>;
  /** Connects and logs in, sends nothing. A mail from and to these addresses is announced and taken back. */
  verify: (envelope?: Envelope) => Promise<Verified>;
  /** Takes no more mails, and resolves when those in flight have their answer. */
  close: () => Promise<void>;
};

/** `doubt` is what it says against this one mail. */
export type Verified = { ok: true; doubt?: string } | { ok: false; detail: string };

const IDLE: Ms = 30 * SECOND; // well under what servers grant an idle client, so that we hang up first
const CLOSE: Ms = SECOND;
const MAX_REPLY = 2 * 1024 * 1024; // nodemailer's limit of 1 MB would turn a long-winded 250 into no answer

/** One secondary SMTP server, reached through a pool of connections; `url` is read by `parseRelayUrl`. */
export function createRelay(url: string, options: RelayOptions): Relay {
  const target = parseRelayUrl(url);
  let pool = createPool(target, options);
  const renew = () => {
    pool.close();
    pool = createPool(target, options);
  };
  const secrets = secretsOf(target);
  const inFlight = new Set<Promise<Answer>>();
  return {
    name: fitted(`${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`, MAX_PROVIDER),
    send: (mail, signal) => {
      const answer = handOver(pool, mail, { ...options, secrets, signal, renew });
      inFlight.add(answer);
      return answer.finally(() => inFlight.delete(answer));
    },
    verify: (envelope) => verify(target, options, tidier(secrets, null), envelope),
    close: async () => {
      pool.close();
      await Promise.allSettled(inFlight);
    },
  };
}

type Pool = ReturnType<typeof createPool>;

function createPool(target: RelayUrl, options: RelayOptions) {
  const pool = createTransport({ ...poolOptions(target, options), pool: true });
  pool.use('stream', (mail, done) => {
    const { raw, envelope } = mail.data;
    const sent = mail.message.getEnvelope();
    // Refuses to send to other addresses than those that were checked: nodemailer rewrites some (0x7f.1 to 127.0.0.1).
    const isAsAsked = sent.to.length === 1 && isSame(envelope?.to, sent.to[0]) && isSame(envelope?.from, sent.from);
    if (!isAsAsked) return done(Object.assign(new Error('the envelope was changed on its way'), { code: 'EENVELOPE' }));
    // Our own stream, because the one of nodemailer reads ahead, and only ours tells how far the server let us come.
    if (raw instanceof Readable) Object.assign(mail.message, { createReadStream: () => raw });
    done();
  });
  return pool;
}

function isSame(asked: unknown, sent: string | false | undefined): boolean {
  return typeof asked === 'object' && asked !== null && 'address' in asked && asked.address === sent;
}

function poolOptions(target: RelayUrl, { timeout, dataTimeout, connections = 2 }: RelayOptions): SMTPPoolOptions {
  return {
    host: target.host,
    port: target.port,
    secure: target.tls === 'implicit',
    requireTLS: target.tls === 'required',
    opportunisticTLS: target.tls === 'optional',
    ignoreTLS: target.tls === 'off',
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: !target.insecure },
    ...(target.name === null ? {} : { name: target.name }),
    ...(target.login === null ? {} : { auth: target.login }),
    maxConnections: connections,
    maxRequeues: 0, // the pool would send again on its own, and nobody would know
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    dnsTimeout: timeout,
    socketTimeout: Math.max(timeout, dataTimeout),
    idleTimeout: IDLE,
    socketCloseTimeout: CLOSE,
    maxResponseSize: MAX_REPLY,
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
  };
}

type SendOptions = RelayOptions & { secrets: readonly string[]; signal: AbortSignal | undefined; renew: () => void };

async function handOver(pool: Pool, mail: RelayMail, options: SendOptions): Promise<Answer> {
  const from = canonicalAddress(mail.envelopeFrom);
  const to = canonicalAddress(mail.to);
  if (from === null) return refuseInvalid('the sender is not a plain address');
  if (to === null) return refuseInvalid('the recipient is not a plain address');
  if (isInternational(from) || isInternational(to))
    return refuseInvalid('an address beyond ASCII needs a server with SMTPUTF8, which is not used here');
  if (mail.mime.length === 0) return refuseInvalid('the mail is empty');
  const handover = handoverOf(mail.mime);
  const limit = limitTo(options, handover, options.signal);
  const tidy = tidier(options.secrets, to);
  try {
    const info = await pool.sendMail({
      envelope: {
        // As objects: a string would be parsed as a header.
        from: { name: '', address: from },
        to: { name: '', address: to },
        size: wireSize(mail.mime),
        use8BitMime: !isAscii(mail.mime),
      },
      raw: handover.stream,
      ...(mail.envelopeId === undefined ? {} : { dsn: reportsOn(mail.envelopeId, to) }),
      signal: limit.signal,
    });
    // The server answered while we were still writing. The next mail on this connection would end up in the rest of
    // this one, so the connections are renewed.
    if (handover.phase() !== 'whole') options.renew();
    return answerOf(info, to, handover, tidy);
  } catch (thrown) {
    const trouble = troubleOf(thrown);
    if (trouble === null) throw thrown;
    return answerTo(trouble, handover.phase(), tidy);
  } finally {
    limit.release();
    handover.stream.destroy();
  }
}

/**
 * Failures and delays are to be reported, with no more than the header of the mail. A success is not: most servers behind
 * the first one report none, so that would be one mail more for each, to say that it was passed on.
 */
const reportsOn = (envid: string, to: string) => ({ ret: 'HDRS', envid, notify: ['FAILURE', 'DELAY'], recipient: to });

function refuseInvalid(detail: string): Answer {
  return { kind: 'refused', why: 'invalid', detail };
}

/** A 250 counts only when it is about the whole mail and about the one recipient that was asked for. */
function answerOf(
  info: { accepted: (string | object)[]; rejected: (string | object)[]; response: string },
  to: string,
  handover: Handover,
  tidy: (text: string) => string,
): Answer {
  const detail = tidy(info.response);
  const isForRecipient = info.accepted.length === 1 && info.accepted[0] === to && info.rejected.length === 0;
  if (!isForRecipient) return { kind: 'unanswered', detail: tidy(`taken, but not for the one recipient: ${detail}`) };
  if (handover.phase() !== 'whole') {
    return { kind: 'unanswered', detail: tidy(`answered before the mail was sent: ${detail}`) };
  }
  return { kind: 'accepted', messageId: null, detail };
}

/** The size on the wire, where every bare LF becomes CRLF. SIZE (RFC 1870) is about this size. */
function wireSize(mime: Buffer): number {
  let size = mime.length;
  for (let at = mime.indexOf(0x0a); at >= 0; at = mime.indexOf(0x0a, at + 1)) {
    if (mime[at - 1] !== 0x0d) size++;
  }
  return size;
}

async function verify(
  target: RelayUrl,
  options: RelayOptions,
  tidy: (text: string) => string,
  envelope: Envelope | undefined,
): Promise<Verified> {
  // A transport of its own, in which every step has the short limit. In the pool the limit has to cover the reply to
  // the content. A server that says nothing at all is told apart by the limit for the greeting, which has to end first.
  const way = { ...poolOptions(target, options), socketTimeout: options.timeout + SECOND };
  const transport = createTransport(way);
  try {
    await transport.verify();
    if (!envelope) return { ok: true };
    const { login } = target;
    const refusal = await announce({ options: way, login, timeout: options.timeout }, envelope);
    return refusal === null ? { ok: true } : refusedAnnouncement(tidy(refusal), login !== null);
  } catch (thrown) {
    const trouble = troubleOf(thrown);
    if (trouble === null) throw thrown;
    return { ok: false, detail: tidy(wordsOf(trouble)) };
  } finally {
    transport.close();
  }
}

/** A refusal for want of a login is about every mail; another may be about this one. */
function refusedAnnouncement(reply: string, hasLogin: boolean): Verified {
  const isForAll = /^53[058]|auth|log.?in|relay/i.test(reply);
  if (!isForAll) return { ok: true, doubt: reply };
  return { ok: false, detail: `it takes no mail from us${hasLogin ? '' : ' without a login'}: ${reply}` };
}

function secretsOf({ login }: RelayUrl): string[] {
  if (login === null) return [];
  const { user, pass } = login;
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return [base64(`\0${user}\0${pass}`), base64(pass), base64(user), pass]; // longest first: one may contain the next
}
