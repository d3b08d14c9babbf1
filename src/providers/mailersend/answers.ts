import type { Answer, Refusal } from '../../core/answer.ts';
import { MINUTE, type Ms } from '../../core/time.ts';
import { refusalOf } from '../../mail/refusal.ts';
import type { Exchanged } from '../common/exchange.ts';
import { exact, objectOf } from '../common/fields.ts';
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
 * What an exchange means for the mail that was handed over. MailerSend has no key against doubles, so whatever is not
 * certain is `unanswered`. Where the rules come from: developers.mailersend.com/general (statuses, codes of errors) and
 * /guides/handling-maintenance-modes.
 */
export function answerTo(exchanged: Exchanged): Answer {
  if (exchanged.kind === 'silence') return answerToSilence(exchanged);
  const { status } = exchanged;
  const detail = detailOf(exchanged);
  if (status === 202) return acceptedBy(exchanged, detail);
  const wait = waitIn(exchanged, detail);
  if (wait !== null) return { kind: 'refused', why: 'busy', detail, retryAfter: wait };
  if (isAnswerOfEdge(exchanged)) return { kind: 'refused', why: 'busy', detail: `not sent: ${detail}` };
  const why = whyRefused(status, detail);
  if (why === null) return { kind: 'unanswered', detail };
  if (why === 'invalid' && !isData(exchanged)) return { kind: 'refused', why: 'busy', detail: `not sent: ${detail}` };
  return { kind: 'refused', why, detail };
}

/** Where nothing is said of it, maintenance is looked after once a minute. */
const MAINTENANCE: Ms = MINUTE;

/**
 * How long to wait after an answer that says "later": 429 for the limits of the account, and 421 for maintenance. A 503
 * is one where it says so; any other may have come after the mail was taken.
 */
function waitIn(reply: Reply, detail: string): Ms | null {
  const { status, headers } = reply;
  const saysLater =
    status === 503 && (headers['retry-after'] !== undefined || /maintenance|try again later/i.test(detail));
  if (status === 421 || saysLater) return retryAfter(reply, detail) ?? MAINTENANCE;
  return status === 429 ? retryAfter(reply, detail) : null;
}

/**
 * Codes of a 422 that are about the account and not about the mail: quotas, a sender that is not verified, what the plan
 * does not have. Another provider may take it.
 */
const OF_ACCOUNT = /#MS422(?:04|07|16|22|23|25|26)\b/;

const whyRefused = (status: number, detail: string): Refusal | null =>
  OF_ACCOUNT.test(detail) ? 'account' : refusalOf(status, detail, 'send');

/**
 * The id is in a header, so a body that breaks off does no harm; it is empty unless there are warnings. Where all
 * recipients are on a suppression list there is no id, and nothing is sent. Without either nobody knows.
 */
function acceptedBy(reply: Reply, detail: string): Answer {
  const messageId = exact(reply.headers['x-message-id'], LONGEST_ID);
  const isPaused = String(reply.headers['x-send-paused']).toLowerCase() === 'true';
  if (messageId !== null)
    return { kind: 'accepted', messageId, detail: isPaused ? `${detail} (sending is paused for this domain)` : detail };
  const isSuppressed = warningsIn(reply).some(({ type }) => type === 'ALL_SUPPRESSED');
  if (isSuppressed)
    return { kind: 'refused', why: 'permanent', detail: `${detail} (the recipient is suppressed there)` };
  return { kind: 'unanswered', detail: `${detail} (no id in the answer)` };
}

/** Their ids have 24 digits. */
const LONGEST_ID = 128;

function warningsIn(reply: Reply): { type: unknown; warning: unknown }[] {
  const { warnings } = objectOf(bodyOf(reply));
  return Array.isArray(warnings) ? warnings.map(objectOf).map(({ type, warning }) => ({ type, warning })) : [];
}

/** `{ message, errors: { field: ["words #MS42207"] } }`: what is said of the fields tells most. */
export function detailOf(reply: Reply): string {
  const body = bodyOf(reply);
  const { message, errors } = objectOf(body);
  const ofFields = Object.values(objectOf(errors))
    .flat()
    .filter((text) => typeof text === 'string');
  const [warning] = warningsIn(reply);
  const isEmpty = body === '' && reply.status === 202;
  return detailed(reply, saidIn(body, ofFields.join(' '), message, warning?.warning, isEmpty ? 'queued' : null));
}
