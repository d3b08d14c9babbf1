import type { Knex } from 'knex';
import { fitted, newId } from '../base/ids.ts';
import type { AlertKind } from '../core/alerting.ts';
import { storable } from '../core/safe-text.ts';
import type { Ms } from '../core/time.ts';
import { type Claim, claimNext, claimsOn, type Sendable } from './claims.ts';
import type { Store } from './db/open.ts';
import { insertNew } from './db/statements.ts';
import { transact, transactOnce } from './db/transact.ts';
import { isDatabaseTrouble } from './db/trouble.ts';
import { incidentName } from './projections/alert-items.ts';
import { load, type View } from './rows/rows.ts';

export type AlertItem = {
  item_key: string;
  incident: string;
  kind: AlertKind;
  delivery_id: string | null;
  at: Ms;
  detail: string | null;
};

export type RaisedItem = Omit<AlertItem, 'delivery_id'>;

/** Tells the administrators of something that is not about one delivery. The same key is told once. */
export async function raise(store: Store, item: RaisedItem, by: 'mail' | 'summary' = 'mail'): Promise<void> {
  await transact(store, (tx) => raiseIn(tx, item, by));
}

/** The same, together with what it is about. */
export async function raiseIn(tx: Knex.Transaction, item: RaisedItem, by: 'mail' | 'summary' = 'mail'): Promise<void> {
  // Items that belong in the daily summary alone are marked as told, without an alert.
  const names = { item_key: fitted(item.item_key, 100), incident: incidentName(item.incident) };
  const detail = item.detail === null ? null : storable(item.detail, 4000);
  const row = { ...item, ...names, detail, delivery_id: null, alert_id: by === 'summary' ? 'summary' : null };
  await insertNew(tx, 'alert_items', row, 'item_key');
}

export type Untold = { incident: string; since: Ms; latest: Ms };

/** Incidents that have untold items: since when, and when the latest was added. */
export async function untold(store: Store, limit: number): Promise<Untold[]> {
  const rows: Untold[] = await store
    .db('alert_items')
    .whereNull('alert_id')
    .groupBy('incident')
    .select('incident', store.db.raw('min(??) as ??, max(??) as ??', ['at', 'since', 'at', 'latest']))
    .limit(limit);
  return rows.map((r) => ({ incident: r.incident, since: Number(r.since), latest: Number(r.latest) }));
}

/** When the last alert of an incident was made; `before` leaves out those from before the clock was set back. */
export async function lastAlertAt(
  store: Store,
  incident: string,
  before: Ms = Number.MAX_SAFE_INTEGER,
): Promise<Ms | null> {
  const row: { created_at: Ms } | undefined = await store
    .db('alerts')
    .where({ incident })
    .where('created_at', '<', before)
    .orderBy('created_at', 'desc')
    .first('created_at');
  return row?.created_at ?? null;
}

/** An alert that is being made: its id, its first few items with their deliveries, and how many it has in all. */
export type Bundled = {
  id: string;
  items: readonly AlertItem[];
  views: ReadonlyMap<string, View>;
  count: number;
};

export type Composed = { subject: string; body: string /** channels that the alert warns about */; avoid: string[] };

/**
 * Makes one alert of all untold items of an incident. The items are bound to the alert in the same transaction, so each
 * is in exactly one alert. Returns the number of items.
 */
export async function bundle(
  store: Store,
  incident: string,
  now: Ms,
  compose: (bundled: Bundled) => Composed,
): Promise<number> {
  const id = newId(now);
  const isDone = (tx: Knex.Transaction) => tx('alerts').where({ id }).first('id');
  return transactOnce(store, isDone, async (tx) => {
    const count = await tx('alert_items').where({ incident }).whereNull('alert_id').update({ alert_id: id });
    if (count === 0) return 0;
    const items: AlertItem[] = await tx('alert_items').where({ alert_id: id }).orderBy('at').limit(20);
    const views = await readable(
      tx,
      items.flatMap((i) => i.delivery_id ?? []),
    );
    const { subject, body, avoid } = compose({ id, items, views, count });
    await tx('alerts').insert({
      id,
      incident,
      count,
      subject: subjectLine(subject),
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

/** These deliveries, without those that can't be read: they must not keep the others from being told. */
async function readable(tx: Knex.Transaction, ids: readonly string[]): Promise<Map<string, View>> {
  try {
    return await load(tx, ids);
  } catch (error) {
    if (isDatabaseTrouble(error)) throw error;
    if (ids.length <= 1) return new Map();
    const parts: Map<string, View>[] = [];
    for (const id of ids) parts.push(await readable(tx, [id]));
    return new Map(parts.flatMap((part) => [...part]));
  }
}

/** A subject cut to the length of its column. */
export const subjectLine = (text: string): string => storable(text, 255);

export type Alert = {
  id: string;
  incident: string;
  count: number;
  subject: string;
  body: string;
  avoid: string[];
  created_at: Ms;
  tries: number;
  claim: Claim;
};

/** An alert to look at, with the deliveries that it is about, as they stand now. */
export type KeptAlert = {
  subject: string;
  body: string;
  count: number;
  createdAt: Ms;
  sentAt: Ms | null;
  /** The first of them. */
  deliveries: { messageId: string; recipient: string; state: string }[];
};

export async function keptAlert({ db }: Store, id: string, most: number): Promise<KeptAlert | null> {
  const row: (Pick<Alert, 'subject' | 'body' | 'count' | 'created_at'> & { sent_at: Ms | null }) | undefined = await db(
    'alerts',
  )
    .where({ id })
    .first('subject', 'body', 'count', 'created_at', 'sent_at');
  if (!row) return null;
  const { subject, body, count, created_at: createdAt, sent_at: sentAt } = row;
  const deliveries: KeptAlert['deliveries'] = await db('alert_items')
    .where({ alert_id: id })
    .join('deliveries', 'deliveries.id', 'alert_items.delivery_id')
    .orderBy('alert_items.at')
    .limit(most)
    .select({ messageId: 'deliveries.message_id', recipient: 'deliveries.recipient', state: 'deliveries.state' });
  return { subject, body, count, createdAt, sentAt, deliveries };
}

const ALERTS: Sendable = { table: 'alerts', key: 'id', order: 'due_at' };

/** Claims one alert that is to be sent now, until that moment; null when there is none. */
export async function takeAlert(store: Store, times: { now: Ms; until: Ms }): Promise<Alert | null> {
  const claim = await claimNext(store, ALERTS, times);
  if (!claim) return null;
  const row: Omit<Alert, 'avoid' | 'claim'> & { avoid: string } = await store
    .db('alerts')
    .where({ id: claim.name })
    .first('id', 'incident', 'count', 'subject', 'body', 'avoid', 'created_at', 'tries');
  return { ...row, avoid: namesIn(row.avoid), claim };
}

/** What can't be read must not keep the alert back. */
function namesIn(json: string): string[] {
  try {
    return JSON.parse(json) as string[];
  } catch {
    return [];
  }
}

export const { hold: holdAlert, sent: alertSent, failed: alertFailed } = claimsOn(ALERTS);
