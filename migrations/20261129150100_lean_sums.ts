import type { Knex } from 'knex';
import { isMysql } from './make-tables.ts';

/**
 * On SQLite the key of the sums was kept beside them, so that each sum that a report adds was looked up by itself. Now they
 * stand in the order of their key, as they do on MySQL: a report reads them one after the other, and they take half the room.
 */
export const up = (db: Knex): Promise<void> => rewrite(db, ' without rowid');
export const down = (db: Knex): Promise<void> => rewrite(db, '');

async function rewrite(db: Knex, kind: string): Promise<void> {
  if (isMysql(db)) return;
  const [table] = (await db('sqlite_master').where({ type: 'table', name: 'rollups' }).select('sql')) as {
    sql: string;
  }[];
  if (!table) return;
  const columns = table.sql.replace(/ without rowid$/i, '').replace(/^create table [`"]?rollups[`"]?/i, '');
  await db.raw(`create table rollups_anew ${columns}${kind}`);
  await db.raw('insert into rollups_anew select * from rollups order by span, what, bucket, domain, class, value');
  await db.raw('drop table rollups');
  await db.raw('alter table rollups_anew rename to rollups');
}
