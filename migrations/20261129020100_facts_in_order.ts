import type { Knex } from 'knex';
import { addIndex, dropIndex } from './make-tables.ts';

/** What has happened is followed in the order in which it was written, whatever the history. */
export const up = (db: Knex): Promise<void> => addIndex(db, 'facts', ['recorded_at']);
export const down = (db: Knex): Promise<void> => dropIndex(db, 'facts', ['recorded_at']);
