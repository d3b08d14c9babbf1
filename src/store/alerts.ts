import type { Knex } from 'knex';
import { fitted } from '../base/ids.ts';
import type { AlertKind, Severity, Turn } from '../core/alerting.ts';
import type { MessageClass } from '../core/message-class.ts';
import { storable } from '../core/safe-text.ts';
import type { Ms } from '../core/time.ts';
import { type Claim, changeClaimed, claimNext, claimsOn, type Sendable } from './claims.ts';
import type { Store } from './db/open.ts';
import { insertNew } from './db/statements.ts';
import { transact } from './db/transact.ts';
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

/** `class` is that of the mail that it is about, if it is of one. */
export type RaisedItem = Omit<AlertItem, 'delivery_id'> & { class?: MessageClass };

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

/** To whom it is told: rungs of the ladder from the first to the last of these, or null for all who heard of it. */
export type Rungs = readonly [from: number, to: number] | null;

/** What programs hear of an alert beside its text. */
export type About = {
  kind: AlertKind;
  severity: Severity;
  startedAt: Ms;
  endedAt: Ms | null;
  rungs: Rungs;
  /** Whether it got worse by far, which those have to hear as well who have taken it. */
  isWorse?: boolean;
};

export type Composed = { subject: string; body: string /** channels that the alert warns about */; avoid: string[] };

/** These deliveries, without those that can't be read: they must not keep the others from being told. */
export async function readable(tx: Knex.Transaction, ids: readonly string[]): Promise<Map<string, View>> {
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
  /** Its incident, what of it is told and to whom; null where a daemon of an earlier version made it. */
  conversation: string | null;
  turn: Turn | null;
  about: About | null;
  /** The ways that took it already. */
  heard: string[];
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
  const row: Omit<Alert, 'avoid' | 'about' | 'heard' | 'claim'> & Record<'avoid' | 'about' | 'heard', string | null> =
    await store.db('alerts').where({ id: claim.name }).first(COLUMNS);
  return { ...row, avoid: listIn(row.avoid), heard: listIn(row.heard), about: aboutIn(row.about), claim };
}

const COLUMNS = [
  ...['id', 'incident', 'count', 'subject', 'body', 'avoid', 'created_at', 'tries'],
  ...['conversation', 'turn', 'about', 'heard'],
];

export function aboutIn(json: string | null): About | null {
  try {
    return json === null ? null : (JSON.parse(json) as About);
  } catch {
    return null;
  }
}

/** Keeps in mind which ways took an alert that the others are still to be told; says whether it is still ours. */
export const noteTaken = (store: Store, claim: Claim, ways: readonly string[]): Promise<boolean> =>
  changeClaimed(store, ALERTS, claim, { heard: JSON.stringify(ways) });

/** What went wrong although it was told. */
export const alertSent = (store: Store, claim: Claim, now: Ms, error: string | null = null): Promise<boolean> =>
  changeClaimed(store, ALERTS, claim, { pending: 0, sent_at: now, error });

/** What can't be read must not keep anything back. */
export function listIn(json: string | null): string[] {
  try {
    const list: unknown = JSON.parse(json ?? '[]');
    return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

export const { hold: holdAlert, failed: alertFailed } = claimsOn(ALERTS);
