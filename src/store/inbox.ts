import type { Knex } from 'knex';
import { handle, newId, recordKey } from '../base/ids.ts';
import type { Sighting } from '../core/sighting.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { again, chunks, transact } from './db/transact.ts';
import { type DeliveryRow, recipientKey } from './rows/rows.ts';

/** What came in, as it came: a verified event of a provider, or what an application tells of its own message. */
export type Arrival = {
  source: 'webhook' | 'poll' | 'lookup' | 'told';
  /**
   * The HMAC of a webhook, the event's own key when we asked for it, a hash of what was told: a second row with the same
   * one is a repeat.
   */
  replayKey: string;
  eventKey: string | null;
  receivedAt: Ms;
  contentType: string | null;
  body: string;
};

export type InboxRow = {
  id: string;
  source: Arrival['source'];
  event_key: string | null;
  received_at: Ms;
  content_type: string | null;
  body: string;
  tries: number;
};

/** A row that holds a provider's event. */
export type EventRow = InboxRow & { source: Exclude<Arrival['source'], 'told'> };

export const holdsEvent = (row: InboxRow): row is EventRow => row.source !== 'told';

/** Below the smallest packet limit in use, with room for the statement. */
const STATEMENT_BYTES = 700_000;

/** Keeps arrivals, in one commit. A repeat is left out, so keeping twice is harmless. */
export async function keep(store: Store, arrivals: readonly Arrival[]): Promise<void> {
  const rows = arrivals.map((a) => ({
    id: newId(a.receivedAt),
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
  }));
  const insert = (db: Knex, part: readonly object[]) =>
    db('inbox').insert(part).onConflict('replay_key').merge(['replay_key']);
  const [first, ...more] = bySize(rows);
  if (!first) return;
  if (more.length === 0) await again(() => insert(store.db, first));
  else
    await transact(store, async (tx) => {
      for (const part of [first, ...more]) await insert(tx, part);
    });
}

function bySize<T extends { body: string }>(rows: readonly T[]): T[][] {
  const parts: T[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    size += row.body.length * 2 + 600;
    if (size > STATEMENT_BYTES || (parts.at(-1)?.length ?? 0) >= 200) {
      parts.push([]);
      size = row.body.length * 2 + 600;
    }
    parts.at(-1)?.push(row);
  }
  return parts;
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

const COLUMNS = ['id', 'source', 'event_key', 'received_at', 'content_type', 'body', 'tries'] as const;

/** Takes up to `limit` rows that are to be understood, oldest first, for `lease` ms. */
export async function takePending(store: Store, now: Ms, limit: number, lease: Ms): Promise<InboxRow[]> {
  const pending = (db: Knex) => db('inbox').where({ pending: 1 }).whereBetween('due_at', [0, now]);
  const candidates: { id: string }[] = await pending(store.db).orderBy('due_at').limit(limit).select('id');
  if (candidates.length === 0) return [];
  const token = newId(now);
  const ids = candidates.map((r) => r.id);
  const taken = { due_at: now + lease, lease: token };
  await transact(store, (tx) => pending(tx).whereIn('id', ids).update(taken));
  return store
    .db('inbox')
    .where({ lease: token })
    .orderBy('received_at')
    .orderBy('id')
    .limit(limit)
    .select(...COLUMNS);
}

/** The oldest rows of what applications told that is not filed yet, whoever is at work on it. */
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
  /** All that the row said stands elsewhere now, and it is deleted. */
  | { id: string; outcome: 'filed' }
  | { id: string; outcome: 'waiting'; tries: number; dueAt: Ms }
  | { id: string; outcome: 'retry' | 'set_aside' | 'unmatched'; tries: number; dueAt: Ms; error: string };

/** Writes what became of rows. `done`, `set_aside` and `unmatched` are not looked at again. */
export async function settle(store: Store, results: readonly Settled[]): Promise<void> {
  const idsOf = (outcome: string) => results.filter((r) => r.outcome === outcome).map((r) => r.id);
  const done = idsOf('done');
  const filed = idsOf('filed');
  await transact(store, async (tx) => {
    for (const part of chunks(filed, 200)) await tx('inbox').whereIn('id', part).delete();
    for (const part of chunks(done, 200)) {
      await tx('inbox').whereIn('id', part).update({ pending: 0, outcome: 'done', lease: null });
    }
    for (const [change, ids] of grouped(results)) {
      await tx('inbox')
        .whereIn('id', ids)
        .update(JSON.parse(change) as Record<string, unknown>);
    }
  });
}

/** Rows that get the same values are one statement. */
function grouped(results: readonly Settled[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const r of results) {
    if (r.outcome === 'done' || r.outcome === 'filed') continue;
    const open = r.outcome === 'waiting' || r.outcome === 'retry';
    const error = r.outcome === 'waiting' ? null : r.error;
    const change = { pending: open ? 1 : 0, outcome: r.outcome, tries: r.tries, due_at: r.dueAt, error, lease: null };
    const key = JSON.stringify(change);
    groups.set(key, [...(groups.get(key) ?? []), r.id]);
  }
  return groups;
}

/**
 * Whether every event that had come in by then has been looked at once. What applications tell is no news of mail that is
 * on its way; where much is sent some of it always waits, and nothing else must wait for that.
 */
export async function caughtUp(store: Store, by: Ms): Promise<boolean> {
  const row = await store
    .db('inbox')
    .where({ pending: 1, tries: 0 })
    .where('received_at', '<=', by)
    .whereNot({ source: 'told' })
    .first('id');
  return row === undefined;
}

export async function lastWebhookAt(store: Store): Promise<Ms | null> {
  const row: { received_at: Ms } | undefined = await store
    .db('inbox')
    .where({ source: 'webhook' })
    .orderBy('received_at', 'desc')
    .first('received_at');
  return row?.received_at ?? null;
}

export type Match =
  | { kind: 'delivery'; deliveryId: string; messageId: string }
  /** The message is ours, the recipient is not: nothing may be done for it. */
  | { kind: 'stranger' }
  | { kind: 'adopted'; messageId: string }
  | { kind: 'none' };

/**
 * Finds the deliveries that events are about, in four statements whatever their number: by our own variable, then by
 * Message-Id and recipient, then by the id of a reply, then by storage key; always together with the recipient.
 */
export async function match(store: Store, sightings: readonly Sighting[]): Promise<Match[]> {
  const { db } = store;
  const names = sightings.map(namesOf);
  const messages: { id: string; record_key: string; domain: string; origin: string }[] = await db('messages')
    .whereIn(
      'id',
      names.flatMap((n) => n.id ?? []),
    )
    .orWhereIn(
      'record_key',
      names.flatMap((n) => n.recordKey ?? []),
    )
    .select('id', 'record_key', 'domain', 'origin');
  const handles: { hash: string; message_id: string }[] = await db('handles').whereIn(
    'hash',
    names.flatMap((n) => n.handles),
  );
  const missing = handles.map((h) => h.message_id).filter((id) => !messages.some((m) => m.id === id));
  if (missing.length > 0)
    messages.push(...(await db('messages').whereIn('id', missing).select('id', 'record_key', 'domain', 'origin')));
  const deliveries: Pick<DeliveryRow, 'id' | 'message_id' | 'recipient_key'>[] = await db('deliveries')
    .whereIn(
      'message_id',
      messages.map((m) => m.id),
    )
    .whereIn(
      'recipient_key',
      sightings.flatMap((s) => (s.recipient === null ? [] : recipientKey(s.recipient))),
    )
    .select('id', 'message_id', 'recipient_key');
  const byId = new Map(messages.map((m) => [m.id, m]));
  const byRecordKey = new Map(messages.map((m) => [m.record_key, m]));
  const deliveryOf = new Map(deliveries.map((d) => [`${d.message_id} ${d.recipient_key}`, d.id]));
  return sightings.map((s, i) => {
    const n = names[i];
    const named = [
      n?.id ? byId.get(n.id) : undefined,
      n?.recordKey ? byRecordKey.get(n.recordKey) : undefined,
      ...handles.filter((h) => n?.handles.includes(h.hash)).map((h) => byId.get(h.message_id)),
    ]
      .filter((m) => m !== undefined && (s.domain === null || m.domain === s.domain))
      // What was adopted before an answer told us the id of a re-post must not keep that id to itself.
      .sort((a, b) => Number(a?.origin === 'adopted') - Number(b?.origin === 'adopted'));
    for (const m of named) {
      const deliveryId = m && s.recipient !== null ? deliveryOf.get(`${m.id} ${recipientKey(s.recipient)}`) : undefined;
      if (m && deliveryId) return { kind: 'delivery', deliveryId, messageId: m.id };
    }
    const first = named[0];
    if (!first || s.recipient === null) return { kind: 'none' };
    return first.origin === 'adopted' ? { kind: 'adopted', messageId: first.id } : { kind: 'stranger' };
  });
}

function namesOf(s: Sighting): { id: string | null; recordKey: string | null; handles: string[] } {
  const { domain, messageId, storage } = s;
  const handles: string[] = [];
  if (domain && messageId) handles.push(handle('reply', domain, messageId));
  if (domain && storage?.key) handles.push(handle('storage', domain, storage.key));
  return { id: s.homingId, recordKey: domain && messageId ? recordKey(domain, messageId) : null, handles };
}

/** Whether mail to this recipient is being handed over, or its answer is not known: an event may be about just that. */
export async function isInFlight(store: Store, recipient: string): Promise<boolean> {
  const row = await store
    .db('deliveries')
    .where({ recipient_key: recipientKey(recipient) })
    .whereIn('state', ['sending', 'unconfirmed'])
    .first('id');
  return row !== undefined;
}

/** Remembers names under which a provider may speak of a message again. */
export async function addHandles(store: Store, rows: readonly { hash: string; message_id: string }[]): Promise<void> {
  for (const part of chunks(rows, 200)) {
    await transact(store, (tx) => tx('handles').insert(part).onConflict(['hash', 'message_id']).merge(['hash']));
  }
}
