import type { Knex } from 'knex';
import { AppError } from '../../base/errors.ts';
import { sha256 } from '../../base/ids.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { transact } from '../db/transact.ts';
import type { MessageRow } from '../rows/rows.ts';

/**
 * The name that a caller gave to a call (its Idempotency-Key), and a fingerprint of what was asked for. A call is
 * performed once.
 */
export type Call = {
  scope: string;
  key: string;
  fingerprint: string;
  /** The same call is performed again once all mail of the first one has reached its end. */
  untilEnded?: boolean;
  /** What it asks for, where the same may be asked for under other names. */
  alike?: Call;
};

/** All that the call is known by. */
export const namesOf = (call: Call | null): Call[] => (call === null ? [] : [call, ...namesOf(call.alike ?? null)]);

/** The message that a call makes. */
type Made = { id: string; messageId: string };

type Row = { key_hash: string; fingerprint: string; message_id: string; rfc_message_id: string; created_at: Ms };

/**
 * The message of the first call with this key, which is `mine` if this call is the first. It is found in the
 * transaction that makes the message; other calls with the key wait until that is committed. Throws `mismatch` when the
 * first call asked for something else.
 */
export async function firstCall(tx: Knex.Transaction, call: Call, mine: Made, now: Ms): Promise<Made> {
  const key_hash = sha256(`${call.scope}\n${call.key}`);
  const ids = { message_id: mine.id, rfc_message_id: mine.messageId };
  const row: Row = { key_hash, fingerprint: call.fingerprint, ...ids, created_at: now };
  await insertNew(tx, 'calls', row, 'key_hash');
  const first: Row | undefined = await tx('calls').where({ key_hash }).first();
  if (!first) throw new Error('the call was neither inserted nor found');
  if (first.fingerprint !== call.fingerprint)
    throw new AppError('mismatch', 'this Idempotency-Key was used for another message');
  if (first.message_id !== mine.id && (await stands(tx, call, first)))
    return { id: first.message_id, messageId: first.rfc_message_id };
  const made = call.alike ? await firstCall(tx, call.alike, mine, now) : mine;
  if (first.message_id !== made.id)
    await tx('calls')
      .where({ key_hash })
      .update({ message_id: made.id, rfc_message_id: made.messageId, created_at: now });
  return made;
}

/**
 * Waits until all others that make a message with this key of the application's are committed, so that each sees those
 * before it. On MySQL the row is locked; SQLite has one writer at a time anyway.
 */
export async function inTurn(tx: Knex.Transaction, { id, domain }: MessageRow, key: string, now: Ms): Promise<void> {
  const row: Row = {
    // No call has an empty scope.
    key_hash: sha256(`\n${domain}\n${key}`),
    fingerprint: '',
    message_id: id,
    rfc_message_id: '',
    created_at: now,
  };
  await insertNew(tx, 'calls', row, 'key_hash');
}

/**
 * Whether the first call still counts. Version 0.1.0 kept a call before it made the message: if that was refused or broke
 * off there is none.
 */
async function stands(tx: Knex.Transaction, { untilEnded }: Call, { message_id }: Row): Promise<boolean> {
  const made: unknown = untilEnded
    ? await tx('deliveries').where({ message_id }).whereNull('ended_at').first('id')
    : await tx('messages').where({ id: message_id }).first('id');
  return made !== undefined;
}

/** Forgets calls from before that moment. */
export async function pruneCalls(store: Store, before: Ms, limit: number): Promise<number> {
  const old: { key_hash: string }[] = await store
    .db('calls')
    .where('created_at', '<', before)
    .orderBy('created_at')
    .select('key_hash')
    .limit(limit);
  const hashes = old.map((r) => r.key_hash);
  return hashes.length === 0 ? 0 : transact(store, (tx) => tx('calls').whereIn('key_hash', hashes).delete());
}
