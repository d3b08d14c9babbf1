import { sha256 } from '../../base/ids.ts';
import type { Bounce, Report, Sighting } from '../../core/sighting.ts';
import { MAX_LINE } from '../../mail/limits.ts';
import {
  addressNamed,
  enhancedCodeOf,
  exact,
  type Fields,
  isObject,
  messageIdOf,
  momentOf,
  objectOf,
  replyCodeOf,
  words,
} from '../common/fields.ts';
import { ownIdIn } from './tag.ts';

/**
 * MailerSend's names of events (developers.mailersend.com/api/v1/account/webhooks). A soft bounce is final as well: "your
 * email was not delivered because it soft bounced". What MailerSend is still trying is `deferred`, of which it tells on
 * paid plans alone. `suppressed` is a recipient on one of its lists, to whom nothing was sent.
 */
const REPORTS: ReadonlyMap<string, Report> = new Map([
  ['sent', 'accepted'],
  ['delivered', 'delivered'],
  ['soft_bounced', 'failed'],
  ['hard_bounced', 'failed'],
  ['suppressed', 'failed'],
  ['deferred', 'deferred'],
  ['opened', 'opened'],
  ['opened_unique', 'opened'],
  ['clicked', 'clicked'],
  ['clicked_unique', 'clicked'],
  ['unsubscribed', 'unsubscribed'],
  ['spam_complaint', 'complained'],
]);

const OF_MAIL = 'activity.';

/**
 * Reads a webhook; null for one that tells of no mail. Version 2 has all fields of a mail side by side; version 1, of which
 * MailerSend posts no more from December 2026 on, has them in `data.email`.
 */
export function readEvent(body: unknown): Sighting | null {
  const { type, created_at: postedAt, data: given } = objectOf(body);
  if (typeof type !== 'string' || !type.startsWith(OF_MAIL) || !isObject(given)) return null;
  const event = type.slice(OF_MAIL.length).slice(0, MAX_NAME);
  const mail = mailIn(given);
  const report = REPORTS.get(event) ?? 'other';
  const at = momentOf(given['created_at']) ?? momentOf(postedAt) ?? 0;
  const recipient = addressNamed(mail.recipient);
  const messageId = messageIdOf(mail.messageId);
  return {
    report,
    event,
    at,
    eventKey: sha256(JSON.stringify([exact(given['id'], MAX_NAME) ?? at, event, recipient, messageId])),
    // An id of theirs in place of its name.
    domain: null,
    recipient,
    list: null,
    inbound: false,
    messageId,
    homingId: ownIdIn(mail.tags),
    homingClass: null,
    homingKey: null,
    storage: null,
    from: words(mail.from, MAX_LINE),
    subject: words(mail.subject, MAX_LINE),
    tags: mail.tags.flatMap((tag) => words(tag, MAX_TAG) ?? []),
    template: null,
    sendingIp: null,
    recipientProvider: null,
    bounce: report === 'failed' || report === 'deferred' ? bounceOf(event, mail.why) : null,
  };
}

const MAX_NAME = 64;
/** Characters, by their documentation. */
const MAX_TAG = 191;
/** They take five. */
const MAX_TAGS = 20;

type Mail = Record<'recipient' | 'messageId' | 'from' | 'subject', unknown> & { tags: string[]; why: Fields };

function mailIn(data: Fields): Mail {
  const nested = objectOf(data['email']);
  const { subject, tags } = isObject(data['email']) ? nested : data;
  return {
    // Their reference names it `email`, and what they post `recipient`.
    recipient: objectOf(nested['recipient'])['email'] ?? data['recipient'] ?? data['email'],
    messageId: objectOf(nested['message'])['id'] ?? data['message_id'],
    from: nested['from'],
    subject,
    tags: Array.isArray(tags) ? tags.slice(0, MAX_TAGS).filter((tag): tag is string => typeof tag === 'string') : [],
    why: isObject(data['meta']) ? data['meta'] : objectOf(data['morph']),
  };
}

function bounceOf(event: string, why: Fields): Bounce {
  const reply = words(why['bounce_reason'], 2048) ?? words(why['reason'], 2048);
  const suppressed = words(why['suppression_reason'], MAX_NAME) ?? 'unknown';
  const isFinal = event === 'hard_bounced' || event === 'suppressed';
  return {
    code: replyCodeOf(why['bounce_code']),
    enhancedCode: enhancedCodeOf(why['bounce_code']),
    message: event === 'suppressed' ? `on the suppression list of MailerSend: ${suppressed}` : reply,
    description: null,
    severity: isFinal ? 'permanent' : 'temporary',
    reason: null,
    bounceType: event === 'hard_bounced' ? 'hard' : event === 'soft_bounced' ? 'soft' : null,
    mxHost: null,
    delayed: false,
  };
}
