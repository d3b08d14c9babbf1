import type { Refusal } from '../core/answer.ts';

/** What was asked of Mailgun: to take a new message, or to send a stored one again. */
export type Purpose = 'send' | 'repost';

/** What a status means when the words of the answer do not tell. */
const STATUS: ReadonlyMap<number, Refusal> = new Map([
  [401, 'account'], // a wrong key, or the key of the other region
  [402, 'account'],
  [403, 'account'], // the domain or account may not send
  [404, 'account'], // the domain is unknown in this region, or the base URL is wrong; the message is as good as before
  [405, 'account'],
  [429, 'busy'],
]);

/** A 400 may be about throttling or the account, and a 404 for a re-post is about the stored copy. */
const WORDS: readonly { status: number; purpose?: Purpose; words: RegExp; why: Refusal }[] = [
  { status: 400, words: /limit exceeded|too (fast|many|quickly)|probation|rate.?limit|try again/i, why: 'busy' },
  {
    status: 400,
    words: /(domain|account)\b.{0,60}\b(disabled|suspended|not allowed|unverified|inactive)|sandbox|please activate/i,
    why: 'account',
  },
  { status: 400, purpose: 'repost', words: /expired|incorrect url|not found|\burls?\b.{0,40}\bevent/i, why: 'gone' },
  { status: 404, words: /domain not found/i, why: 'account' },
  { status: 404, purpose: 'repost', words: /(?:)/, why: 'gone' },
  { status: 410, purpose: 'repost', words: /(?:)/, why: 'gone' },
];

/**
 * What is answered by whatever stands in front of Mailgun, which says that it did not hand the request on: a redirect that
 * nobody followed; a proxy that wants a login (407, 511) or another connection (421, 425, 426); an edge that found no way to
 * the server (Cloudflare's 521 to 523, 525, 526 and 530). After a 520 or 524 it had handed it on.
 */
const NOT_HANDED_ON: ReadonlySet<number> = new Set([
  ...[301, 307, 308, 407, 421, 425, 426, 511],
  ...[521, 522, 523, 525, 526, 530],
]);

/** Whether the answer is that of an edge or a proxy, and not of Mailgun, which answers in JSON. */
export const isOfEdge = (status: number, isJson: boolean): boolean =>
  NOT_HANDED_ON.has(status) || (status === 503 && !isJson);

/**
 * Why Mailgun says no, by the status and the words of its answer; null where it says no such thing, and the message may
 * have gone out. After a 408 nobody can tell how much of the request was read, and a 5xx has been seen for mail that was
 * sent all the same.
 */
export function refusalOf(status: number, words: string, purpose: Purpose): Refusal | null {
  if (status < 400 || status === 408 || status >= 500) return null;
  const found = WORDS.find(
    (w) => w.status === status && (w.purpose === undefined || w.purpose === purpose) && w.words.test(words),
  );
  return found?.why ?? STATUS.get(status) ?? 'invalid';
}

/** "Authentication required", "mechanism too weak", "encryption required": about the login, whatever command they answer. */
const ABOUT_LOGIN: ReadonlySet<number> = new Set([530, 534, 535, 538]);
/** About the session and not about the mail: the server closes it, or found a command out of its turn. */
const ABOUT_SESSION: ReadonlySet<number> = new Set([421, 503]);

/** Why an SMTP server says no, by the code of its reply to a command; null for a code that is no "no". */
export function refusalOfReply(code: number): Refusal | null {
  if (code < 400 || code > 599) return null;
  if (ABOUT_LOGIN.has(code)) return 'account';
  if (ABOUT_SESSION.has(code)) return 'busy';
  return code >= 500 ? 'permanent' : 'temporary';
}
