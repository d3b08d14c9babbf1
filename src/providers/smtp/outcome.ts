import { maskAddress } from '../../core/address.ts';
import type { Answer, Refusal } from '../../core/answer.ts';
import { safeLine, shortened } from '../../core/safe-text.ts';
import { refusalOfReply } from '../../mail/refusal.ts';
import type { Phase } from './phase.ts';

/** What nodemailer puts on its errors, as far as it is read here. */
export type SmtpTrouble = {
  message: string;
  code: string | null;
  originalCode: string | null;
  reply: string | null;
  replyCode: number | null;
};

const MAX_DETAIL = 300;
const TLS_CODE = /CERT|TLS|SSL|SIGNATURE|EPROTO/; // such as DEPTH_ZERO_SELF_SIGNED_CERT, ERR_SSL_WRONG_VERSION_NUMBER
/**
 * The pool says this of any connection that closed with a mail assigned to it. It retries nothing (`maxRequeues: 0`),
 * so there were no retries.
 */
const POOL_CLOSED = /^Reached maximum number of retries/;

/** Reads what was thrown; null when it is not an error of a mail transport. */
export function troubleOf(thrown: unknown): SmtpTrouble | null {
  if (!(thrown instanceof Error)) return null;
  const text = (key: string) => (key in thrown ? textOrNull(Reflect.get(thrown, key)) : null);
  const replyCode: unknown = Reflect.get(thrown, 'responseCode');
  return {
    message: plainWords(reasonOf(thrown), text('originalCode') ?? text('code')),
    code: text('code'),
    originalCode: text('originalCode'),
    reply: text('response'),
    replyCode: typeof replyCode === 'number' ? replyCode : null,
  };
}

/** What a failed hand-over means, given how far it got. */
export function answerTo(trouble: SmtpTrouble, phase: Phase, tidy: (text: string) => string): Answer {
  const why = refusalIn(trouble, phase);
  const detail = tidy(wordsOf(trouble));
  if (why !== null) return { kind: 'refused', why, detail };
  return { kind: 'unanswered', detail: tidy(`no answer after the content was sent: ${detail}`) };
}

/**
 * The server's own words. Where only nodemailer says which step they answer ("500 unknown command" to STARTTLS) its
 * words are taken.
 */
export function wordsOf({ code, reply, message }: SmtpTrouble): string {
  return reply === null || code === 'ETLS' ? message : reply;
}

function refusalIn(trouble: SmtpTrouble, phase: Phase): Refusal | null {
  const isAboutMail = trouble.code === 'EENVELOPE' || trouble.code === 'EMESSAGE';
  if (phase === 'whole') return isAboutMail ? replyAfterContent(trouble.replyCode) : null;
  return isAboutMail ? replyToMail(trouble) : troubleOfRoute(trouble);
}

/** What a complete reply after the content means. A 2xx or 3xx that is out of turn proves nothing. */
function replyAfterContent(code: number | null): Refusal | null {
  if (code === null || code < 400 || code > 599) return null;
  return isPermanent(code) ? 'permanent' : 'temporary';
}

function replyToMail({ code: kind, replyCode: code }: SmtpTrouble): Refusal {
  // Without a reply nodemailer itself refused: the envelope, or a mail larger than the server announced (SIZE).
  if (code === null) return kind === 'EENVELOPE' ? 'invalid' : 'permanent';
  return refusalOfReply(code) ?? 'busy';
}

function troubleOfRoute({ code, originalCode, replyCode }: SmtpTrouble): Refusal {
  const isTemporary = replyCode !== null && replyCode >= 400 && replyCode < 500; // 454: TLS or login not available now
  if (isTemporary) return 'busy';
  if (code === 'EAUTH' || code === 'ENOAUTH' || code === 'EOAUTH2' || code === 'ETLS') return 'account';
  if (code === 'ESOCKET' && originalCode !== null && TLS_CODE.test(originalCode)) return 'account';
  return 'busy';
}

/** 503 says that the session was out of step, not that the mail is refused for good. */
function isPermanent(code: number): boolean {
  return code >= 500 && code !== 503;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** OpenSSL and nodemailer say what they saw, and not what is wrong. */
function plainWords(message: string, code: string | null): string {
  if (/wrong version number|packet length too long|http request/i.test(message)) return NO_TLS_THERE;
  if (/^Greeting never received/.test(message)) return NOTHING_SAID;
  const [, reason] = /SSL routines:[^:]*:([^:]+)/.exec(message) ?? [];
  if (reason !== undefined) return `TLS failed: ${reason}`;
  if (code !== null && /CERT|SIGNATURE/.test(code)) return `the certificate of the server is not accepted: ${message}`;
  return message;
}

const NO_TLS_THERE = 'the server does not speak TLS from the first byte at that port: for STARTTLS it is smtp://';
const NOTHING_SAID = 'the server said nothing: a port where TLS is spoken from the first byte needs smtps://';

function reasonOf(error: Error): string {
  if (POOL_CLOSED.test(error.message)) return 'the server closed the connection before the mail was handed over';
  if (error.name !== 'AbortError') return error.message;
  return error.cause instanceof Error ? `stopped: ${error.cause.message}` : 'stopped';
}

/**
 * One short line of what a server said: no control or direction characters, none of the given secrets even if the
 * server echoes them, the recipient masked.
 */
export function tidier(secrets: readonly string[], recipient: string | null): (text: string) => string {
  return (text) => {
    let line = text.slice(0, 10 * MAX_DETAIL); // a reply may be a megabyte
    for (const secret of secrets) line = line.replaceAll(secret, '***');
    if (recipient !== null) line = line.replaceAll(recipient, maskAddress(recipient));
    return shortened(safeLine(line).trim(), MAX_DETAIL);
  };
}
