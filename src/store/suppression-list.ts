// The list of addresses that nothing is sent to, as people read it: newest first.
import type { Knex } from 'knex';
import { CLASSES } from '../core/message-class.ts';
import { DAY, type Ms } from '../core/time.ts';
import type { SuppressionCause } from '../core/verdict.ts';
import type { Store } from './db/open.ts';
import { recipientKey } from './rows/rows.ts';

export type Listed = {
  address: string;
  cause: SuppressionCause;
  reply: string | null;
  createdAt: Ms;
  /** The message whose delivery put it there; null when it was deleted, or there was none. */
  messageId: string | null;
  /** A message that arrived at the address shortly before or after it was put on the list as dead; null for none. */
  arrived: { messageId: string; at: Ms } | null;
};

/** After which entry a page begins. */
export type After = { at: Ms; address: string };

const NEWEST: After = { at: Number.MAX_SAFE_INTEGER, address: '' };

export type Wanted = {
  /** The address, or how it begins; then they are in the order of addresses, and that address itself comes first. */
  address?: string | undefined;
  cause?: SuppressionCause | undefined;
  after?: After | undefined;
  limit: number;
};

/** Mail that arrived within this time of the entry makes it doubtful that nobody is there. */
export const AROUND: Ms = 30 * DAY;

/** What says nothing of whether somebody reads mail there. */
const ALIVE: readonly SuppressionCause[] = ['complained', 'unsubscribed', 'operator'];

export async function newestSuppressions({ db }: Store, wanted: Wanted): Promise<Listed[]> {
  const rows = db('suppressions').limit(wanted.limit).select('*');
  if (wanted.cause !== undefined) rows.where({ cause: wanted.cause });
  if (wanted.address !== undefined) beginningWith(rows, recipientKey(wanted.address), wanted.after);
  else {
    rows.orderBy('created_at', 'desc').orderBy('address_key', 'desc');
    past(rows, wanted.after ?? NEWEST);
  }
  const found = await listed(db, rows);
  return wanted.address === undefined ? found : found.sort((a, b) => (a.address < b.address ? -1 : 1));
}

function beginningWith(rows: Knex.QueryBuilder, key: string, after: After | undefined): void {
  rows.where('address_key', '>=', key).where('address_key', '<', `${key}\u{10ffff}`).orderBy('address_key');
  if (after) rows.where('address_key', '>', after.address);
}

function past(rows: Knex.QueryBuilder, { at, address }: After): void {
  rows
    .where('created_at', '<=', at)
    .where((or) => or.where('created_at', '<', at).orWhere('address_key', '<', address));
}

type Row = {
  address_key: string;
  cause: SuppressionCause;
  reply: string | null;
  created_at: Ms;
  message_id: string | null;
  arrived: string | null;
};

async function listed(db: Knex, part: Knex.QueryBuilder): Promise<Listed[]> {
  const rows: Row[] = await db
    .from(part.as('part'))
    .leftJoin('deliveries as d', 'd.id', 'part.delivery_id')
    .select('part.address_key', 'part.cause', 'part.reply', 'part.created_at', 'd.message_id', {
      arrived: arrival(db),
    });
  const times = await timesOf(
    db,
    rows.flatMap(({ arrived }) => arrived ?? []),
  );
  const found = rows.map((row) => {
    const at = row.arrived === null ? undefined : times.get(row.arrived);
    return {
      ...{ address: row.address_key, cause: row.cause, reply: row.reply, createdAt: row.created_at },
      messageId: row.message_id,
      arrived: row.arrived === null || at === undefined ? null : { messageId: row.arrived, at },
    };
  });
  return found.sort((a, b) => b.createdAt - a.createdAt || (a.address < b.address ? 1 : -1));
}

async function timesOf(db: Knex, ids: readonly string[]): Promise<Map<string, Ms>> {
  if (ids.length === 0) return new Map();
  const rows: { id: string; created_at: Ms }[] = await db('messages')
    .whereIn('id', [...ids])
    .select('id', 'created_at');
  return new Map(rows.map(({ id, created_at }) => [id, created_at]));
}

/** A message that arrived there around the time of the entry in `part`, by the index of what an address gets. */
const arrival = (db: Knex): Knex.QueryBuilder =>
  db('deliveries as a')
    .whereRaw('a.recipient_key = part.address_key')
    .where('a.state', 'delivered')
    .whereIn('a.class', [...CLASSES])
    .whereRaw('a.message_at between part.created_at - ? and part.created_at + ?', [AROUND, AROUND])
    .whereNotIn('part.cause', [...ALIVE])
    .limit(1)
    .select('a.message_id');

/** The newest of those that were put there since then, of which so many are looked at. */
const lately = (db: Knex, since: Ms, limit: number): Knex.QueryBuilder =>
  db('suppressions')
    .where('created_at', '>=', since)
    .orderBy('created_at', 'desc')
    .orderBy('address_key', 'desc')
    .limit(limit);

/** Of the newest `limit` entries since then, those at whose address mail arrived around that time. */
export async function doubtfulSuppressions({ db }: Store, since: Ms, limit: number): Promise<Listed[]> {
  const part = lately(db, since, limit).select('*').as('part');
  return listed(db, db.from(part).whereExists(arrival(db)).select('*'));
}

/** How many those are. */
export async function countDoubtful({ db }: Store, since: Ms, limit: number): Promise<number> {
  const part = lately(db, since, limit).select('address_key', 'cause', 'created_at').as('part');
  const row = await db.from(part).whereExists(arrival(db)).count({ n: '*' }).first();
  return Number(row?.['n'] ?? 0);
}
