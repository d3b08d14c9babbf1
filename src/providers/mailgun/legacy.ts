import { asciiLower } from '../../core/address.ts';
import type { Bounce, Report, Sighting } from '../../core/sighting.ts';
import { MAX_LINE } from '../../mail/limits.ts';
import {
  addressNamed,
  enhancedCodeOf,
  exact,
  messageIdOf,
  momentOf,
  objectOf,
  replyCodeOf,
  words,
} from '../common/fields.ts';
import { eventKey, ownVariables } from './event.ts';

/** Names of the webhooks from before 2018. Both failures are final: there was no name for a temporary one. */
const REPORTS: ReadonlyMap<string, Report> = new Map([
  ['delivered', 'delivered'],
  ['dropped', 'failed'],
  ['bounced', 'failed'],
  ['complained', 'complained'],
  ['opened', 'opened'],
  ['clicked', 'clicked'],
  ['unsubscribed', 'unsubscribed'],
]);

type Form = Readonly<Record<string, string>>;

/** Reads the fields of a legacy webhook; null when they name no event. */
export function readLegacy(fields: Form | URLSearchParams): Sighting | null {
  const form: Form = fields instanceof URLSearchParams ? formOf(fields) : fields;
  const event = words(form['event'], 64);
  if (event === null) return null;
  const report = REPORTS.get(event.toLowerCase()) ?? 'other';
  const headers = headersOf(form['message-headers']);
  const domain = exact(form['domain'], 253);
  const url = exact(form['message-url'], 2048);
  const parts = {
    id: null,
    event,
    at: momentOf(form['timestamp']) ?? 0,
    domain: domain === null ? null : asciiLower(domain),
    recipient: addressNamed(form['recipient']),
    messageId: messageIdOf(form['Message-Id'] ?? form['message-id'] ?? headers.get('message-id')),
  };
  const { id: _none, ...known } = parts;
  return {
    ...known,
    list: null,
    inbound: false,
    report,
    eventKey: eventKey(parts),
    ...variablesOf(form, headers),
    // Of a stored message, not of a delivery; kept all the same.
    storage: url === null ? null : { url, key: null },
    from: words(headers.get('from'), MAX_LINE),
    subject: words(headers.get('subject'), MAX_LINE),
    tags: [],
    template: null,
    sendingIp: null,
    recipientProvider: null,
    bounce: report === 'failed' ? bounceOf(form, event) : null,
  };
}

const SIGNATURE: ReadonlySet<string> = new Set(['timestamp', 'token', 'signature']);

/**
 * The application's variables lie among Mailgun's own fields. One of the same name comes after Mailgun's, but before the
 * signature, which is added at the end. Without a prototype, so that no name means anything to us.
 */
export function formOf(pairs: Iterable<readonly [string, string]>): Form {
  const form: Record<string, string> = Object.create(null);
  for (const [name, value] of pairs) if (SIGNATURE.has(name) || !(name in form)) form[name] = value;
  return form;
}

function bounceOf(form: Form, event: string): Bounce {
  return {
    code: replyCodeOf(form['code']),
    enhancedCode: enhancedCodeOf(form['code']),
    message: words(form['error'], 2048) ?? words(form['description'], 2048),
    description: words(form['notification'], 2048) ?? words(form['description'], 2048),
    severity: 'permanent',
    reason: words(form['reason'], 64) ?? (event === 'bounced' ? 'bounce' : null),
    bounceType: null,
    mxHost: null,
    delayed: false,
  };
}

/** JSON text of pairs. */
function headersOf(text: string | undefined): Map<string, unknown> {
  const headers = new Map<string, unknown>();
  const list = text === undefined ? null : jsonOf(text);
  if (!Array.isArray(list)) return headers;
  for (const pair of list as unknown[]) {
    if (Array.isArray(pair) && typeof pair[0] === 'string') headers.set(pair[0].toLowerCase(), pair[1]);
  }
  return headers;
}

function variablesOf(form: Form, headers: Map<string, unknown>): ReturnType<typeof ownVariables> {
  const inMail = headers.get('x-mailgun-variables');
  const carried = objectOf(typeof inMail === 'string' ? jsonOf(inMail) : null);
  const pick = (name: string) => form[name] ?? carried[name];
  return ownVariables({
    'homing-id': pick('homing-id'),
    'homing-class': pick('homing-class'),
    'homing-key': pick('homing-key'),
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // The field was cut or damaged; the rest of the form can still be used.
  }
}
