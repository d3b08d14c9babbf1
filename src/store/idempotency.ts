import type { Ms } from '../core/time.ts';
import { sha256 } from './ids.ts';
import type { Store } from './open.ts';

/** A call by its caller's name for it, what it asked for, and the message that it makes. */
export type Call = { scope: string; key: string; fingerprint: string; id: string; messageId: string };

type Row = { key_hash: string; fingerprint: string; message_id: string; rfc_message_id: string; created_at: Ms };

/**
 * The ids of the call that has this key: those of the first one, whoever else comes with the same key, at the same time
 * or after a crash; null when that one asked for something else. The message is made afterwards, under these ids, and making it twice comes to the same.
 */
export async function rememberCall(
  store: Store,
  call: Call,
  now: Ms,
): Promise<{ id: string; messageId: string; repeated: boolean } | null> {
  const key_hash = sha256(`${call.scope}\n${call.key}`);
  const row: Row = {
    key_hash,
    fingerprint: call.fingerprint,
    message_id: call.id,
    rfc_message_id: call.messageId,
    created_at: now,
  };
  await store.db('calls').insert(row).onConflict('key_hash').ignore();
  const first: Row | undefined = await store.db('calls').where({ key_hash }).first();
  if (!first) throw new Error('the call was neither inserted nor found');
  if (first.fingerprint !== call.fingerprint) return null;
  return { id: first.message_id, messageId: first.rfc_message_id, repeated: first.message_id !== call.id };
}

/** Forgets calls from before that moment. */
export async function pruneCalls(store: Store, before: Ms, limit: number): Promise<number> {
  const old: { key_hash: string }[] = await store
    .db('calls')
    .where('created_at', '<', before)
    .orderBy('created_at')
    .select('key_hash')
    .limit(limit);
  if (old.length === 0) return 0;
  return store
    .db('calls')
    .whereIn(
      'key_hash',
      old.map((r) => r.key_hash),
    )
    .delete();
}
