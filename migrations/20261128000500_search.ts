import type { Knex } from 'knex';
import { addColumns, addIndex, dropColumns, dropIndex } from './make-tables.ts';

type Index = readonly [table: string, columns: readonly string[]];

const ADDED: readonly Index[] = [
  // What a search walks, newest first: it stops where a page is full, however long the history is.
  ['messages', ['created_at', 'id']],
  ['messages', ['class', 'created_at', 'id']],
  ['deliveries', ['state', 'class', 'message_at', 'message_id']],
  ['deliveries', ['recipient_key', 'message_at', 'message_id']],
  // Without it the whole table was read whenever old messages were forgotten.
  ['alert_items', ['delivery_id']],
];

/** The beginning of one of those, or read by nobody any more. */
const REPLACED: readonly Index[] = [
  ['messages', ['created_at']],
  ['deliveries', ['recipient_key', 'created_at']],
];

export async function up(db: Knex): Promise<void> {
  // When the message was made: a delivery may have been added to it later.
  await addColumns(db, 'deliveries', { message_at: (t) => t.bigInteger('message_at').nullable() });
  await fill(db);
  for (const [table, columns] of ADDED) await addIndex(db, table, columns);
  for (const [table, columns] of REPLACED) await dropIndex(db, table, columns);
}

/** In parts, as one change of millions of rows would be held in memory and undone as a whole. */
async function fill(db: Knex): Promise<void> {
  for (let after = ''; ; ) {
    const part: { id: string }[] = await db('deliveries')
      .where('id', '>', after)
      .orderBy('id')
      .limit(5000)
      .select('id');
    const last = part.at(-1)?.id;
    if (last === undefined) return;
    await db('deliveries')
      .whereBetween('id', [part[0]?.id ?? last, last])
      .whereNull('message_at')
      .update({ message_at: db('messages').whereRaw('messages.id = deliveries.message_id').select('created_at') });
    after = last;
  }
}

export async function down(db: Knex): Promise<void> {
  for (const [table, columns] of REPLACED) await addIndex(db, table, columns);
  for (const [table, columns] of ADDED) await dropIndex(db, table, columns);
  await dropColumns(db, 'deliveries', ['message_at']);
}
