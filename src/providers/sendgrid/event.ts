import { sha256 } from '../../base/ids.ts';
import type { Bounce, Report, Sighting } from '../../core/sighting.ts';
import { MAX_KEY } from '../../mail/limits.ts';
import {
  addressNamed,
  enhancedCodeOf,
  exact,
  type Fields,
  isObject,
  messageIdOf,
  momentOf,
  replyCodeOf,
  words,
} from '../common/fields.ts';

/** SendGrid's names of events ("Event Webhook Reference"). The others are about our account or about no delivery. */
const REPORTS: ReadonlyMap<string, Report> = new Map([
  ['processed', 'accepted'],
  ['deferred', 'deferred'],
  ['delivered', 'delivered'],
  ['bounce', 'failed'],
  ['dropped', 'failed'],
  ['open', 'opened'],
  ['click', 'clicked'],
  ['spamreport', 'complained'],
  ['unsubscribe', 'unsubscribed'],
  ['group_unsubscribe', 'unsubscribed'],
]);

/**
 * Reads one entry of what SendGrid posts. Null when it is no event: not an object, or without a name. Whatever else is
 * missing or malformed reads as null.
 */
export function readEvent(entry: unknown): Sighting | null {
  if (!isObject(entry)) return null;
  const event = typeof entry['event'] === 'string' ? words(entry['event'], 64) : null;
  if (event === null) return null;
  const report = reportOf(event, entry);
  return {
    report,
    event,
    at: momentOf(entry['timestamp']) ?? 0,
    eventKey: eventKeyOf(entry),
    // It names no domain: our id tells which message it is about.
    domain: null,
    recipient: addressNamed(entry['email']),
    list: null,
    inbound: false,
    messageId: idOf(entry['sg_message_id']) ?? messageIdOf(entry['smtp-id']),
    homingId: exact(entry['homing-id'], 128),
    homingClass: exact(entry['homing-class'], 32),
    homingKey: exact(entry['homing-key'], MAX_KEY),
    storage: null,
    from: null,
    subject: null,
    tags: [entry['category']]
      .flat()
      .flatMap((tag) => words(tag, 191) ?? [])
      .slice(0, 100),
    template: null,
    // Of who opens a mail it is that of the reader.
    sendingIp: OF_DELIVERY.has(report) ? words(entry['ip'], 64) : null,
    recipientProvider: null,
    bounce: report === 'failed' || report === 'deferred' ? bounceOf(entry, report) : null,
  };
}

const OF_DELIVERY: ReadonlySet<Report> = new Set(['deferred', 'delivered', 'failed']);

/** Apple's proxy opens every mail that it fetches, and SendGrid marks that. */
function reportOf(event: string, entry: Fields): Report {
  if (entry['sg_machine_open'] === true) return 'other';
  return REPORTS.get(event.toLowerCase()) ?? 'other';
}

/**
 * The id that was answered when the mail was handed over. Events add where it went (`.filter…`, of late `.recvd-…`). An
 * old id has dots of its own. Later bounces have none, but the Message-Id in `smtp-id`.
 */
function idOf(value: unknown): string | null {
  const id = exact(value, 255);
  return id && (/^(.+?)\.(?:filter|recvd)/.exec(id)?.[1] ?? exact(id.split('.')[0], 255));
}

/**
 * The same for the same event each time that it is posted. `sg_event_id` is meant for that, and has been seen to change when
 * a post is repeated (sendgrid-nodejs, issue 1435): it counts only where nothing tells which mail the event is about.
 */
function eventKeyOf(entry: Fields): string {
  const about = entry['sg_message_id'] ?? entry['smtp-id'] ?? entry['sg_event_id'];
  const { email, event, type, timestamp, attempt, url } = entry;
  return sha256(JSON.stringify([about, email, event, type, timestamp, attempt, url].map(plain)));
}

const plain = (value: unknown): unknown => (typeof value === 'object' ? null : value);

/**
 * A bounce of the type `blocked` puts the address on no list of SendGrid: what the server said tells whether another try is
 * worth it. Of what was dropped SendGrid itself gives the reason, and no server was asked.
 */
function bounceOf(entry: Fields, report: 'failed' | 'deferred'): Bounce {
  const said = words(entry['reason'], 2048) ?? words(entry['response'], 2048);
  return {
    code: replyCodeOf(/^\s*([2-9]\d\d)(?=[\s-]|$)/.exec(said ?? '')?.[1]),
    enhancedCode: enhancedCodeOf(entry['status']),
    message: said,
    description: null,
    severity: report === 'deferred' ? 'temporary' : 'permanent',
    reason: words(entry['type'], 64),
    bounceType: null,
    mxHost: null,
    delayed: false,
  };
}
