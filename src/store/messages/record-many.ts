import type { Knex } from 'knex';
import { AppError } from '../../base/errors.ts';
import { newId, recordKey } from '../../base/ids.ts';
import type { Fact } from '../../core/delivery.ts';
import { isUnnamed } from '../../core/own-record.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertRows } from '../db/statements.ts';
import { chunks, transact } from '../db/transact.ts';
import { changeIn } from '../ledger/ledger.ts';
import { type DeliveryRow, type MessageRow, recipientKey, type View } from '../rows/rows.ts';
import { addDeliveries, type Draft, type Made, messageRow, queuedAs, record } from './messages.ts';

/**
 * Records many messages, most of them in one commit, with the same result as `record` for each. Those that need more go
 * through `record` one by one: messages with a key, adopted ones, those whose name is taken, and those that another
 * process is recording. Returns the drafts that were refused, with the reason.
 */
export async function recordMany(store: Store, drafts: readonly Draft[], now: Ms): Promise<Map<Draft, AppError>> {
  const refused = new Map<Draft, AppError>();
  for (let rest = drafts; rest.length > 0; ) {
    const firsts = new Map<string, Draft>();
    const later: Draft[] = [];
    for (const draft of rest) {
      const name = recordKey(draft.domain, draft.messageId);
      if (firsts.has(name)) later.push(draft);
      else firsts.set(name, draft);
    }
    for (const [draft, error] of await recordDistinct(store, firsts, now)) refused.set(draft, error);
    rest = later;
  }
  return refused;
}

async function recordDistinct(
  store: Store,
  drafts: ReadonlyMap<string, Draft>,
  now: Ms,
): Promise<Map<Draft, AppError>> {
  const alone = await together(store, drafts, now).catch((error: unknown) => {
    if (isDuplicate(error)) return [...drafts.values()];
    throw error;
  });
  const refused = new Map<Draft, AppError>();
  for (const draft of alone) {
    try {
      await record(store, draft, now);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      refused.set(draft, error);
    }
  }
  return refused;
}

/** Records in one commit all that can be; returns the rest. */
async function together(store: Store, drafts: ReadonlyMap<string, Draft>, now: Ms): Promise<Draft[]> {
  return transact(store, async (tx) => {
    const found = await messagesNamed(tx, [...drafts.keys()]);
    const queued = new Set((await queuedAs(tx, [...drafts.values()])).map(({ hash }) => hash));
    const alone: Draft[] = [];
    const fresh: Draft[] = [];
    const more: Made[] = [];
    for (const [name, draft] of drafts) {
      if (queued.has(name)) continue;
      const message = found.get(name);
      if (message?.origin === 'recorded') more.push({ message, draft });
      else if (message || draft.key !== null) alone.push(draft);
      else fresh.push(draft);
    }
    await insertFresh(tx, fresh, now);
    alone.push(...(await addFacts(tx, more, now)));
    return alone;
  });
}

async function messagesNamed(tx: Knex.Transaction, names: readonly string[]): Promise<Map<string, MessageRow>> {
  const rows: MessageRow[] = await tx('messages')
    .whereIn('record_key', [...names])
    .orderBy('record_key');
  return new Map(rows.map((row) => [row.record_key, row]));
}

async function insertFresh(tx: Knex.Transaction, drafts: readonly Draft[], now: Ms): Promise<void> {
  const made = drafts.map((draft) => ({ draft, message: messageRow(draft.id ?? newId(now), draft) }));
  await insertRows(
    tx,
    'messages',
    made.map((m) => m.message),
  );
  await addDeliveries(tx, made, now);
}

/** Adds what is told of known messages; returns the drafts that name a recipient who is not known, or from events alone. */
async function addFacts(tx: Knex.Transaction, told: readonly Made[], now: Ms): Promise<Draft[]> {
  if (told.length === 0) return [];
  const ids = told.map(({ message }) => message.id);
  const rows: Pick<DeliveryRow, 'id' | 'message_id' | 'recipient_key'>[] = await tx('deliveries')
    .whereIn('message_id', ids)
    .select('id', 'message_id', 'recipient_key');
  const idOf = new Map(rows.map((row) => [`${row.message_id} ${row.recipient_key}`, row.id]));
  const factsOf = new Map<string, Draft['facts']>();
  const alone: Draft[] = [];
  for (const { message, draft } of told) {
    const deliveries = draft.recipients.map((r) => idOf.get(`${message.id} ${recipientKey(r)}`));
    if (deliveries.includes(undefined)) alone.push(draft);
    else for (const id of deliveries) if (id !== undefined) factsOf.set(id, draft.facts);
  }
  const all = [...factsOf.keys()].sort();
  const unnamed = new Set<string>();
  const add = (view: View): Fact[] => {
    if (isUnnamed(view.facts)) unnamed.add(view.messageId);
    return [...(factsOf.get(view.id) ?? [])];
  };
  for (const part of chunks(all, 200)) await changeIn(tx, part, now, add);
  return [...alone, ...told.flatMap(({ message, draft }) => (unnamed.has(message.id) ? [draft] : []))];
}

function isDuplicate(error: unknown): boolean {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'ER_DUP_ENTRY' || (typeof code === 'string' && code.startsWith('SQLITE_CONSTRAINT'));
}
