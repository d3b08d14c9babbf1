import type { Readable } from 'node:stream';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import type { Clock, Ms } from '../../core/time.ts';
import { type Listening, listenOnLoopback } from './listen.ts';

export type SunkMail = {
  from: string /** the envelope, only recipients that were not refused */;
  to: string[];
  raw: string;
  at: Ms;
};
export type SmtpReply = { code: number; message: string };

export type SinkOptions = {
  port?: number;
  /** Name to password; login is required when given. */
  users?: Record<string, string>;
  /** `true` offers STARTTLS (and asks for it before a login); `'implicit'` speaks TLS from the first byte. */
  tls?: boolean | 'implicit';
  /** PEM; without it smtp-server's own test certificate, which is expired and self-signed. */
  certificate?: { key: string; cert: string };
  /** Bytes; announced as SIZE, a longer mail gets 552. */
  size?: number;
  /** The answer to RCPT TO; null accepts. */
  refuse?: (recipient: string) => SmtpReply | null;
  /** The answer after the final dot; `hang` and `drop` keep the mail and never answer; null accepts. */
  misbehave?: (mail: SunkMail) => SmtpReply | 'hang' | 'drop' | null;
  clock?: Clock;
};

export type Sink = { url: string; port: number; mails: SunkMail[]; close: () => Promise<void> };

/** An SMTP server on loopback that takes every mail, and keeps it to be looked at. */
export const startSink = async (options: SinkOptions = {}): Promise<Sink> => {
  const mails: SunkMail[] = [];
  const server = smtpServer(options, mails, (session) => dropSession(listening, session));
  server.on('error', ignoreBrokenPeer);
  const listening: Listening = await listenOnLoopback(server.server, options.port ?? 0);
  const scheme = options.tls === 'implicit' ? 'smtps' : 'smtp';
  const [user] = Object.entries(options.users ?? {});
  const login = user === undefined ? '' : `${encodeURIComponent(user[0])}:${encodeURIComponent(user[1])}@`;
  return {
    url: `${scheme}://${login}127.0.0.1:${listening.port}`,
    port: listening.port,
    mails,
    close: listening.close,
  };
};

const smtpServer = (options: SinkOptions, mails: SunkMail[], drop: (session: SMTPServerSession) => void): SMTPServer =>
  new SMTPServer({
    secure: options.tls === 'implicit',
    ...(options.certificate ?? {}),
    ...(options.size === undefined ? {} : { size: options.size, rejectOversized: true }),
    logger: false, // said aloud: without it a warning about the built-in certificate goes to stderr
    disableReverseLookup: true,
    disabledCommands: [...(options.tls === true ? [] : ['STARTTLS']), ...(options.users ? [] : ['AUTH'])],
    authOptional: options.users === undefined,
    allowInsecureAuth: options.tls !== true,
    onAuth: (auth, _session, done) => {
      const known = options.users?.[auth.username ?? ''];
      if (known !== undefined && known === auth.password) done(null, { user: auth.username });
      else done(replyError({ code: 535, message: '5.7.8 Authentication credentials invalid' }));
    },
    onRcptTo: (address, _session, done) => {
      const refusal = options.refuse?.(address.address) ?? null;
      done(refusal === null ? null : replyError(refusal));
    },
    onData: (stream, session, done) => {
      void readAll(stream).then((raw) => {
        if (stream.sizeExceeded) return done(null);
        const mail = sunkMail(session, raw, (options.clock ?? Date.now)());
        const answer = options.misbehave?.(mail) ?? null;
        if (answer === null || typeof answer === 'string') mails.push(mail);
        if (answer === 'hang') return;
        if (answer === 'drop') return drop(session);
        done(answer === null ? null : replyError(answer), `queued as ${mails.length}`);
      }, done);
    },
  });

const sunkMail = (session: SMTPServerSession, raw: string, at: Ms): SunkMail => ({
  from: session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address,
  to: session.envelope.rcptTo.map((recipient) => recipient.address),
  raw,
  at,
});

const replyError = (reply: SmtpReply): Error => Object.assign(new Error(reply.message), { responseCode: reply.code });

const readAll = async (stream: Readable): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
};

const dropSession = (listening: Listening, session: SMTPServerSession): void => {
  for (const socket of listening.sockets) if (socket.remotePort === session.remotePort) socket.destroy();
};

/** A client that hangs up half way, or fails the TLS handshake, is its own affair. */
const ignoreBrokenPeer = (): void => undefined;
