import type { Knex } from 'knex';
import { addColumns, dropColumns } from './make-tables.ts';

export const up = (db: Knex): Promise<void> =>
  // When the application asked for it to be delivered, at the latest.
  addColumns(db, 'messages', { deliver_at: (t) => t.bigInteger('deliver_at').nullable() });

export const down = (db: Knex): Promise<void> => dropColumns(db, 'messages', ['deliver_at']);
