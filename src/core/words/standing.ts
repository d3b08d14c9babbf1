import { listing } from '../bounce-list.ts';
import type { Attempt, Delivery, FactOf, State } from '../delivery.ts';
import { provesArrival } from '../fold.ts';
import type { Reason } from '../reason.ts';
import { capital } from './capital.ts';
import { timeWords } from './numbers.ts';
import { reasonWords } from './reasons.ts';
import { providerWords } from './ways.ts';

/** Why it ended. What the person said who cancelled it goes before our own words. */
export const endWords = ({ reason, said }: { reason: Reason | null; said?: string | null }): string =>
  said ?? reasonWords(reason);

/**
 * Where a delivery stands, why, and who acts next, in short sentences. Of mail that is only watched nothing is ever sent
 * again.
 */
export const standingWords = (d: Delivery, isWatched = false): string =>
  isWatched && d.state === 'failed'
    ? `It failed: ${endWords(d)}. It is only watched here, so it is for its sender to send it again.`
    : STANDING[d.state](d);

const STANDING: Record<State, (d: Delivery) => string> = {
  queued: (d) => `${queuedWords(d)} ${nextWords(d)}`,
  sending: (d) =>
    `Attempt ${d.attempt} is being handed over by Homing. Without a result by ${when(d)} it counts as unanswered.`,
  unconfirmed: (d) =>
    `Attempt ${d.attempt} got no answer and may or may not have gone out. Homing looks into it at ${when(d)}, and sends no copy before.`,
  accepted: (d) =>
    `The provider has it as attempt ${d.attempt}${scheduled(d)}, and acts next. If nothing is heard, Homing asks at ${when(d)}.`,
  deferred: (d) =>
    `The recipient's server put it off: ${reasonWords(d.reason)}. The provider tries again by itself. If nothing is heard, Homing asks at ${when(d)}.`,
  delivered: (d) => `The recipient's server took it${doubled(d)}. ${NOTHING_MORE}`,
  relayed: (d) => `${capital(taker(d))} took it; ${relayedWords(d)}`,
  failed: (d) => `It failed and is rightly not tried again: ${endWords(d)}. ${NOTHING_MORE}`,
  abandoned: (d) =>
    `It was given up${d.attempt > 0 ? ` after attempt ${d.attempt}` : ''}: ${endWords(d)}. An operator can have it tried again.`,
  expired: (d) => `Its useful life ended before it arrived${expiredFor(d)}. The person has to ask for a new one.`,
  cancelled: (d) => `It was cancelled: ${endWords(d)}. Homing sends no more of it.`,
};

const NOTHING_MORE = 'Homing does nothing more.';

function queuedWords(d: Delivery): string {
  if (d.reason === 'reopened') return 'It was opened again, to be sent once more.';
  return d.attempt === 0 ? 'It waits to be sent.' : `Attempt ${d.attempt} did not arrive: ${reasonWords(d.reason)}.`;
}

function nextWords(d: Delivery): string {
  const isUnasked = d.attempts.at(-1)?.asked?.problem != null;
  return isUnasked && d.tries < d.budget && listing(d)
    ? "Homing waits until the provider says that the address is off its bounce list. It can't be asked just now."
    : `Homing takes the next step at ${when(d)}.`;
}

function relayedWords({ reason }: Delivery): string {
  if (reason === null) return `it tells nothing more. ${NOTHING_MORE}`;
  if (reason === 'nothing_returned') return `${reasonWords(reason)}. Homing acts if it comes back.`;
  const why = `The reason: ${reasonWords(reason)}.`;
  return `it was put off later. ${why} That server tries again, and does not tell when it arrives.`;
}

const expiredFor = (d: Delivery): string =>
  d.reason === 'useful_life_over' && d.said === null ? '' : `: ${endWords(d)}`;

const when = ({ nextAt }: Delivery): string => (nextAt === null ? 'a later time' : timeWords(nextAt));

function scheduled({ attempts }: Delivery): string {
  const claim = attempts.at(-1)?.claim;
  return claim ? deliveryTimeWords(claim) : '';
}

/** What is said of an attempt that the provider was asked to keep for a while. */
export const deliveryTimeWords = ({ deliverAt }: FactOf<'claimed'>): string =>
  deliverAt ? `, to be delivered at ${timeWords(deliverAt)}` : '';

function taker({ attempts }: Delivery): string {
  const claim = attempts.at(-1)?.claim;
  return claim ? providerWords(claim) : 'the provider';
}

function doubled(d: Delivery): string {
  if (d.arrivedOn.length > 1) return `, more than once (attempts ${d.arrivedOn.join(', ')})`;
  const bounced = d.attempts.some(bouncedAfterwards);
  const on = d.arrivedOn[0] ?? 1;
  return `${on > 1 ? ` on attempt ${on}` : ''}${bounced ? '; a bounce came back afterwards' : ''}`;
}

function bouncedAfterwards({ failure, reports }: Attempt): boolean {
  if (!failure) return false;
  return failure.bounce?.delayed === true || reports.some((r) => provesArrival(r.report) && r.at < failure.at);
}
