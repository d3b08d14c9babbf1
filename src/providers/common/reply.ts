import { DateTime } from 'luxon';
import { maskAddress } from '../../core/address.ts';
import type { Answer } from '../../core/answer.ts';
import { safeLine } from '../../core/safe-text.ts';
import { DAY, MINUTE, type Ms, SECOND } from '../../core/time.ts';
import { isOfEdge } from '../../mail/refusal.ts';
import type { Exchanged } from './exchange.ts';
import { isObject, words } from './fields.ts';

export type Reply = Extract<Exchanged, { kind: 'reply' }>;
type Silence = Extract<Exchanged, { kind: 'silence' }>;

/** What no reply at all means for the message that was handed over. */
export function answerToSilence({ begun, why: detail, retryAfter: wait }: Silence): Answer {
  if (begun) return { kind: 'unanswered', detail };
  const refusal = { kind: 'refused', why: 'busy', detail: `not sent: ${detail}` } as const;
  return wait === undefined ? refusal : { ...refusal, retryAfter: wait };
}

/** It did not reach the provider, so nothing was taken, and by another way it may. */
export const isAnswerOfEdge = (reply: Reply): boolean => isOfEdge(reply.status, isData(reply));

/**
 * A provider says in JSON what is wrong with a message. A page says nothing of it: a proxy or a firewall wrote that.
 */
export const isData = (reply: Reply): boolean => isObject(bodyOf(reply));

/** Parsed JSON, or the text as it is. */
export function bodyOf({ body }: Reply): unknown {
  const text = body.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The first of these that says something, or else the words of a page, on one line. Addresses in it are masked. */
export function saidIn(body: unknown, ...sentences: readonly unknown[]): string {
  const text = typeof body === 'string' ? words(plainText(body), 100) : null;
  const said = sentences.map((sentence) => words(sentence, 300)).find((one) => one !== null) ?? text ?? 'no words';
  return safeLine(said).replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, maskAddress);
}

const plainText = (html: string): string =>
  html
    .slice(0, 2000)
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

/** The status and what was said with it. */
export const detailed = ({ status, whole }: Reply, said: string): string =>
  `${status}: ${said}${whole ? '' : ' (the answer broke off)'}`;

/** Whatever it asks for, it is tried again after this time: a mail may be too old after a longer one. */
export const LONGEST_WAIT: Ms = 10 * MINUTE;

/**
 * How long the provider asks us to wait, in a header or in what it says. Moments are read by its own clock, which its
 * `Date` header shows.
 */
export function retryAfter({ headers }: Reply, said: string, longest = LONGEST_WAIT): Ms | null {
  const now = dateOf(headers['date']);
  const until = (moment: Ms | null) => (moment === null || now === null ? null : moment - now);
  const waits = [
    secondsOf(headers['retry-after']),
    until(dateOf(headers['retry-after'])),
    secondsOf(/try again (?:after|in) (\d+) ?s/i.exec(said)?.[1]),
    until(resetOf(headers['x-ratelimit-reset'])),
  ];
  const wait = waits.find((w) => w !== null && w >= 0 && w <= DAY) ?? null;
  return wait && Math.min(wait, longest);
}

/** When it was answered, by the clock of who did. It has whole seconds, so half a second is added as the best guess. */
export function timeOf({ headers }: Reply): Ms | null {
  const date = dateOf(headers['date']);
  return date === null ? null : date + SECOND / 2;
}

const secondsOf = (text: unknown): Ms | null =>
  typeof text === 'string' && /^\d{1,6}$/.test(text.trim()) ? Number(text) * SECOND : null;

/** Answers of the same second tell the same time. */
let lastDate: { text: string; at: Ms | null } = { text: '', at: null };

function dateOf(text: unknown): Ms | null {
  if (typeof text !== 'string' || text === '') return null;
  if (text !== lastDate.text) {
    const read = DateTime.fromHTTP(text);
    lastDate = { text, at: read.isValid ? read.toMillis() : null };
  }
  return lastDate.at;
}

/** Mailgun's clients read seconds, its servers have been seen to write ms. */
function resetOf(text: unknown): Ms | null {
  const value = typeof text === 'string' && /^\d{9,14}$/.test(text) ? Number(text) : null;
  if (value === null) return null;
  return value > 1e11 ? value : value * SECOND;
}
