import { HOUR, MINUTE, type Ms } from '../../core/time.ts';
import { POOL } from './event-parts.ts';
import {
  type Attempt,
  acceptedEvent,
  deliveredEvent,
  engagementEvent,
  type FailedAttempt,
  failedEvent,
  rejectedEvent,
} from './events.ts';
import type { Aftermath, Failure, Outcome } from './fates.ts';
import { announce } from './webhooks.ts';
import {
  type EventData,
  type Flight,
  LISTS,
  type StoredMessage,
  type Suppression,
  type SuppressionList,
  suppressionsOf,
  type World,
} from './world.ts';

/** `deliverAt` is what was asked for; `honoured` says whether anybody will keep to it. */
export type Launch = { kind: 'send' | 'repost'; deliverAt: Ms | null; honoured: boolean };

/** Takes a message for its recipients and puts on the agenda what becomes of it. */
export function launch(world: World, message: StoredMessage, { kind, deliverAt, honoured }: Launch): void {
  const at = world.clock();
  const scheduledFor = honoured && deliverAt !== null && deliverAt > at ? deliverAt : null;
  const { domain, messageId, key: storageKey, variables, deliverWithin } = message;
  const giveUpAt = deliverWithin === null ? null : (scheduledFor ?? at) + deliverWithin;
  for (const recipient of message.recipients) {
    world.handovers.push({ at, kind, domain, messageId, storageKey, recipient, deliverAt, variables });
    begin({ world, message, recipient, ip: addressFor(world, kind), giveUpAt }, { at, scheduledFor });
  }
}

const addressFor = ({ handovers }: World, kind: Launch['kind']): string =>
  kind === 'send' ? POOL[0] : handovers.length % 2 === 0 ? POOL[1] : POOL[2];

function begin(flight: Flight, when: { at: Ms; scheduledFor: Ms | null }): void {
  const { world, message } = flight;
  const outcome = world.fates.take(flight.recipient);
  if (outcome === 'lost') return;
  if (outcome === 'reject') {
    emit(world, rejectedEvent(world, message, when.at), when.at);
    return;
  }
  emit(world, acceptedEvent(flight, when), when.at);
  if (outcome === 'silence') return;
  const due = (when.scheduledFor ?? when.at) + world.quirks.deliveryLatency;
  world.agenda.add(due, () => attempt(flight, outcome, { at: due, number: 1 }));
}

/** The suppression lists are checked when the mail goes out, not when it is taken. */
function attempt(flight: Flight, outcome: Outcome, now: Attempt): void {
  const suppressed = suppressionOf(flight);
  if (suppressed !== null) fail(flight, { ...now, failure: suppressed });
  else if (typeof outcome === 'string') deliver(flight, [], now);
  else if ('deliver' in outcome) deliver(flight, outcome.deliver, now);
  else if ('fail' in outcome) fail(flight, { ...now, failure: outcome.fail });
  else defer(flight, outcome, now);
}

const SUPPRESSED: Record<SuppressionList, Failure> = {
  bounces: { code: 605, message: 'Not delivering to previously bounced address', reason: 'suppress-bounce' },
  unsubscribes: { code: 606, message: 'Not delivering to unsubscribed address', reason: 'suppress-unsubscribe' },
  complaints: {
    code: 607,
    message: 'Not delivering to an address that marked us as spam',
    reason: 'suppress-complaint',
  },
};

function suppressionOf({ world, message, recipient }: Flight): Failure | null {
  const found = LISTS.find((list) => {
    const entry = suppressionsOf(world, message.domain, list).get(recipient.toLowerCase());
    return entry !== undefined && isAbout(entry, message);
  });
  return found === undefined ? null : SUPPRESSED[found];
}

/** `*` is for all mail; an unsubscription may be of some tags only. */
function isAbout({ tags }: Suppression, message: StoredMessage): boolean {
  return tags.includes('*') || tags.some((tag) => message.tags.includes(tag));
}

function deliver(flight: Flight, then: readonly Aftermath[], now: Attempt): void {
  const { world, message, recipient } = flight;
  const { messageId, mime, testMode } = message;
  if (!testMode) world.copies.push({ at: now.at, recipient, messageId, mime: mime.toString('utf8') });
  emit(world, deliveredEvent(flight, now), now.at);
  for (const what of then) world.agenda.add(now.at, () => follow(flight, what, now.at));
}

function follow(flight: Flight, what: Aftermath, at: Ms): void {
  if (typeof what !== 'string') {
    fail(flight, { at, number: 1, failure: what.delayedBounce, delayed: true });
    return;
  }
  if (what === 'unsubscribed') suppress(flight, 'unsubscribes', { at });
  if (what === 'complained') suppress(flight, 'complaints', { at });
  emit(flight.world, engagementEvent(flight, what, at), at);
}

function fail(flight: Flight, attempt: FailedAttempt): void {
  const { at, failure } = attempt;
  const isFinal = failure.severity !== 'temporary';
  if (isFinal && (failure.suppress ?? failure.bounceType === 'hard')) suppress(flight, 'bounces', { at, failure });
  emit(flight.world, failedEvent(flight, attempt), at);
}

type Deferral = Extract<Outcome, { defer: Failure }>;

/** Mailgun's own waits after temporary failures. */
const DEFERRALS: readonly Ms[] = [10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR];

function defer(flight: Flight, { defer, after, next }: Deferral, { at, number }: Attempt): void {
  const { world, giveUpAt } = flight;
  const retryAfter = after ?? world.quirks.deferDelay ?? DEFERRALS[number - 1] ?? 4 * HOUR;
  const failure = { ...defer, severity: 'temporary' as const };
  emit(world, failedEvent(flight, { at, number, failure, retryAfter }), at);
  if (next === 'silence') return;
  const due = at + retryAfter;
  if (giveUpAt !== null && due >= giveUpAt)
    world.agenda.add(giveUpAt, () => fail(flight, { at: giveUpAt, number, failure: tooOld(defer) }));
  else world.agenda.add(due, () => attempt(flight, next, { at: due, number: number + 1 }));
}

/** It has tried for as long as it may; the true cause stands beside. */
const tooOld = ({ code, message }: Failure): Failure => ({
  ...{ code: 602, message: 'Too old', reason: 'old', severity: 'permanent' },
  ...{ lastCode: code, lastMessage: message },
});

function suppress(
  { world, message, recipient }: Flight,
  list: SuppressionList,
  { at, failure }: { at: Ms; failure?: Failure },
): void {
  const address = recipient.toLowerCase();
  suppressionsOf(world, message.domain, list).set(address, {
    address,
    createdAt: at,
    code: String(failure?.code ?? ''),
    error: failure?.message ?? '',
    tags: ['*'],
  });
}

/** Files an event where the Events API finds it, and announces it. */
function emit(world: World, event: EventData, at: Ms): void {
  const { eventLag } = world.quirks;
  const lag = typeof eventLag === 'number' ? eventLag : eventLag(event);
  world.events.push({ visibleAt: at + lag, event });
  announce(world, event, at);
}
