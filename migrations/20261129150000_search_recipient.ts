import type { Knex } from 'knex';
import { addIndex, dropIndex } from './make-tables.ts';

const COLUMNS = ['recipient_key', 'state', 'class', 'message_at', 'message_id'];

/** An address that gets much mail must not cost a walk over all of it, where little or nothing of it fits. */
export const up = (db: Knex): Promise<void> => addIndex(db, 'deliveries', COLUMNS);
export const down = (db: Knex): Promise<void> => dropIndex(db, 'deliveries', COLUMNS);
