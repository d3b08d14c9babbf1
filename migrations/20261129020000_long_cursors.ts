import type { Knex } from 'knex';
import { isMysql } from './make-tables.ts';

/** The terms of a daemon with many domains, or the page at which a range of events goes on, take more than 64 KB. */
export async function up(db: Knex): Promise<void> {
  if (isMysql(db)) await db.raw('alter table cursors modify value longtext not null');
}

/** What is longer by then would be cut. */
export async function down(): Promise<void> {}
