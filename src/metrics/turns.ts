import { type Fact, isEnded } from '../core/delivery.ts';
import { arrivalOf } from '../core/figures/counts.ts';
import { MAILBOXES, mailboxOf } from '../core/mailbox.ts';
import { CLASSES } from '../core/message-class.ts';
import { SECOND } from '../core/time.ts';
import type { Turn } from '../core/turn.ts';
import type { Tally } from './tally.ts';

/** How a provider stands in labels: those that are not configured here, any more, are one. */
export type NameOf = (provider: string) => string;

const namesAmong = (providers: readonly string[]): NameOf => {
  const known = new Set(providers);
  return (provider) => (known.has(provider) ? provider : 'other');
};

const ENDS = ['delivered', 'relayed', 'failed', 'abandoned', 'expired', 'cancelled'] as const;
const REPORTS = ['delivered', 'deferred', 'failed', 'rejected', 'complained', 'unsubscribed'] as const;
const RECEIVER_REPORTS: readonly string[] = ['delivered', 'deferred', 'failed'];
const SOURCES = ['webhook', 'poll', 'lookup'] as const;

/** Counts what commits change. Every series begins at 0, so that the first of a kind is seen to come. */
export function countingTurns(tally: Tally, providers: readonly string[]): (turns: readonly Turn[]) => void {
  begin(tally, providers);
  const nameOf = namesAmong(providers);
  return (turns) => {
    for (const turn of turns) {
      countEnd(tally, nameOf, turn);
      for (const fact of turn.facts) countFact(tally, nameOf, turn, fact);
    }
  };
}

function begin(tally: Tally, providers: readonly string[]): void {
  for (const kind of CLASSES)
    for (const provider of [...providers, 'none'])
      for (const state of ENDS) tally.count('deliveries_ended_total', [kind, provider, state], 0);
  for (const kind of CLASSES)
    for (const provider of providers) {
      tally.start('time_to_delivery_seconds', [kind, provider]);
      for (const report of REPORTS) tally.count('reports_total', [kind, provider, report], 0);
    }
  for (const provider of providers) for (const source of SOURCES) tally.count('events_total', [provider, source], 0);
  for (const receiver of MAILBOXES)
    for (const report of RECEIVER_REPORTS) tally.count('receiver_reports_total', [receiver, report], 0);
  for (const kind of ['possible', 'certain']) tally.count('doubles_total', [kind], 0);
}

function countEnd(tally: Tally, nameOf: NameOf, { class: kind, wantedAt, before, after }: Turn): void {
  if (after.arrivedOn.length > 1 && (before?.arrivedOn.length ?? 0) <= 1) tally.count('doubles_total', ['certain']);
  if (before?.state === after.state || !isEnded(after.state)) return;
  const provider = after.provider === null ? 'none' : nameOf(after.provider);
  tally.count('deliveries_ended_total', [kind, provider, after.state]);
  const arrival = arrivalOf(after);
  if (arrival === null) return;
  const took = Math.max(0, arrival.at - wantedAt) / SECOND;
  tally.time('time_to_delivery_seconds', [kind, provider], took);
}

function countFact(tally: Tally, nameOf: NameOf, { class: kind, receiver }: Turn, fact: Fact): void {
  if (fact.kind === 'claimed' && fact.double !== null) tally.count('doubles_total', ['possible']);
  if (fact.kind !== 'reported') return;
  const { report } = fact;
  const provider = nameOf(fact.provider);
  tally.count('reports_total', [kind, provider, report]);
  tally.count('events_total', [provider, fact.foundBy]);
  if (RECEIVER_REPORTS.includes(report)) tally.count('receiver_reports_total', [mailboxOf(receiver), report]);
}
