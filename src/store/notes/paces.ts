import { costOf, type FullAt, leftIn, type Rate, type Reserve } from '../../core/pace.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { transact } from '../db/transact.ts';

type Shared = Rate | Reserve;

/** Under which a rate is shared by all daemons. One that is changed begins anew. */
const nameOf = (rate: Shared): string => `${rate.provider}/${rate.class ?? ''}=${rate.perSecond}`;

/** How much each of these rates has left, in their order. */
export async function paceLeft({ db }: Store, rates: readonly Shared[], now: Ms): Promise<number[]> {
  const rows: { name: string; full_at: number | string }[] = await db('paces')
    .whereIn('name', rates.map(nameOf))
    .select('name', 'full_at');
  const fullAt = new Map(rows.map(({ name, full_at }) => [name, Number(full_at)]));
  return rates.map((rate) => leftIn(rate, fullAt.get(nameOf(rate)) ?? 0, now));
}

/** Takes so many turns of one a time, shared by all daemons: when the first of them is, in microseconds since the epoch. */
export async function takeTurns(store: Store, name: string, { count, apart }: Turns, now: Ms): Promise<FullAt> {
  return transact(store, async (tx) => {
    await insertNew(tx, 'paces', { name, full_at: 0 }, 'name');
    const row: { full_at: number | string } = await tx('paces').where({ name }).forUpdate().first('full_at');
    const first = Math.max(Number(row.full_at), 1000 * now);
    await tx('paces')
      .where({ name })
      .update({ full_at: Math.round(first + count * apart) });
    return first;
  });
}

/** `apart`: from one to the next, in microseconds. */
type Turns = { count: number; apart: number };

/** Notes what leaves by each of these rates. */
export async function spendPace(store: Store, spent: readonly (readonly [Shared, number])[], now: Ms): Promise<void> {
  const used = spent.filter(([, count]) => count > 0);
  if (used.length === 0) return;
  await transact(store, async (tx) => {
    const rows = used.map(([rate]) => ({ name: nameOf(rate), full_at: 0 }));
    await insertNew(tx, 'paces', rows, 'name');
    for (const [rate, count] of used) {
      const later = tx.raw('case when full_at > ? then full_at else ? end + ?', [
        1000 * now,
        1000 * now,
        costOf(rate, count),
      ]);
      await tx('paces')
        .where({ name: nameOf(rate) })
        .update({ full_at: later });
    }
  });
}
