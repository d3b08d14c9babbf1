import { createHash } from 'node:crypto';
import type { Knex } from 'knex';

type Row = { id: string; domain: string; message_id: string; record_key: string };

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const nameOf = ({ domain, message_id }: Row): string => sha256(`${domain}\n${message_id}`);
const ownKeyOf = ({ id, domain, message_id }: Row): string => sha256(`${domain}\n${message_id}\n${id}`);

/** A message of the queue no longer owns its Message-Id: it has a key of its own, and the name among its handles. */
export async function up(db: Knex): Promise<void> {
  await eachQueued(db, async (row) => {
    const handle = { hash: nameOf(row), message_id: row.id };
    if (!(await db('handles').where(handle).first('hash'))) await db('handles').insert(handle);
    if (row.record_key !== ownKeyOf(row)) await rename(db, row, ownKeyOf(row));
  });
}

/** The first message with a Message-Id gets it back. */
export async function down(db: Knex): Promise<void> {
  await eachQueued(db, async (row) => {
    const taken: unknown = await db('messages')
      .where({ record_key: nameOf(row) })
      .first('id');
    if (!taken) await rename(db, row, nameOf(row));
  });
}

async function rename(db: Knex, { id }: Row, record_key: string): Promise<void> {
  await db('messages').where({ id }).update({ record_key });
}

/** In pages, because there may be millions of them. */
async function eachQueued(db: Knex, change: (row: Row) => Promise<void>): Promise<void> {
  for (let after = ''; ; ) {
    const page: (Row & { origin: string })[] = await db('messages')
      .where('id', '>', after)
      .orderBy('id')
      .limit(5000)
      .select('id', 'domain', 'message_id', 'record_key', 'origin');
    for (const row of page) if (row.origin === 'queued') await change(row);
    const last = page.at(-1)?.id;
    if (last === undefined) return;
    after = last;
  }
}
