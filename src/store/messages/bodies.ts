import { letGo } from '../../base/let-go.ts';
import type { Store } from '../db/open.ts';

/** The sealed body of a message, put together from its pieces, or from its first ones; null when none is kept. */
export async function sealedBody(store: Store, messageId: string, pieces = 200): Promise<Buffer | null> {
  const rows: { body: Buffer }[] = await store
    .db('message_bodies')
    .where({ message_id: messageId })
    .orderBy('piece')
    .select('body')
    .limit(pieces);
  if (rows.length === 0) return null;
  const whole = Buffer.concat(rows.map((r) => r.body));
  for (const { body } of rows) letGo(body);
  return whole;
}

/** Of these messages, the sealed bodies of that many bytes at most, all in one statement. */
export async function smallBodies(
  store: Store,
  messageIds: readonly string[],
  most: number,
): Promise<Map<string, Buffer>> {
  if (messageIds.length === 0) return new Map();
  const rows: { message_id: string; body: Buffer }[] = await store
    .db('message_bodies')
    .whereIn('message_id', [...new Set(messageIds)])
    .where({ piece: 0 })
    .whereRaw('length(body) <= ?', most)
    .select('message_id', 'body');
  return new Map(rows.map((r) => [r.message_id, r.body]));
}

/** Of these messages, the ones that a body is kept of. */
export async function withBodies(store: Store, messageIds: readonly string[]): Promise<Set<string>> {
  const rows: { message_id: string }[] = await store
    .db('message_bodies')
    .whereIn('message_id', [...new Set(messageIds)])
    .where({ piece: 0 })
    .select('message_id');
  return new Set(rows.map((r) => r.message_id));
}

/** Whose key bodies are kept under, by its name, and of how many messages; null where a body does not say. */
export async function sealers(store: Store): Promise<{ key: string | null; messages: number }[]> {
  const rows: { sealed_by: string | null; n: number | string }[] = await store
    .db('message_bodies')
    .where({ piece: 0 })
    .groupBy('sealed_by')
    .select('sealed_by')
    .count({ n: '*' });
  return rows.map(({ sealed_by, n }) => ({ key: sealed_by, messages: Number(n) }));
}

/** The newest message whose body does not say what it is sealed with. */
export async function namelessBody(store: Store): Promise<string | null> {
  const row: { message_id: string } | undefined = await store
    .db('message_bodies')
    .where({ piece: 0 })
    .whereNull('sealed_by')
    .orderBy('message_id', 'desc')
    .first('message_id');
  return row?.message_id ?? null;
}
