import { DateTime } from 'luxon';
import { maskAddress } from '../../core/address.ts';
import type { Answer } from '../../core/answer.ts';
import { safeLine } from '../../core/safe-text.ts';
import { DAY, MINUTE, type Ms, SECOND } from '../../core/time.ts';
import { isOfEdge, type Purpose, refusalOf } from '../../mail/refusal.ts';
import type { Exchanged } from '../common/exchange.ts';
import { isObject, messageIdOf, objectOf, words } from '../common/fields.ts';

type Reply = Extract<Exchanged, { kind: 'reply' }>;

/** What an exchange means for the message that was handed over. */
export function answerTo(exchanged: Exchanged, purpose: Purpose): Answer {
  if (exchanged.kind === 'silence') {
    const { begun, why: detail, retryAfter: wait } = exchanged;
    if (begun) return { kind: 'unanswered', detail };
    const refusal = { kind: 'refused', why: 'busy', detail: `not sent: ${detail}` } as const;
    return wait === undefined ? refusal : { ...refusal, retryAfter: wait };
  }
  const { status, whole } = exchanged;
  const detail = detailOf(exchanged);
  if (status === 200 && whole) return acceptedBy(exchanged, detail);
  if (isAnswerOfEdge(exchanged)) return { kind: 'refused', why: 'busy', detail: `not sent: ${detail}` };
  const why = refusalOf(status, detail, purpose);
  if (why === null) return { kind: 'unanswered', detail };
  if (why === 'invalid' && !isData(exchanged)) return { kind: 'refused', why: 'busy', detail: `not sent: ${detail}` };
  const wait = why === 'busy' ? retryAfter(exchanged) : null;
  return { kind: 'refused', why, detail, ...(wait === null ? {} : { retryAfter: wait }) };
}

/** It did not reach Mailgun, so nothing was taken, and by another way it may. */
export const isAnswerOfEdge = (reply: Reply): boolean => isOfEdge(reply.status, isData(reply));

/** Mailgun says in JSON what is wrong with a message. A page says nothing of it: a proxy or a firewall wrote that. */
const isData = (reply: Reply): boolean => isObject(bodyOf(reply));

/**
 * A 200 without an id did not come from Mailgun's API: the base path is wrong, or a proxy or a maintenance page
 * answered.
 */
function acceptedBy(reply: Reply, detail: string): Answer {
  const messageId = messageIdOf(objectOf(bodyOf(reply))['id']);
  if (messageId === null) return { kind: 'unanswered', detail: `${detail} (no id in the answer)` };
  return { kind: 'accepted', messageId, detail };
}

/** Parsed JSON, or the text as it is (401 is plain text). */
export function bodyOf({ body }: Reply): unknown {
  const text = body.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function detailOf(reply: Reply): string {
  return `${reply.status}: ${saidIn(bodyOf(reply))}${reply.whole ? '' : ' (the answer broke off)'}`;
}

/** The provider's own words, on one line. An address may be quoted in them, and is masked. */
export function saidIn(body: unknown): string {
  const { message, Reason } = objectOf(body);
  const text = typeof body === 'string' ? words(plainText(body), 100) : null;
  const said = words(message, 300) ?? words(Reason, 300) ?? text ?? 'no words';
  return safeLine(said).replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, maskAddress);
}

const plainText = (html: string): string =>
  html
    .slice(0, 2000)
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

/** Whatever it asks for, it is tried again after this time: a mail may be too old after a longer one. */
export const LONGEST_WAIT: Ms = 10 * MINUTE;

/** How long the provider asks us to wait. Moments are read by its own clock, which its `Date` header shows. */
export function retryAfter(reply: Reply): Ms | null {
  const { headers } = reply;
  const now = dateOf(headers['date']);
  const until = (moment: Ms | null) => (moment === null || now === null ? null : moment - now);
  const waits = [
    secondsOf(headers['retry-after']),
    until(dateOf(headers['retry-after'])),
    secondsOf(/try again (?:after|in) (\d+) ?s/i.exec(detailOf(reply))?.[1]),
    until(resetOf(headers['x-ratelimit-reset'])),
  ];
  const wait = waits.find((w) => w !== null && w >= 0 && w <= DAY) ?? null;
  return wait && Math.min(wait, LONGEST_WAIT);
}

/** When it was answered, by the clock of who did. It has whole seconds, so half a second is added as the best guess. */
export function timeOf({ headers }: Reply): Ms | null {
  const date = dateOf(headers['date']);
  return date === null ? null : date + SECOND / 2;
}

const secondsOf = (text: unknown): Ms | null =>
  typeof text === 'string' && /^\d{1,6}$/.test(text.trim()) ? Number(text) * SECOND : null;

function dateOf(text: unknown): Ms | null {
  const read = DateTime.fromHTTP(typeof text === 'string' ? text : '');
  return read.isValid ? read.toMillis() : null;
}

/** Mailgun's clients read seconds, its servers have been seen to write ms. */
function resetOf(text: unknown): Ms | null {
  const value = typeof text === 'string' && /^\d{9,14}$/.test(text) ? Number(text) : null;
  if (value === null) return null;
  return value > 1e11 ? value : value * SECOND;
}
