// Messages of our queue.
import type { Knex } from 'knex';
import { recordKey } from '../../base/ids.ts';
import { sealedBy } from '../../base/seal.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { inStatements, insertNew, insertRows, rowsWith } from '../db/statements.ts';
import { transact } from '../db/transact.ts';
import type { MessageRow } from '../rows/rows.ts';
import { type Call, firstCall, namesOf } from './calls.ts';
import { replaceOthers } from './cancel.ts';
import { addDeliveries, type Draft, idTaken, messageRow } from './messages.ts';

/** A message of our queue; `isRepeat` when an earlier call made it. */
export type Enqueued = { id: string; messageId: string; isRepeat: boolean };

/** A message for our queue, with the body that is to be sent. */
export type QueueDraft = Draft & { id: string; body: Buffer };

export type ToQueue = { draft: QueueDraft; call: Call | null; now: Ms };

/**
 * Writes a message that Homing is to send, with its deliveries, its body and the call that asked for it, all or
 * nothing. The same call made again gets the ids of the first one. Throws `mismatch` when the key of the call stands
 * for something else.
 *
 * A Message-Id belongs to nobody: whoever uses one that is in use makes a message of his own, with his own content and
 * his own recipients. So nobody gets the mail of another, and nobody can keep another's mail out by guessing its name.
 */
export async function enqueue(store: Store, draft: QueueDraft, call: Call | null, now: Ms): Promise<Enqueued> {
  const [made] = await enqueueTogether(store, [{ draft, call, now }]);
  return made as Enqueued;
}

/** The same for several in one commit. When one of them is refused none is written. */
export async function enqueueTogether(store: Store, all: readonly ToQueue[]): Promise<Enqueued[]> {
  return transact(store, async (tx) => {
    const done: Enqueued[] = [];
    let waiting: ToQueue[] = [];
    for (const one of all) {
      if (waiting.some((other) => dependsOn(one, other))) {
        await writeAll(tx, waiting);
        waiting = [];
      }
      const first = one.call === null ? one.draft : await firstCall(tx, one.call, one.draft, one.now);
      const isRepeat = first.id !== one.draft.id;
      done.push({ id: first.id, messageId: first.messageId, isRepeat });
      if (!isRepeat) waiting.push(one);
    }
    await writeAll(tx, waiting);
    return done;
  });
}

/** Whether it is seen only by what the other one writes whether this one is new. */
function dependsOn({ draft, call }: ToQueue, other: ToQueue): boolean {
  if (draft.id === other.draft.id) return true;
  const names = namesOf(call);
  if (names.some((one) => namesOf(other.call).some((another) => isSameName(one, another)))) return true;
  // Which mail is ended depends on what replaces it.
  return other.draft.key !== null && names.some(({ untilEnded }) => untilEnded === true);
}

const isSameName = (one: Call, other: Call): boolean => one.scope === other.scope && one.key === other.key;

async function writeAll(tx: Knex.Transaction, all: readonly ToQueue[]): Promise<void> {
  await writeMessages(
    tx,
    all.filter(({ draft }) => draft.key === null),
  );
  // Each of the others replaces those of its key before it.
  for (const one of all) if (one.draft.key !== null) await writeInPlaceOfOthers(tx, one, one.draft.key);
}

async function writeInPlaceOfOthers(tx: Knex.Transaction, one: ToQueue, key: string): Promise<void> {
  for (const message of await writeMessages(tx, [one])) await replaceOthers(tx, message, key, one.now);
}

/** Answers with those that were written: not again after a COMMIT whose reply was lost. */
async function writeMessages(tx: Knex.Transaction, all: readonly ToQueue[]): Promise<MessageRow[]> {
  const fresh = await notWritten(tx, all);
  if (fresh.length === 0) return [];
  const messages = fresh.map(({ message }) => message);
  await insertRows(tx, 'messages', messages);
  // Large bodies are not to be in memory another time all at once.
  for (const pieces of inStatements(fresh.flatMap(piecesOf), 200)) await insertRows(tx, 'message_bodies', pieces);
  await addDeliveries(tx, fresh, Math.max(...all.map(({ now }) => now)));
  // Events without our variable, and people, know it by its Message-Id.
  const names = messages.map(({ id, domain, message_id }) => ({ hash: recordKey(domain, message_id), message_id: id }));
  await insertNew(tx, 'handles', names, ['hash', 'message_id']);
  return messages;
}

type Fresh = { message: MessageRow; draft: QueueDraft };

/** Locked: a first try whose COMMIT is under way, on a connection that is lost to us, is waited for. */
async function notWritten(tx: Knex.Transaction, all: readonly ToQueue[]): Promise<Fresh[]> {
  const ids = all.map(({ draft }) => draft.id);
  const which = { columns: 'id, record_key', table: 'messages', key: 'id', isLocked: true };
  const rows = await rowsWith<Pick<MessageRow, 'id' | 'record_key'>>(tx, which, ids);
  const written = new Map(rows.map(({ id, record_key }) => [id, record_key]));
  return all.flatMap(({ draft }) => {
    const message = messageRow(draft.id, draft);
    const known = written.get(message.id);
    if (known !== undefined && known !== message.record_key) throw idTaken();
    return known === undefined ? [{ message, draft }] : [];
  });
}

/** Bodies are kept in pieces below the smallest packet limit in use (1 MB). */
const PIECE = 512 * 1024;

function piecesOf({ message, draft: { body } }: Fresh): object[] {
  const sealed_by = sealedBy(body);
  return Array.from({ length: Math.ceil(body.length / PIECE) }, (_, piece) => {
    const part = body.subarray(piece * PIECE, (piece + 1) * PIECE);
    return { message_id: message.id, piece, body: part, sealed_by };
  });
}
