import type { Readable } from 'node:stream';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import type { Clock, Ms } from '../../core/time.ts';
import { type Listening, listenOnLoopback } from './listen.ts';

/** The envelope has only recipients that were not refused. */
export type SunkMail = { from: string; to: string[]; raw: string; at: Ms };
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
export async function startSink(options: SinkOptions = {}): Promise<Sink> {
  const mails: SunkMail[] = [];
  const server = new SMTPServer({
    ...settingsOf(options),
    onAuth: logIn(options),
    onRcptTo: (address, _session, done) => done(errorOf(options.refuse?.(address.address) ?? null)),
    onData: takeMail(options, mails, (session) => dropSession(listening, session)),
  });
  server.on('error', ignoreBrokenPeer);
  const listening: Listening = await listenOnLoopback(server.server, options.port ?? 0);
  return { url: urlOf(options, listening.port), port: listening.port, mails, close: listening.close };
}

function settingsOf({ users, tls, certificate, size }: SinkOptions): SMTPServerOptions {
  return {
    secure: tls === 'implicit',
    ...certificate,
    ...(size === undefined ? {} : { size, rejectOversized: true }),
    logger: false, // said aloud: without it a warning about the built-in certificate goes to stderr
    disableReverseLookup: true,
    disabledCommands: [...(tls === true ? [] : ['STARTTLS']), ...(users ? [] : ['AUTH'])],
    authOptional: users === undefined,
    allowInsecureAuth: tls !== true,
  };
}

function logIn({ users }: SinkOptions): NonNullable<SMTPServerOptions['onAuth']> {
  return ({ username = '', password }, _session, done) => {
    const known = users?.[username];
    if (known !== undefined && known === password) done(null, { user: username });
    else done(errorOf({ code: 535, message: '5.7.8 Authentication credentials invalid' }));
  };
}

function takeMail(
  { misbehave, clock = Date.now }: SinkOptions,
  mails: SunkMail[],
  drop: (session: SMTPServerSession) => void,
): NonNullable<SMTPServerOptions['onData']> {
  return (stream, session, done) => {
    void readAll(stream).then((raw) => {
      if (stream.sizeExceeded) return done(null);
      const mail = { ...envelopeOf(session), raw, at: clock() };
      const answer = misbehave?.(mail) ?? null;
      if (answer === null || typeof answer === 'string') mails.push(mail);
      if (answer === 'hang') return;
      if (answer === 'drop') return drop(session);
      done(errorOf(answer), `queued as ${mails.length}`);
    }, done);
  };
}

function envelopeOf({ envelope: { mailFrom, rcptTo } }: SMTPServerSession): { from: string; to: string[] } {
  return { from: mailFrom === false ? '' : mailFrom.address, to: rcptTo.map(({ address }) => address) };
}

async function readAll(stream: Readable): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}

function errorOf(reply: SmtpReply | null): Error | null {
  return reply === null ? null : Object.assign(new Error(reply.message), { responseCode: reply.code });
}

function dropSession(listening: Listening, session: SMTPServerSession): void {
  for (const socket of listening.sockets) if (socket.remotePort === session.remotePort) socket.destroy();
}

/** A client that hangs up half way, or fails the TLS handshake, is its own affair. */
function ignoreBrokenPeer(): void {}

function urlOf({ tls, users = {} }: SinkOptions, port: number): string {
  const [user] = Object.entries(users);
  const login = user === undefined ? '' : `${user.map(encodeURIComponent).join(':')}@`;
  return `${tls === 'implicit' ? 'smtps' : 'smtp'}://${login}127.0.0.1:${port}`;
}
