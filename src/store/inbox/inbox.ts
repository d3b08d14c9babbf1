import type { Knex } from 'knex';
import { keyInTime, newId } from '../../base/ids.ts';
import { groupBy } from '../../core/group.ts';
import type { Sighting } from '../../core/sighting.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { inStatements, insertNew } from '../db/statements.ts';
import { again, chunks, transact } from '../db/transact.ts';
import { TooLarge } from '../db/trouble.ts';
import { oldest, type Source } from './oldest.ts';

export type { Source };

/** Something that came in, as it came: a verified event of a provider, or what an application tells of its message. */
export type Arrival = {
  /** The provider that sent it; empty for what an application tells. */
  provider: string;
  /** A hash of whom it is about (see `aboutOf`); null when it names nobody. */
  about: string | null;
  source: Source;
  /**
   * A second row with the same key is a repeat. It is the HMAC of a webhook, the key of an event that we asked for, or
   * a hash of what was told.
   */
  replayKey: string;
  eventKey: string | null;
  receivedAt: Ms;
  contentType: string | null;
  body: string;
};

export type InboxRow = {
  id: string;
  provider: string;
  source: Arrival['source'];
  event_key: string | null;
  received_at: Ms;
  content_type: string | null;
  body: string;
  tries: number;
  /** `believed` once what it says need not be doubted any more. */
  outcome: string;
  /** Under which it was taken; null for a row that nobody works on. */
  lease: string | null;
};

/** A row that holds a provider's event. */
export type EventRow = InboxRow & { source: Exclude<Source, 'told' | 'doubted'> };

export const holdsEvent = (row: InboxRow): row is EventRow => row.source !== 'told' && row.source !== 'doubted';

/**
 * Keeps arrivals, in one commit. A repeat is left out, so keeping twice is harmless. What is too large for the server is
 * set aside with the beginning of it, because it would never be taken; says how many those are.
 */
export async function keep(store: Store, arrivals: readonly Arrival[]): Promise<number> {
  const [first, ...more] = inStatements(arrivals.map(newRow), 200);
  if (!first) return 0;
  if (more.length === 0) {
    const whole = await again(() => insert(store.db, first)).then(() => true, isNotTooLarge);
    if (whole) return 0;
  }
  return transact(store, async (tx) => {
    let aside = 0;
    for (const part of [first, ...more]) aside += await insertOrSetAside(tx, part);
    return aside;
  });
}

/** The name of an event in the inbox. */
export const eventKeyOf = ({ at, eventKey }: Pick<Sighting, 'at' | 'eventKey'>): string => keyInTime(at, eventKey);

type NewRow = ReturnType<typeof newRow>;

const insert = (db: Knex, rows: readonly object[]): Promise<void> => insertNew(db, 'inbox', rows, 'replay_key');

function isNotTooLarge(error: unknown): false {
  if (error instanceof TooLarge) return false;
  throw error;
}

async function insertOrSetAside(tx: Knex.Transaction, rows: readonly NewRow[]): Promise<number> {
  if (await insert(tx, rows).then(() => true, isNotTooLarge)) return 0;
  const [row] = rows;
  if (row && rows.length === 1) {
    const error = `its ${row.body.length} characters are more than the database takes (max_allowed_packet)`;
    await insert(tx, [
      { ...row, about: null, body: row.body.slice(0, KEPT_OF_LARGE), pending: 0, outcome: 'set_aside', error },
    ]);
    return 1;
  }
  let aside = 0;
  for (const one of rows) aside += await insertOrSetAside(tx, [one]);
  return aside;
}

/** What is kept of an arrival that is too large. */
const KEPT_OF_LARGE = 4000;

function newRow(a: Arrival) {
  return {
    id: newId(a.receivedAt),
    provider: a.provider,
    about: a.about,
    source: a.source,
    replay_key: a.replayKey,
    event_key: a.eventKey,
    received_at: a.receivedAt,
    content_type: a.contentType,
    body: a.body,
    pending: 1,
    due_at: a.receivedAt,
    tries: 0,
    outcome: 'new',
    error: null,
    lease: null,
  };
}

/** Of these event keys, the ones that are in the inbox already. */
export async function knownEvents(store: Store, keys: readonly string[]): Promise<Set<string>> {
  const known = new Set<string>();
  for (const part of chunks(keys, 200)) {
    const rows: { event_key: string }[] = await store.db('inbox').whereIn('event_key', part).select('event_key');
    for (const row of rows) known.add(row.event_key);
  }
  return known;
}

export const COLUMNS = [
  'id',
  'provider',
  'source',
  'event_key',
  'received_at',
  'content_type',
  'body',
  'tries',
  'outcome',
  'lease',
] as const;

/**
 * Which rows to take: events of providers, those of them that are about certain mails (see `aboutOf`), or what
 * applications told.
 */
export type Which = 'events' | 'told' | { about: readonly string[] };

const SOURCES_OF: Record<'events' | 'told', readonly Source[]> = {
  events: ['webhook', 'poll', 'lookup'],
  told: ['told'],
};

/**
 * Up to `limit` rows that are to be understood, oldest first. Of a database server, which many may share, they are taken for
 * `lease` ms, so that each works on others. In an SQLite file they are read alone, and not written only to be written again:
 * where two processes read the same ones, it comes to the same.
 */
export async function takePending(
  store: Store,
  which: Which,
  { now, limit, lease }: { now: Ms; limit: number; lease: Ms },
): Promise<InboxRow[]> {
  const candidates = await candidatesOf(store, which, { now, limit });
  if (candidates.length === 0) return [];
  if (store.kind === 'sqlite') return inOrder(store.db('inbox').whereIn('id', candidates), limit);
  const token = newId(now);
  const taken = { due_at: now + lease, lease: token };
  await transact(store, (tx) => stillDue(tx('inbox').whereIn('id', candidates), now).update(taken));
  return inOrder(store.db('inbox').where({ lease: token }), limit);
}

const inOrder = (rows: Knex.QueryBuilder, limit: number): Promise<InboxRow[]> =>
  rows
    .orderBy('received_at')
    .orderBy('id')
    .limit(limit)
    .select(...COLUMNS);

async function candidatesOf(
  { db }: Store,
  which: Which,
  { now, limit }: { now: Ms; limit: number },
): Promise<string[]> {
  if (typeof which === 'object') {
    const about = stillDue(db('inbox').whereIn('about', [...which.about]), now);
    const rows: { id: string }[] = await about.orderBy('due_at').limit(limit).select('id');
    return rows.map((r) => r.id);
  }
  const rows = await oldest(db, { pending: 1, sources: SOURCES_OF[which], until: now, limit });
  return rows.map((r) => r.id);
}

/** The sign keeps SQLite from looking for the rows by these columns, which would walk all that waits: they are named. */
const stillDue = (rows: Knex.QueryBuilder, now: Ms): Knex.QueryBuilder =>
  rows.whereRaw('+pending = 1 and +due_at between 0 and ?', [now]);

/** The oldest rows that applications told and that are not filed yet, also those that somebody is working on. */
export async function unfiledTold(store: Store, limit: number): Promise<InboxRow[]> {
  return store
    .db('inbox')
    .where({ source: 'told', pending: 1 })
    .orderBy('received_at')
    .orderBy('id')
    .limit(limit)
    .select(...COLUMNS);
}

export type Settled =
  | { id: string; outcome: 'done' }
  /** The same, written already together with what it brought about. */
  | { id: string; outcome: 'written' }
  /** Everything in the row is stored elsewhere now, so it is deleted. */
  | { id: string; outcome: 'filed' }
  | { id: string; outcome: 'waiting'; tries: number; dueAt: Ms }
  /** It waits for the provider's records to confirm it. */
  | { id: string; outcome: 'doubted'; dueAt: Ms }
  | {
      id: string;
      outcome: 'retry' | 'set_aside' | 'unmatched';
      tries: number;
      dueAt: Ms;
      error: string;
      /** The message that it is kept for, in case that is recorded later (see `messageNamed`). */
      keptFor?: string | null;
    };

/**
 * Writes what became of rows that were taken together. `done`, `set_aside` and `unmatched` are not looked at again. What
 * was done is so whoever did it; anything else is for the process to say that has the row, and not for one before it.
 */
export async function settle(store: Store, lease: string | null, results: readonly Settled[]): Promise<void> {
  const idsOf = (outcome: string) => results.filter((r) => r.outcome === outcome).map((r) => r.id);
  if (results.every((r) => r.outcome === 'written')) return;
  await transact(store, async (tx) => {
    for (const part of chunks(idsOf('filed'), 200)) await tx('inbox').whereIn('id', part).delete();
    await writeDone(tx, idsOf('done'));
    for (const [change, same] of groupBy(results.flatMap(changeOf), ({ change }) => change)) {
      const ids = same.map(({ id }) => id);
      for (const part of chunks(ids, 200)) {
        const rows = byIdAlone(tx('inbox').whereIn('id', part), lease);
        await rows.update(JSON.parse(change) as Record<string, unknown>);
      }
    }
  });
}

/** Those that wait still, under this lease, in a form that keeps databases from walking all that waits: the rows are named. */
const byIdAlone = (rows: Knex.QueryBuilder, lease: string | null): Knex.QueryBuilder =>
  rows.whereRaw("+pending = 1 and coalesce(lease, '') = ?", [lease ?? '']);

/** They are not looked at again. */
export async function writeDone(tx: Knex.Transaction, ids: readonly string[]): Promise<void> {
  for (const part of chunks(ids, 200)) {
    await tx('inbox').whereIn('id', part).update({ pending: 0, outcome: 'done', lease: null, about: null });
  }
}

/** As text, by which rows that get the same values become one statement. */
function changeOf(r: Settled): { id: string; change: string }[] {
  if (r.outcome === 'done' || r.outcome === 'written' || r.outcome === 'filed') return [];
  if (r.outcome === 'doubted') {
    const change = { source: 'doubted', outcome: r.outcome, due_at: r.dueAt, tries: 0, lease: null, about: null };
    return [{ id: r.id, change: JSON.stringify(change) }];
  }
  const isOpen = r.outcome === 'waiting' || r.outcome === 'retry';
  const [error, about] = r.outcome === 'waiting' ? [null, null] : [r.error, r.keptFor ?? null];
  const { outcome, tries, dueAt: due_at } = r;
  const change = { pending: isOpen ? 1 : 0, outcome, tries, due_at, error, lease: null, about };
  return [{ id: r.id, change: JSON.stringify(change) }];
}

export async function lastWebhookAt(store: Store): Promise<Ms | null> {
  const row: { received_at: Ms } | undefined = await store
    .db('inbox')
    .where({ source: 'webhook' })
    .orderBy('received_at', 'desc')
    .first('received_at');
  return row?.received_at ?? null;
}
