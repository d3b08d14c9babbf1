// The blocks that events are made of, with the fields that live traffic has.
import { createHash, randomBytes } from 'node:crypto';
import { domainOf } from '../../core/address.ts';
import type { Ms } from '../../core/time.ts';
import type { EventData, Flight, StoredMessage, World } from './world.ts';

export type EventParts = { [name: string]: unknown };

/** What is sent for the first time leaves from the first address of the pool, and a re-post from one of the others. */
export const POOL = ['198.51.100.7', '198.51.100.18', '198.51.100.31'] as const;

/** Above this many bytes Mailgun shows a sentence in place of the variables. */
const VARIABLES_SHOWN = 4096;

/** What every event has, and the parts that this one has beside it. */
export function eventOf(
  { world, message }: Pick<Flight, 'world' | 'message'>,
  event: string,
  at: Ms,
  parts: EventParts,
): EventData {
  return {
    event,
    // Unique within a day only, says Mailgun; 22 characters.
    id: randomBytes(16).toString('base64url'),
    timestamp: timestampAt(world, at),
    'log-level': 'info',
    account: { id: digestOf(world.options.signingKey).slice(0, 24) },
    domain: { name: message.domain },
    'api-key-id': digestOf(world.options.apiKey).slice(0, 8),
    tags: message.tags,
    campaigns: [],
    'user-variables': shownVariables(message.variables),
    ...parts,
  };
}

/**
 * Seconds with a fraction that no other event of the millisecond has, because real events never have the very same
 * time.
 */
function timestampAt(world: World, at: Ms): number {
  const before = world.eventsAt.get(at) ?? 0;
  world.eventsAt.set(at, before + 1);
  const fraction = Math.round((at % 1000) * 1000) + (before % 1000);
  return Math.floor(at / 1000) + fraction / 1_000_000;
}

function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

function shownVariables(variables: Record<string, unknown>): unknown {
  return Buffer.byteLength(JSON.stringify(variables)) > VARIABLES_SHOWN
    ? 'Could not load user-variables: they are too large to be shown'
    : variables;
}

const PROVIDERS: Record<string, string> = {
  'gmail.com': 'Gmail',
  'googlemail.com': 'Gmail',
  'outlook.com': 'Outlook',
  'hotmail.com': 'Outlook',
  'yahoo.com': 'Yahoo',
};

export function recipientParts(recipient: string): EventParts {
  const domain = recipient.slice(recipient.lastIndexOf('@') + 1);
  return { recipient, 'recipient-domain': domain, 'recipient-provider': PROVIDERS[domainOf(recipient)] ?? 'Other' };
}

/** The whole message and where it is stored: what all but engagement events tell. */
export function messageParts(world: World, message: StoredMessage, scheduledFor: Ms | null = null): EventParts {
  return {
    message: {
      headers: { ...message.headers, 'message-id': message.messageId },
      attachments: message.attachments,
      recipients: message.recipients,
      size: message.mime.length,
      ...(scheduledFor === null ? {} : { 'scheduled-for': Math.floor(scheduledFor / 1000) }),
    },
    storage: { url: storageUrl(world, message), key: message.key, region: 'us-east4', env: 'production' },
  };
}

export function storageUrl(world: World, message: StoredMessage): string {
  return `${world.storageOrigin}/v3/domains/${message.domain}/messages/${message.key}`;
}

export function flagParts(message: StoredMessage, isDelayedBounce = false): EventParts {
  return {
    flags: {
      'is-authenticated': true,
      'is-routed': false,
      'is-big': false,
      'is-system-test': false,
      'is-test-mode': message.testMode,
      'is-delayed-bounce': isDelayedBounce,
    },
  };
}

/** Without a delivery attempt there is no sending IP. */
export function envelopeParts({ message, recipient, ip: from }: Flight, wasTried: boolean): EventParts {
  const sender = { sender: message.sender, targets: recipient, transport: 'smtp' };
  const ip = { 'sending-ip': from, 'sending-host': `m${from.replaceAll('.', '-')}.sim.test` };
  return { envelope: wasTried ? { ...sender, ...ip } : sender };
}

/** What is known of the talk with the recipient's server, when there was one. */
export function sessionParts(recipient: string, seconds: number): EventParts {
  return {
    'session-seconds': seconds,
    'first-delivery-attempt-seconds': 0.02,
    'mx-host': `mx.${recipient.slice(recipient.lastIndexOf('@') + 1)}`,
    tls: true,
    'certificate-verified': true,
    utf8: true,
  };
}
