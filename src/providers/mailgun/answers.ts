import type { Answer } from '../../core/answer.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import { type Purpose, refusalOf } from '../../mail/refusal.ts';
import type { Exchanged } from '../common/exchange.ts';
import { messageIdOf, objectOf } from '../common/fields.ts';
import {
  answerToSilence,
  bodyOf,
  detailed,
  isAnswerOfEdge,
  isData,
  type Reply,
  retryAfter,
  saidIn as saidInReply,
} from '../common/reply.ts';

/** So long it is left alone when it says that too much comes at once, and not for how long. */
export const USUAL_WAIT: Ms = 5 * SECOND;

/** What an exchange means for the message that was handed over. */
export function answerTo(exchanged: Exchanged, purpose: Purpose): Answer {
  if (exchanged.kind === 'silence') return answerToSilence(exchanged);
  const { status, whole } = exchanged;
  const detail = detailOf(exchanged);
  if (status === 200 && whole) return acceptedBy(exchanged, detail);
  if (isAnswerOfEdge(exchanged)) return { kind: 'refused', why: 'busy', detail: `not sent: ${detail}` };
  const why = refusalOf(status, detail, purpose);
  if (why === null) return { kind: 'unanswered', detail };
  if (why === 'invalid' && !isData(exchanged)) return { kind: 'refused', why: 'busy', detail: `not sent: ${detail}` };
  const wait = why === 'busy' ? (retryAfter(exchanged, detail) ?? USUAL_WAIT) : null;
  return { kind: 'refused', why, detail, ...(wait === null ? {} : { retryAfter: wait }) };
}

/**
 * A 200 without an id did not come from Mailgun's API: the base path is wrong, or a proxy or a maintenance page
 * answered.
 */
function acceptedBy(reply: Reply, detail: string): Answer {
  const messageId = messageIdOf(objectOf(bodyOf(reply))['id']);
  if (messageId === null) return { kind: 'unanswered', detail: `${detail} (no id in the answer)` };
  return { kind: 'accepted', messageId, detail };
}

export const detailOf = (reply: Reply): string => detailed(reply, saidIn(bodyOf(reply)));

/** The provider's own words. Those of a 401 are plain text. */
export function saidIn(body: unknown): string {
  const { message, Reason } = objectOf(body);
  return saidInReply(body, message, Reason);
}
