import type { Knex } from 'knex';
import { handle } from '../../base/ids.ts';
import { insertNew } from '../db/statements.ts';
import { chunks } from '../db/transact.ts';
import type { Move } from '../rows/move.ts';
import type { Projection } from '../rows/projection.ts';

/** An id that a provider answered with, in place of the one that it was given, names the message from then on. */
export const answeredIds: Projection = { name: 'answered ids', project: noteIds };

async function noteIds(tx: Knex.Transaction, moves: readonly Move[]): Promise<void> {
  const rows = new Map(moves.flatMap(namesIn).map((row) => [`${row.hash} ${row.message_id}`, row]));
  for (const part of chunks([...rows.values()], 200)) await insertNew(tx, 'handles', part, ['hash', 'message_id']);
}

function namesIn({ fresh, after }: Move): { hash: string; message_id: string }[] {
  return fresh.flatMap((fact) => {
    if (fact.kind !== 'accepted' || fact.messageId === null || fact.messageId === after.rfcMessageId) return [];
    const provider = after.delivery.attempts.find((a) => a.number === fact.attempt)?.claim.provider;
    if (provider === undefined) return [];
    return [{ hash: handle(provider, 'reply', after.domain, fact.messageId), message_id: after.messageId }];
  });
}
