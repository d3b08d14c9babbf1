import type { Knex } from 'knex';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { transact } from '../db/transact.ts';

/** What waits at the end of an outage: mail made since then. */
export type Backlog = { madeFrom: Ms; waiting: number };

/** A backlog of which nobody has said yet how long it takes. */
export type Drain = Backlog & { changeId: string; endedAt: Ms };

/** Notes what waits, with the change that ends the outage. */
export async function noteBacklog(tx: Knex.Transaction, { changeId, endedAt, ...backlog }: Drain): Promise<void> {
  const { madeFrom, waiting } = backlog;
  const row = { change_id: changeId, made_from: madeFrom, ended_at: endedAt, waiting, expected: null };
  await insertNew(tx, 'drains', row, 'change_id');
}

/** Those that ended before that moment, of which it is not said yet. */
export async function newDrains({ db }: Store, before: Ms): Promise<Drain[]> {
  const rows: { change_id: string; made_from: Ms; ended_at: Ms; waiting: number }[] = await db('drains')
    .where('ended_at', '<=', before)
    .whereNull('expected');
  return rows.map((row) => ({
    ...{ changeId: row.change_id, endedAt: Number(row.ended_at) },
    ...{ madeFrom: Number(row.made_from), waiting: Number(row.waiting) },
  }));
}

/** Says how long it takes, from the end on; null when nobody can say. What was said first stays. */
export async function expectDrain(store: Store, changeId: string, expected: Ms | null): Promise<void> {
  await transact(store, async (tx) => {
    const row = tx('drains').where({ change_id: changeId }).whereNull('expected');
    await (expected === null ? row.delete() : row.update({ expected }));
  });
}

/** How long it was expected to take after that change; null where that was never said. */
export async function expectedAfter({ db }: Store, changeId: string): Promise<Ms | null> {
  const row: { expected: Ms | null } | undefined = await db('drains').where({ change_id: changeId }).first('expected');
  return row?.expected == null ? null : Number(row.expected);
}
