import type { Knex } from 'knex';
import { CLASSES } from '../core/message-class.ts';
import { MINUTE, type Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { DRAINING, HELD } from './ledger/due.ts';

/** Mail that was made so long before an outage is noticed waits because of it. */
export const BEFORE: Ms = 10 * MINUTE;

type Made = { from: Ms; to: Ms };

/** Whether mail made in that time still waits to be handed over, though its own time has come. */
export async function isWaiting({ db }: Store, made: Made, now: Ms): Promise<boolean> {
  const rows = await Promise.all(waitingIn(db, made, now).map((some) => some.first('id')));
  return rows.some((row) => row !== undefined);
}

/** How much of it does. Reads all of it. */
export async function countWaiting({ db }: Store, made: Made, now: Ms): Promise<number> {
  const rows = await Promise.all(waitingIn(db, made, now).map((some) => some.count({ n: '*' }).first()));
  return rows.reduce((sum, row) => sum + Number(row?.['n'] ?? 0), 0);
}

const waitingIn = (db: Knex, { from, to }: Made, now: Ms): Knex.QueryBuilder[] =>
  CLASSES.map((kind) =>
    db('deliveries')
      .where({ state: 'queued', class: kind })
      .where('message_at', '>=', from)
      .where('message_at', '<', to)
      .whereExists(
        db('due')
          .whereRaw('due.delivery_id = deliveries.id')
          .where((either) => either.where('at', '<=', now).orWhereIn('lane', [HELD, DRAINING]))
          .select(db.raw('1')),
      ),
  );
