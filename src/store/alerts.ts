import type { Knex } from 'knex';
import { newId } from '../base/ids.ts';
import type { AlertKind } from '../core/alerting.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { transact } from './db/transact.ts';
import { load, type View } from './rows/rows.ts';

export type AlertItem = {
  item_key: string;
  incident: string;
  kind: AlertKind;
  delivery_id: string | null;
  at: Ms;
  detail: string | null;
};

/** Tells the administrators of something that is not about one delivery. The same key is told once. */
export async function raise(
  store: Store,
  item: Omit<AlertItem, 'delivery_id'>,
  by: 'mail' | 'summary' = 'mail',
): Promise<void> {
  // What is for the daily summary alone counts as told: it is bound to no alert.
  const row = { ...item, delivery_id: null, alert_id: by === 'summary' ? 'summary' : null };
  await transact(store, (tx) => tx('alert_items').insert(row).onConflict('item_key').merge(['item_key']));
}

export type Untold = { incident: string; since: Ms; latest: Ms };

/** Incidents with something untold, since when, and when the latest was added. */
export async function untold(store: Store, limit: number): Promise<Untold[]> {
  const rows: Untold[] = await store
    .db('alert_items')
    .whereNull('alert_id')
    .groupBy('incident')
    .select('incident', store.db.raw('min(??) as ??, max(??) as ??', ['at', 'since', 'at', 'latest']))
    .limit(limit);
  return rows.map((r) => ({ incident: r.incident, since: Number(r.since), latest: Number(r.latest) }));
}

export async function lastAlertAt(store: Store, incident: string): Promise<Ms | null> {
  const row: { created_at: Ms } | undefined = await store
    .db('alerts')
    .where({ incident })
    .orderBy('created_at', 'desc')
    .first('created_at');
  return row?.created_at ?? null;
}

export type Composed = { subject: string; body: string /** routes that the alert warns about */; avoid: string[] };

/**
 * Makes one alert of all that is untold of an incident. The items are bound to the alert in the same transaction, so each
 * is in exactly one. `compose` gets the first few with their deliveries. Returns how many items it tells of.
 */
export async function bundle(
  store: Store,
  incident: string,
  now: Ms,
  compose: (items: AlertItem[], views: Map<string, View>, count: number) => Composed,
): Promise<number> {
  return transact(store, async (tx) => {
    const id = newId(now);
    const count = await tx('alert_items').where({ incident }).whereNull('alert_id').update({ alert_id: id });
    if (count === 0) return 0;
    const items: AlertItem[] = await tx('alert_items').where({ alert_id: id }).orderBy('at').limit(20);
    const views = await load(
      tx,
      items.flatMap((i) => i.delivery_id ?? []),
    );
    const { subject, body, avoid } = compose(items, views, count);
    await tx('alerts').insert({
      id,
      incident,
      count,
      subject,
      body,
      avoid: JSON.stringify(avoid),
      created_at: now,
      pending: 1,
      due_at: now,
      tries: 0,
      sent_at: null,
      error: null,
    });
    return count;
  });
}

export type Alert = {
  id: string;
  incident: string;
  count: number;
  subject: string;
  body: string;
  avoid: string[];
  created_at: Ms;
  tries: number;
};

/** Claims alerts that are to be sent now, for `lease` ms. */
export async function takeAlerts(store: Store, now: Ms, limit: number, lease: Ms): Promise<Alert[]> {
  const pending = (db: Knex) => db('alerts').where({ pending: 1 }).whereBetween('due_at', [0, now]);
  const rows: (Omit<Alert, 'avoid'> & { avoid: string; due_at: Ms })[] = await pending(store.db)
    .orderBy('due_at')
    .limit(limit);
  const won: Alert[] = [];
  for (const row of rows) {
    const claim = (tx: Knex) =>
      pending(tx)
        .where({ id: row.id, due_at: row.due_at })
        .update({ due_at: now + lease });
    if ((await transact(store, claim)) === 1) won.push({ ...row, avoid: JSON.parse(row.avoid) as string[] });
  }
  return won;
}

export async function alertSent(store: Store, id: string, now: Ms): Promise<void> {
  await transact(store, (tx) => tx('alerts').where({ id }).update({ pending: 0, sent_at: now, error: null }));
}

export async function alertFailed(store: Store, id: string, tries: number, dueAt: Ms, error: string): Promise<void> {
  await transact(store, (tx) => tx('alerts').where({ id }).update({ tries, due_at: dueAt, error }));
}

export async function alertsWaiting(store: Store): Promise<number> {
  const row = await store.db('alerts').where({ pending: 1 }).count({ n: '*' }).first();
  return Number(row?.['n'] ?? 0);
}
