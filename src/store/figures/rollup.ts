import type { Knex } from 'knex';
import { sendingsOf } from '../../core/care/sendings.ts';
import type { Delivery } from '../../core/delivery.ts';
import type { Counted } from '../../core/figures/counts.ts';
import { failingPlace } from '../../core/figures/place.ts';
import { type Entry, entriesOf, sumEntries } from '../../core/figures/sums.ts';
import { DAY, type Ms } from '../../core/time.ts';
import { maskReply } from '../../core/words/mask.ts';
import type { Move } from '../rows/move.ts';
import type { Projection } from '../rows/projection.ts';
import type { View } from '../rows/rows.ts';
import { addPending, type Delta, type Example } from './pending.ts';
import { sendingDeltas } from './sendings.ts';

/**
 * Writes what the moves change in the figures as one row of its own, so that no writer waits for a sum that another is
 * changing. `foldPending` adds it to the sums; summaries count both. The sums outlive the messages that they count.
 */
export const rollup: Projection = { name: 'figures', project: countMoves };

async function countMoves(tx: Knex.Transaction, moves: readonly Move[], now: Ms): Promise<void> {
  const before = moves.flatMap((m) => (m.before ? entriesOf(countedOf(m.view, m.before, m.first === true)) : []));
  const after = moves.flatMap((m) => entriesOf(countedOf(m.after, m.after.delivery, m.first === true)));
  const sendings = moves.flatMap(({ view, fresh }) => sendingsOf(view.recipient, fresh));
  await addPending(tx, now, difference(before, after), moves.flatMap(exampleOf), sendingDeltas(sendings));
}

export const countedOf = (view: View, delivery: Delivery, first: boolean): Counted => ({
  recipient: view.recipient,
  domain: view.domain,
  class: view.class,
  createdAt: view.birth.createdAt,
  facts: view.facts,
  delivery,
  first,
});

function difference(before: readonly Entry[], after: readonly Entry[]): Delta[] {
  const changes = sumEntries([
    { sign: -1, entries: before },
    { sign: 1, entries: after },
  ]);
  return changes.map((e) => [0, e.bucket, e.domain, e.class, e.what, e.value, e.n, e.ms]);
}

/** What the receiving server said when a delivery failed for the first time. */
function exampleOf({ view, before, after }: Move): Example[] {
  const failed = after.delivery.attempts.find((a) => a.failure);
  const known = before?.attempts.some((a) => a.failure) ?? false;
  const bounce = failed?.failure?.bounce;
  if (known || !failed || !bounce) return [];
  const words = [bounce.code, bounce.message || bounce.description].filter(Boolean).join(' ');
  const reply = maskReply(words, view.recipient, view.subject);
  if (reply === '') return [];
  const day = Math.floor(view.birth.createdAt / DAY) * DAY;
  return [{ day, domain: view.domain, place: failingPlace(view.recipient, failed), reply }];
}
