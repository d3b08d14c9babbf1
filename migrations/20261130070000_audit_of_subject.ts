import type { Knex } from 'knex';
import { addIndex, dropIndex } from './make-tables.ts';

/** What was done to one message is read newest first, however long the audit is. */
const ADDED = ['subject', 'at'];

export const up = (db: Knex): Promise<void> => addIndex(db, 'audit', ADDED);
export const down = (db: Knex): Promise<void> => dropIndex(db, 'audit', ADDED);
