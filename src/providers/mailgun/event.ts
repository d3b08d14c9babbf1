import { sha256 } from '../../base/ids.ts';
import { asciiLower, domainOf } from '../../core/address.ts';
import type { Bounce, Report, Sighting, Storage } from '../../core/sighting.ts';
import type { Ms } from '../../core/time.ts';
import { MAX_KEY, MAX_LINE } from '../../mail/limits.ts';
import { authorIn } from '../../mail/recipients.ts';
import { unquoted } from '../../mail/variable.ts';
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

/** Mailgun's names of events. `failed` alone does not tell: its severity does. */
const REPORTS: ReadonlyMap<string, Report> = new Map([
  ['accepted', 'accepted'],
  ['delivered', 'delivered'],
  ['opened', 'opened'],
  ['clicked', 'clicked'],
  ['unsubscribed', 'unsubscribed'],
  ['complained', 'complained'],
  ['rejected', 'rejected'],
  // These are names of subscriptions and no real events, but some imitations of Mailgun use them as such.
  ['permanent_fail', 'failed'],
  ['temporary_fail', 'deferred'],
  // From before 2018.
  ['bounced', 'failed'],
  ['dropped', 'failed'],
]);

export type Hints = {
  /** The domain that was asked about. */
  domain?: string;
  /** When it was signed or received, for an event that carries no time at all. */
  at?: Ms;
};

/**
 * Reads one event of any source: a webhook's `event-data`, an item of the Events API or of the Logs API. Null when it is
 * no event: not an object, or without a name. Whatever else is missing or malformed reads as null.
 */
export function readEvent(body: unknown, hints: Hints = {}): Sighting | null {
  if (!isObject(body)) return null;
  const event = typeof body['event'] === 'string' ? words(body['event'], 64) : null;
  if (event === null) return null;
  const headers = objectOf(objectOf(body['message'])['headers']);
  const storage = storageOf(body['storage']);
  const report = reportOf(event, body);
  const name = exact(objectOf(body['domain'])['name'], 253) ?? domainIn(storage) ?? hints.domain ?? null;
  const parts: Identity = {
    id: body['id'],
    event,
    at: momentOf(body['timestamp']) ?? momentOf(body['@timestamp']) ?? hints.at ?? 0,
    domain: name === null ? null : asciiLower(name),
    recipient: addressNamed(body['recipient']),
    messageId: messageIdOf(headers['message-id'] ?? headers['Message-Id'] ?? body['message-id']),
  };
  return {
    report,
    event,
    at: parts.at,
    eventKey: eventKey(parts),
    domain: parts.domain,
    recipient: parts.recipient,
    list: listIn(body),
    inbound: isInbound(body, parts.domain),
    messageId: parts.messageId,
    ...ownVariables(body['user-variables']),
    storage,
    from: words(headers['from'], MAX_LINE),
    subject: words(headers['subject'], MAX_LINE),
    tags: listOf(body['tags']).flatMap((tag) => words(tag, MAX_TAG) ?? []),
    template: words(objectOf(body['template'])['name'], MAX_LINE),
    sendingIp: words(objectOf(body['envelope'])['sending-ip'], 64),
    recipientProvider: words(body['recipient-provider'], 191),
    bounce: FAILURES.has(report) ? bounceOf(body) : null,
  };
}

/** Characters; Mailgun takes 128. */
const MAX_TAG = 191;
const MAX_TAGS = 100;
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value.slice(0, MAX_TAGS) : []);

const FAILURES: ReadonlySet<Report> = new Set(['failed', 'deferred', 'rejected']);

function reportOf(event: string, body: Fields): Report {
  const name = event.toLowerCase();
  // Mail that came in through a route of Mailgun is not mail that we sent.
  if (name === 'accepted' && objectOf(body['flags'])['is-routed'] === true) return 'other';
  if (SEEN.has(name) && isByMachine(body)) return 'other';
  if (name !== 'failed') return REPORTS.get(name) ?? 'other';
  const status = objectOf(body['delivery-status']);
  const retrying = Number(status['retry-seconds']) > 0;
  const bounce = bounceOf(body);
  // The last of Mailgun's own tries may still be called temporary.
  if (bounce.reason === 'old' && !retrying) return 'failed';
  if (bounce.severity !== null) return bounce.severity === 'permanent' ? 'failed' : 'deferred';
  return retrying || mayBeRetried(bounce.code) ? 'deferred' : 'failed';
}

/** An object with the address, or in forwarded and rebuilt events the address alone. */
function listIn(body: Fields): string | null {
  const list = body['mailing-list'];
  return addressNamed(typeof list === 'string' ? list : objectOf(list)['address']);
}

/**
 * Whether mail came in: by a route, or to the domain from somebody else's. Mailgun tells of it under the names of sent
 * mail, and its flag may be missing.
 */
function isInbound(body: Fields, domain: string | null): boolean {
  if (objectOf(body['flags'])['is-routed'] === true) return true;
  if (Array.isArray(body['routes']) && body['routes'].length > 0) return true;
  const to = addressNamed(body['recipient']);
  if (domain === null || to === null || domainOf(to) !== domain) return false;
  const from = words(objectOf(objectOf(body['message'])['headers'])['from'], MAX_LINE);
  const author = from === null ? null : authorIn(from);
  return author !== null && !isRelated(domainOf(author), domain);
}

/** One is below the other, as mg.example.com is below example.com. */
const isRelated = (one: string, other: string): boolean =>
  one === other || one.endsWith(`.${other}`) || other.endsWith(`.${one}`);

const SEEN: ReadonlySet<string> = new Set(['opened', 'clicked']);

/** Whether Mailgun took whoever opened the mail or followed a link for a machine: "generic", "apple", "gmail". */
function isByMachine(body: Fields): boolean {
  const bot = objectOf(body['client-info'])['bot'];
  return typeof bot === 'string' ? bot !== '' : bot === true;
}

/**
 * Items of the Logs API may lack the severity, so it is told from the code. After a 4xx, or trouble of its own (680),
 * Mailgun goes on trying. A 5xx, "too old" (602), a suppression (605 to 607) and a poor list (625) are final. In doubt
 * Mailgun is taken to be trying: a re-post meanwhile would be a double.
 */
const FINAL_OF_ITS_OWN: ReadonlySet<number> = new Set([602, 605, 606, 607, 625]);
const mayBeRetried = (code: number | null): boolean =>
  code !== null && (code < 500 || (code >= 600 && !FINAL_OF_ITS_OWN.has(code)));

function bounceOf(body: Fields): Bounce {
  const status = objectOf(body['delivery-status']);
  const reject = objectOf(body['reject']);
  const severity = typeof body['severity'] === 'string' ? body['severity'].toLowerCase() : null;
  const isDelayed = (flags: Fields) => flags['is-delayed-bounce'] === true;
  return {
    code: replyCodeOf(status['code']),
    enhancedCode:
      enhancedCodeOf(status['enhanced-code']) ??
      enhancedCodeOf(status['bounce-code']) ??
      enhancedCodeOf(status['code']),
    message: words(status['message'], 2048) ?? words(reject['reason'], 2048),
    description: words(describe(status), 2048) ?? words(reject['description'], 2048),
    severity: severity === 'permanent' || severity === 'temporary' ? severity : null,
    reason: words(body['reason'], 64),
    bounceType: words(status['bounce-type'], 32),
    mxHost: words(status['mx-host'] ?? status['mxhost'], 253),
    delayed: isDelayed(objectOf(body['flags'])) || isDelayed(status),
  };
}

/** When Mailgun gave up with "Too old", the real cause is in `last-code` and `last-message`. */
function describe(status: Fields): string | null {
  const description = words(status['description'], 2048);
  const last = words(status['last-message'], 1024);
  if (last === null || last === status['message']) return description;
  const code = replyCodeOf(status['last-code']);
  const cause = code === null || last.startsWith(String(code)) ? last : `${code} ${last}`;
  return description === null ? cause : `${description}\n${cause}`;
}

/** The URL is a list in the Logs API; `storage` itself is an empty list on some events. */
function storageOf(value: unknown): Storage | null {
  const { url, key } = objectOf(value);
  const first: unknown = Array.isArray(url) ? url[0] : url;
  const text = typeof first === 'string' ? exact(first, 2048) : null;
  return text === null ? null : { url: text, key: typeof key === 'string' ? exact(key, 512) : null };
}

function domainIn(storage: Storage | null): string | null {
  return storage?.url.match(/\/v[23]\/domains\/([A-Za-z0-9.-]{1,253})\/messages\//)?.[1] ?? null;
}

type OwnVariables = Pick<Sighting, 'homingId' | 'homingClass' | 'homingKey'>;

/**
 * Our own variables among those of the application. Mailgun writes them as an object, as JSON text, as [] or as a
 * sentence that they were too long.
 */
export function ownVariables(value: unknown): OwnVariables {
  const variables = objectOf(typeof value === 'string' ? parsed(value) : value);
  return {
    homingId: ownText(variables['homing-id'], 128),
    homingClass: ownText(variables['homing-class'], 32),
    homingKey: ownText(variables['homing-key'], MAX_KEY),
  };
}

const ownText = (value: unknown, max: number): string | null =>
  exact(typeof value === 'string' ? unquoted(value) : value, max);

function parsed(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null; // Mailgun cuts it at 4 KB: then it can not be read.
  }
}

export type Identity = {
  id: unknown;
  event: string;
  at: Ms;
  domain: string | null;
  recipient: string | null;
  messageId: string | null;
};

/**
 * Made of several fields, because Mailgun's ids are unique within a day only, and test events of its dashboard always
 * use the same ones.
 */
export function eventKey({ id, event, at, domain, recipient, messageId }: Identity): string {
  const known = typeof id === 'string' && id !== '' ? { id } : { messageId };
  return sha256(JSON.stringify([domain, known, event, recipient, at]));
}
