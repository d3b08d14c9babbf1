import { createHash, randomBytes } from 'node:crypto';
import type { Ms } from '../../core/time.ts';
import type { Failure } from './fates.ts';
import type { EventData, StoredMessage, World } from './world.ts';

const SENDING_IP = '198.51.100.7';

/** Above this many bytes Mailgun shows a sentence in place of the variables. */
const VARIABLES_SHOWN = 4096;

/** The parts that an event has beside its name, id and time. */
type EventParts = { [name: string]: unknown };

/** One event with the fields that live traffic has. */
const eventOf = (world: World, message: StoredMessage, name: string, at: Ms, parts: EventParts): EventData => ({
  event: name,
  // Unique within a day only, says Mailgun; 22 characters.
  id: randomBytes(16).toString('base64url'),
  timestamp: eventTime(world, at),
  'log-level': 'info',
  account: { id: createHash('sha256').update(world.options.signingKey).digest('hex').slice(0, 24) },
  domain: { name: message.domain },
  'api-key-id': createHash('sha256').update(world.options.apiKey).digest('hex').slice(0, 8),
  tags: message.tags,
  campaigns: [],
  'user-variables': shownVariables(message.variables),
  ...parts,
});

/** Seconds with a fraction that no other event of that millisecond has: life has no two events at one instant. */
const eventTime = (world: World, at: Ms): number => {
  const second = Math.floor(at / 1000);
  const fraction = Math.round((at % 1000) * 1000) + (nextOf(world, at) % 1000);
  return second + fraction / 1_000_000;
};

const counters = new WeakMap<World, Map<Ms, number>>();

const nextOf = (world: World, at: Ms): number => {
  const counts = counters.get(world) ?? new Map<Ms, number>();
  counters.set(world, counts);
  const count = counts.get(at) ?? 0;
  counts.set(at, count + 1);
  return count;
};

const shownVariables = (variables: Record<string, unknown>): unknown =>
  Buffer.byteLength(JSON.stringify(variables)) > VARIABLES_SHOWN
    ? 'Could not load user-variables: they are too large to be shown'
    : variables;

const recipientParts = (recipient: string): EventParts => {
  const domain = recipient.slice(recipient.lastIndexOf('@') + 1);
  return { recipient, 'recipient-domain': domain, 'recipient-provider': PROVIDERS[domain] ?? 'Other' };
};

const PROVIDERS: Record<string, string> = {
  'gmail.com': 'Gmail',
  'googlemail.com': 'Gmail',
  'outlook.com': 'Outlook',
  'hotmail.com': 'Outlook',
  'yahoo.com': 'Yahoo',
};

const messageParts = (message: StoredMessage, scheduledFor: Ms | null): EventParts => ({
  message: {
    headers: { ...message.headers, 'message-id': message.messageId },
    attachments: message.attachments,
    recipients: message.recipients,
    size: message.mime.length,
    ...(scheduledFor === null ? {} : { 'scheduled-for': Math.floor(scheduledFor / 1000) }),
  },
});

const storageParts = (world: World, message: StoredMessage): EventParts => ({
  storage: { url: storageUrl(world, message), key: message.key, region: 'us-east4', env: 'production' },
});

export const storageUrl = (world: World, message: StoredMessage): string =>
  `${world.storageOrigin}/v3/domains/${message.domain}/messages/${message.key}`;

const flags = (message: StoredMessage, more: EventParts = {}): EventParts => ({
  flags: {
    'is-authenticated': true,
    'is-routed': false,
    'is-big': false,
    'is-system-test': false,
    'is-test-mode': message.testMode,
    'is-delayed-bounce': false,
    ...more,
  },
});

/** Without `tried` there was no delivery attempt, and so no sending IP. */
const envelope = (message: StoredMessage, recipient: string, tried: boolean): EventParts => ({
  envelope: {
    sender: message.sender,
    targets: recipient,
    transport: 'smtp',
    ...(tried ? { 'sending-ip': SENDING_IP, 'sending-host': 'm198-51-100-7.sim.test' } : {}),
  },
});

const mxHost = (recipient: string): string => `mx.${recipient.slice(recipient.lastIndexOf('@') + 1)}`;

export const acceptedEvent = (
  world: World,
  message: StoredMessage,
  recipient: string,
  when: { at: Ms; scheduledFor: Ms | null },
): EventData =>
  eventOf(world, message, 'accepted', when.at, {
    method: 'HTTP',
    'originating-ip': '127.0.0.1',
    ...recipientParts(recipient),
    ...envelope(message, recipient, false),
    ...messageParts(message, when.scheduledFor),
    ...storageParts(world, message),
    ...flags(message),
  });

export const deliveredEvent = (
  world: World,
  message: StoredMessage,
  recipient: string,
  at: Ms,
  attempt: number,
): EventData =>
  eventOf(world, message, 'delivered', at, {
    'primary-dkim': `s1._domainkey.${message.domain}`,
    'i-delivery-optimizer': '',
    ...recipientParts(recipient),
    ...envelope(message, recipient, true),
    ...messageParts(message, null),
    ...storageParts(world, message),
    ...flags(message),
    'delivery-status': {
      code: 250,
      message: 'OK',
      description: '',
      'attempt-no': attempt,
      'session-seconds': 0.41,
      'first-delivery-attempt-seconds': 0.02,
      'mx-host': mxHost(recipient),
      tls: true,
      'certificate-verified': true,
      utf8: true,
    },
  });

export type FailedWith = { at: Ms; failure: Failure; attempt: number; retryAfter: Ms | null; delayed: boolean };

export const failedEvent = (world: World, message: StoredMessage, recipient: string, with_: FailedWith): EventData => {
  const { at, failure, delayed } = with_;
  const severity = failure.severity ?? 'permanent';
  return eventOf(world, message, 'failed', at, {
    'log-level': severity === 'permanent' ? 'error' : 'warn',
    severity,
    reason: failure.reason ?? (severity === 'permanent' ? 'bounce' : 'generic'),
    ...recipientParts(recipient),
    ...(delayed ? { envelope: {} } : envelope(message, recipient, !isSuppression(failure))),
    ...messageParts(message, null),
    ...storageParts(world, message),
    ...flags(message, { 'is-delayed-bounce': delayed }),
    'delivery-status': failedStatus(recipient, with_),
  });
};

const isSuppression = (failure: Failure): boolean => failure.reason?.startsWith('suppress-') ?? false;

const failedStatus = (recipient: string, { failure, attempt, retryAfter, delayed }: FailedWith): EventParts => {
  const status = {
    code: failure.code,
    message: failure.message,
    description: failure.description ?? '',
    ...(failure.enhanced === undefined ? {} : { 'enhanced-code': failure.enhanced }),
    ...(failure.lastCode === undefined ? {} : { 'last-code': failure.lastCode }),
    ...(failure.lastMessage === undefined ? {} : { 'last-message': failure.lastMessage }),
    'attempt-no': attempt,
  };
  if (isSuppression(failure)) return { ...status, 'session-seconds': 0.005 };
  return {
    ...status,
    ...(failure.bounceType === undefined ? {} : { 'bounce-type': failure.bounceType }),
    ...(delayed && failure.enhanced !== undefined ? { 'bounce-code': failure.enhanced } : {}),
    ...(retryAfter === null ? {} : { 'retry-seconds': Math.round(retryAfter / 1000) }),
    'session-seconds': 0.73,
    'first-delivery-attempt-seconds': 0.02,
    'mx-host': mxHost(recipient),
    tls: true,
    'certificate-verified': true,
    utf8: true,
  };
};

/** Names no recipient; only the Events and Logs APIs know of it. */
export const rejectedEvent = (world: World, message: StoredMessage, at: Ms): EventData =>
  eventOf(world, message, 'rejected', at, {
    'log-level': 'warn',
    reject: {
      reason: 'The message was refused before processing',
      description: 'sending is not allowed for this content',
    },
    ...messageParts(message, null),
    ...storageParts(world, message),
    ...flags(message),
  });

/** What the recipient did: of the message only its id, and no storage. */
export const engagementEvent = (
  world: World,
  message: StoredMessage,
  recipient: string,
  what: { name: 'opened' | 'clicked' | 'unsubscribed' | 'complained'; at: Ms },
): EventData =>
  eventOf(world, message, what.name, what.at, {
    ...recipientParts(recipient),
    message: { headers: { 'message-id': message.messageId } },
    ...(what.name === 'complained' ? { envelope: { 'sending-ip': SENDING_IP } } : BROWSER),
    ...(what.name === 'clicked' ? { url: 'https://app.example/link' } : {}),
    ...(what.name === 'unsubscribed' ? { storage: [] } : {}),
    ...flags(message),
  });

const BROWSER: EventParts = {
  ip: '203.0.113.9',
  geolocation: { country: 'CH', region: 'ZH', city: 'Zurich', timezone: 'Europe/Zurich' },
  'client-info': {
    'client-name': 'Firefox',
    'client-os': 'Linux',
    'client-type': 'browser',
    'device-type': 'desktop',
    'user-agent': 'Mozilla/5.0',
    bot: '',
  },
};
