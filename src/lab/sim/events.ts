import type { Ms } from '../../core/time.ts';
import {
  type EventParts,
  envelopeParts,
  eventOf,
  flagParts,
  messageParts,
  POOL,
  recipientParts,
  sessionParts,
} from './event-parts.ts';
import type { Engagement, Failure } from './fates.ts';
import type { EventData, Flight, StoredMessage, World } from './world.ts';

export function acceptedEvent(flight: Flight, when: { at: Ms; scheduledFor: Ms | null }): EventData {
  return eventOf(flight, 'accepted', when.at, {
    method: 'HTTP',
    'originating-ip': '127.0.0.1',
    ...recipientParts(flight.recipient),
    ...envelopeParts(flight, false),
    ...messageParts(flight.world, flight.message, when.scheduledFor),
    ...flagParts(flight.message),
  });
}

/** Mailgun's own attempts to deliver one hand-over are numbered from 1. */
export type Attempt = { at: Ms; number: number };

export function deliveredEvent(flight: Flight, attempt: Attempt): EventData {
  return eventOf(flight, 'delivered', attempt.at, {
    'primary-dkim': `s1._domainkey.${flight.message.domain}`,
    'i-delivery-optimizer': '',
    ...recipientParts(flight.recipient),
    ...envelopeParts(flight, true),
    ...messageParts(flight.world, flight.message),
    ...flagParts(flight.message),
    'delivery-status': {
      code: 250,
      message: 'OK',
      description: '',
      'attempt-no': attempt.number,
      ...sessionParts(flight.recipient, 0.41),
    },
  });
}

/** `retryAfter`: when Mailgun tries again by itself; `delayed`: the mail had counted as delivered. */
export type FailedAttempt = Attempt & { failure: Failure; retryAfter?: Ms; delayed?: boolean };

export function failedEvent(flight: Flight, attempt: FailedAttempt): EventData {
  const { at, failure, delayed = false } = attempt;
  const severity = failure.severity ?? 'permanent';
  return eventOf(flight, 'failed', at, {
    'log-level': severity === 'permanent' ? 'error' : 'warn',
    severity,
    reason: failure.reason ?? (severity === 'permanent' ? 'bounce' : 'generic'),
    ...recipientParts(flight.recipient),
    ...(delayed ? { envelope: {} } : envelopeParts(flight, !isSuppression(failure))),
    ...messageParts(flight.world, flight.message),
    ...flagParts(flight.message, delayed),
    'delivery-status': { ...failedStatus(flight, attempt), ...failedSession(flight.recipient, attempt) },
  });
}

/** The address was on a list, so nobody was asked to take the mail. */
function isSuppression(failure: Failure): boolean {
  return failure.reason?.startsWith('suppress-') ?? false;
}

/** A server names the address that it refuses. */
function failedStatus({ ip }: Flight, { failure, number }: FailedAttempt): EventParts {
  return {
    code: failure.code,
    message: failure.message.replaceAll(POOL[0], ip),
    description: failure.description ?? '',
    ...optional('enhanced-code', failure.enhanced),
    ...optional('last-code', failure.lastCode),
    ...optional('last-message', failure.lastMessage),
    'attempt-no': number,
  };
}

function failedSession(recipient: string, { failure, retryAfter, delayed = false }: FailedAttempt): EventParts {
  if (isSuppression(failure)) return { 'session-seconds': 0.005 };
  return {
    ...optional('bounce-type', failure.bounceType),
    ...optional('bounce-code', delayed ? failure.enhanced : undefined),
    ...optional('retry-seconds', retryAfter === undefined ? undefined : Math.round(retryAfter / 1000)),
    ...sessionParts(recipient, 0.73),
  };
}

const optional = (name: string, value: unknown): EventParts => (value === undefined ? {} : { [name]: value });

/** Names no recipient; only the Events and Logs APIs know of it. */
export function rejectedEvent(world: World, message: StoredMessage, at: Ms): EventData {
  return eventOf({ world, message }, 'rejected', at, {
    'log-level': 'warn',
    reject: {
      reason: 'The message was refused before processing',
      description: 'sending is not allowed for this content',
    },
    ...messageParts(world, message),
    ...flagParts(message),
  });
}

/** What the recipient did: of the message only its id, and no storage. */
export function engagementEvent(flight: Flight, name: Engagement, at: Ms): EventData {
  return eventOf(flight, name, at, {
    ...recipientParts(flight.recipient),
    message: { headers: { 'message-id': flight.message.messageId } },
    ...(name === 'complained' ? { envelope: { 'sending-ip': flight.ip } } : BROWSER),
    ...(name === 'clicked' ? { url: 'https://app.example/link' } : {}),
    ...(name === 'unsubscribed' ? { storage: [] } : {}),
    ...flagParts(flight.message),
  });
}

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
