// What monitoring asks that nobody else asks. Each answer costs what is open or new, and not the history.
import type { Knex } from 'knex';
import { ALERT_KINDS, type AlertKind } from '../core/alerting.ts';
import { CLASSES, type MessageClass } from '../core/message-class.ts';
import { DAY, type Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { transact } from './db/transact.ts';
import { HELD } from './ledger/due.ts';
import { PRIORITY } from './ledger/ledger.ts';
import { cursor } from './notes/cursors.ts';

async function count(db: Knex, rows: Knex.QueryBuilder, most: number): Promise<number> {
  const found = await db
    .from(rows.limit(most).select(db.raw('1 as one')).as('part'))
    .count({ n: '*' })
    .first();
  return Number(found?.['n'] ?? 0);
}

/** Deliveries that processes have claimed now. */
export const countClaims = ({ db }: Store, now: Ms): Promise<number> =>
  // Of what is not null SQLite would look at all.
  count(db, db('due').where('lease', '>', '').where('at', '>', now), 10_000);

/** Deliveries that are kept from leaving, by class. */
export async function heldByClass({ db }: Store): Promise<{ class: MessageClass; n: number }[]> {
  const each = CLASSES.map(async (name) => {
    const held = db('due').where({ lane: HELD, priority: PRIORITY[name] });
    return { class: name, n: await count(db, held, 200_000) };
  });
  return Promise.all(each);
}

/** Alerts that no channel has taken, and when the oldest was made. */
export async function unsentAlerts({ db }: Store): Promise<{ n: number; since: Ms | null }> {
  const rows: { created_at: Ms }[] = await db('alerts').where({ pending: 1 }).limit(1000).select('created_at');
  const since = rows.length === 0 ? null : Math.min(...rows.map((row) => Number(row.created_at)));
  return { n: rows.length, since };
}

/** Alerts of the last day by kind, by which the name of their incident begins. */
export async function alertsOfDay({ db }: Store, now: Ms): Promise<Map<AlertKind, number>> {
  const rows: string[] = await db('alerts')
    .where('created_at', '>=', now - DAY)
    .orderBy('created_at', 'desc')
    .limit(10_000)
    .pluck('incident');
  const counts = new Map<AlertKind, number>(ALERT_KINDS.map((kind) => [kind, 0]));
  for (const incident of rows) {
    const kind = ALERT_KINDS.find((one) => incident === one || incident.startsWith(`${one}:`));
    if (kind) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

const PROBE = 'probe';

/** One small read, to see how long it takes. */
export async function readProbe(store: Store): Promise<void> {
  await cursor(store, PROBE);
}

/** One small durable write. */
export async function writeProbe(store: Store, now: Ms): Promise<void> {
  await transact(store, (tx) => tx('cursors').insert({ name: PROBE, value: '', at: now }).onConflict('name').merge());
}
