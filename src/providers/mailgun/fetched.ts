import type { Exchanged } from '../common/exchange.ts';
import { objectOf } from '../common/fields.ts';
import { bodyOf } from '../common/reply.ts';
import { answerTo } from './answers.ts';

export type Fetched =
  | { kind: 'mime'; mime: Buffer }
  | { kind: 'gone'; detail: string }
  | { kind: 'failed'; detail: string; retryable: boolean };

/** Reads a stored mail. Mailgun answers with JSON that holds the mail as a string; the mail itself is taken as well. */
export function readMime(exchanged: Exchanged): Fetched {
  if (exchanged.kind === 'silence') return { kind: 'failed', detail: exchanged.why, retryable: true };
  const { status, headers, body, whole } = exchanged;
  if (status !== 200) return refusedMime(exchanged);
  if (!whole) return { kind: 'failed', detail: '200: the answer broke off or was too large', retryable: true };
  const type = headers['content-type'];
  if (typeof type === 'string' && /^message\/rfc(822|2822)\b/i.test(type)) return { kind: 'mime', mime: body };
  const mime = objectOf(bodyOf(exchanged))['body-mime'];
  if (typeof mime !== 'string' || mime === '') {
    return { kind: 'failed', detail: '200: there is no body-mime in the answer', retryable: true };
  }
  return { kind: 'mime', mime: Buffer.from(mime, 'utf8') };
}

/** A status means the same as for a re-post. Only a message that is gone is a final failure. */
function refusedMime(exchanged: Exchanged): Fetched {
  const answer = answerTo(exchanged, 'repost');
  const isGone = answer.kind === 'refused' && answer.why === 'gone';
  if (isGone) return { kind: 'gone', detail: answer.detail };
  const isFinal = answer.kind === 'refused' && answer.why === 'invalid';
  return { kind: 'failed', detail: answer.detail, retryable: !isFinal };
}

/** What several failures mean together: if one of them may pass, that one; otherwise the final one. */
export function worstOf(failures: readonly Exclude<Fetched, { kind: 'mime' }>[]): Fetched {
  const hope = failures.find((f) => f.kind === 'failed' && f.retryable);
  const gone = failures.find((f) => f.kind === 'gone');
  return hope ?? gone ?? failures[0] ?? { kind: 'gone', detail: 'no stored copy is known' };
}
