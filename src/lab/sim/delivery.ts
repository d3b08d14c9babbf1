import type { Ms } from '../../core/time.ts';
import { acceptedEvent, deliveredEvent, engagementEvent, failedEvent, rejectedEvent } from './events.ts';
import type { Aftermath, Failure, Outcome } from './fates.ts';
import { announce } from './webhooks.ts';
import { type EventData, type StoredMessage, type SuppressionList, suppressionsOf, type World } from './world.ts';

/** One message on its way to one recipient. */
type Flight = { message: StoredMessage; recipient: string };

/**
 * Takes a message for its recipients and puts on the agenda what becomes of it. `deliverAt` is what was asked for;
 * `honoured` says whether anybody will keep to it.
 */
export const handOver = (
  world: World,
  message: StoredMessage,
  how: { kind: 'send' | 'repost'; deliverAt: Ms | null; honoured: boolean },
): void => {
  const at = world.clock();
  const scheduledFor = how.honoured && how.deliverAt !== null && how.deliverAt > at ? how.deliverAt : null;
  for (const recipient of message.recipients) {
    world.handovers.push({
      at,
      kind: how.kind,
      domain: message.domain,
      messageId: message.messageId,
      storageKey: message.key,
      recipient,
      deliverAt: how.deliverAt,
      variables: message.variables,
    });
    begin(world, { message, recipient }, { at, scheduledFor });
  }
};

const begin = (world: World, { message, recipient }: Flight, when: { at: Ms; scheduledFor: Ms | null }): void => {
  const outcome = world.fates.take(recipient);
  if (outcome === 'lost') return;
  if (outcome === 'reject') {
    emit(world, message.domain, rejectedEvent(world, message, when.at), when.at);
    return;
  }
  emit(world, message.domain, acceptedEvent(world, message, recipient, when), when.at);
  if (outcome === 'silence') return;
  const due = (when.scheduledFor ?? when.at) + world.quirks.deliveryLatency;
  world.agenda.add(due, () => attempt(world, { message, recipient }, outcome, { at: due, number: 1 }));
};

/** The list is looked up when the mail goes out, not when it is taken. */
const attempt = (world: World, flight: Flight, outcome: Outcome, now: { at: Ms; number: number }): void => {
  const suppressed = suppressionOf(world, flight);
  if (suppressed !== null) fail(world, flight, suppressed, now);
  else if (typeof outcome === 'string') deliver(world, flight, [], now);
  else if ('deliver' in outcome) deliver(world, flight, outcome.deliver, now);
  else if ('fail' in outcome) fail(world, flight, outcome.fail, now);
  else defer(world, flight, outcome, now);
};

const SUPPRESSED: Record<SuppressionList, Failure> = {
  bounces: { code: 605, message: 'Not delivering to previously bounced address', reason: 'suppress-bounce' },
  unsubscribes: { code: 606, message: 'Not delivering to unsubscribed address', reason: 'suppress-unsubscribe' },
  complaints: {
    code: 607,
    message: 'Not delivering to an address that marked us as spam',
    reason: 'suppress-complaint',
  },
};

const suppressionOf = (world: World, { message, recipient }: Flight): Failure | null => {
  for (const list of ['bounces', 'unsubscribes', 'complaints'] as const) {
    if (suppressionsOf(world, message.domain, list).has(recipient.toLowerCase())) return SUPPRESSED[list];
  }
  return null;
};

const deliver = (world: World, flight: Flight, then: Aftermath[], now: { at: Ms; number: number }): void => {
  const { message, recipient } = flight;
  if (!message.testMode) {
    world.copies.push({ at: now.at, recipient, messageId: message.messageId, mime: message.mime.toString('utf8') });
  }
  emit(world, message.domain, deliveredEvent(world, message, recipient, now.at, now.number), now.at);
  for (const what of then) world.agenda.add(now.at, () => follow(world, flight, what, now.at));
};

const follow = (world: World, flight: Flight, what: Aftermath, at: Ms): void => {
  const { message, recipient } = flight;
  if (typeof what !== 'string') {
    fail(world, flight, what.delayedBounce, { at, number: 1, delayed: true });
    return;
  }
  if (what === 'unsubscribed') list(world, flight, 'unsubscribes', null, at);
  if (what === 'complained') list(world, flight, 'complaints', null, at);
  emit(world, message.domain, engagementEvent(world, message, recipient, { name: what, at }), at);
};

const fail = (
  world: World,
  flight: Flight,
  failure: Failure,
  now: { at: Ms; number: number; delayed?: boolean },
): void => {
  const { message, recipient } = flight;
  const permanent = failure.severity !== 'temporary';
  if (permanent && (failure.suppress ?? failure.bounceType === 'hard')) list(world, flight, 'bounces', failure, now.at);
  const told = { at: now.at, failure, attempt: now.number, retryAfter: null, delayed: now.delayed ?? false };
  emit(world, message.domain, failedEvent(world, message, recipient, told), now.at);
};

const defer = (
  world: World,
  flight: Flight,
  { defer: failure, after, next }: Extract<Outcome, { defer: Failure }>,
  now: { at: Ms; number: number },
): void => {
  const wait = after ?? world.quirks.deferDelay;
  const told = {
    at: now.at,
    failure: { ...failure, severity: 'temporary' as const },
    attempt: now.number,
    retryAfter: wait,
  };
  const event = failedEvent(world, flight.message, flight.recipient, { ...told, delayed: false });
  emit(world, flight.message.domain, event, now.at);
  if (next === 'silence') return;
  const due = now.at + wait;
  world.agenda.add(due, () => attempt(world, flight, next, { at: due, number: now.number + 1 }));
};

const list = (
  world: World,
  { message, recipient }: Flight,
  name: SuppressionList,
  failure: Failure | null,
  at: Ms,
): void => {
  const address = recipient.toLowerCase();
  suppressionsOf(world, message.domain, name).set(address, {
    address,
    createdAt: at,
    code: String(failure?.code ?? ''),
    error: failure?.message ?? '',
    tags: ['*'],
  });
};

/** Files an event where the Events API finds it, and announces it. */
const emit = (world: World, domain: string, event: EventData, at: Ms): void => {
  const { eventLag } = world.quirks;
  const lag = typeof eventLag === 'number' ? eventLag : eventLag(event);
  world.events.push({ visibleAt: at + lag, domain, event });
  announce(world, event, at);
};
