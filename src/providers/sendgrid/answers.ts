import type { Answer } from '../../core/answer.ts';
import { refusalOf } from '../../mail/refusal.ts';
import type { Exchanged } from '../common/exchange.ts';
import { exact, objectOf, words } from '../common/fields.ts';
import {
  answerToSilence,
  bodyOf,
  detailed,
  isAnswerOfEdge,
  isData,
  type Reply,
  retryAfter,
  saidIn,
} from '../common/reply.ts';

/**
 * What an exchange means for the mail that was handed over. 202 is the only answer by which SendGrid takes a mail; after a
 * 5xx or 408, or half an answer, nobody knows. 401 is also said of an account that has no more credits ("Maximum credits
 * exceeded"), and 403 of a sender that is not verified: of this account, and not of the mail.
 */
export function answerTo(exchanged: Exchanged): Answer {
  if (exchanged.kind === 'silence') return answerToSilence(exchanged);
  const { status, whole } = exchanged;
  const detail = detailOf(exchanged);
  if (status === 202 && whole) return acceptedBy(exchanged, detail);
  if (isAnswerOfEdge(exchanged)) return { kind: 'refused', why: 'busy', detail: `not sent: ${detail}` };
  const why = refusalOf(status, detail, 'send');
  if (why === null) return { kind: 'unanswered', detail };
  if (why === 'invalid' && isOfProxy(exchanged)) return { kind: 'refused', why: 'busy', detail: `not sent: ${detail}` };
  const wait = why === 'busy' ? retryAfter(exchanged, detail) : null;
  return { kind: 'refused', why, detail, ...(wait === null ? {} : { retryAfter: wait }) };
}

/** SendGrid says in JSON what is wrong with a mail: a page that calls it invalid is that of a proxy. 413 has no JSON. */
const isOfProxy = (reply: Reply): boolean => reply.status !== 413 && !isData(reply);

/** Events carry this id with a suffix. An answer without one is none of SendGrid's. */
function acceptedBy({ headers }: Reply, detail: string): Answer {
  const messageId = exact(headers['x-message-id'], 255);
  if (messageId === null) return { kind: 'unanswered', detail: `${detail} (no X-Message-Id in the answer)` };
  return { kind: 'accepted', messageId, detail };
}

/** The status, and what is said in `{"errors": [{"message": …, "field": …}]}`. */
export function detailOf(reply: Reply): string {
  const body = bodyOf(reply);
  const { errors } = objectOf(body);
  const said = (Array.isArray(errors) ? errors : []).slice(0, 3).flatMap((error: unknown) => {
    const { message, field } = objectOf(error);
    const [text, where] = [words(message, 300), words(field, 80)];
    return text === null ? [] : [where === null ? text : `${text} (${where})`];
  });
  return detailed(reply, reply.status === 202 ? 'accepted' : saidIn(body, said.join('; ')));
}
