import type { Knex } from 'knex';
import { addColumns, dropColumns } from './make-tables.ts';

export const up = (db: Knex): Promise<void> =>
  addColumns(db, 'domains', {
    // When the retention of the domain is to be asked next, and how often it could not be asked since it was last known.
    retention_due_at: (t) => t.bigInteger('retention_due_at').nullable(),
    retention_tries: (t) => t.integer('retention_tries').notNullable().defaultTo(0),
  });

export const down = (db: Knex): Promise<void> => dropColumns(db, 'domains', ['retention_due_at', 'retention_tries']);
