import type { Knex } from 'knex';
import type { Store } from './db/open.ts';

/** Facts by the index of what was written when: a server that expects most of the table would read and sort all of it. */
export const factsInTime = ({ kind, db }: Pick<Store, 'kind' | 'db'>): Knex.QueryBuilder =>
  kind === 'mysql' ? db.from(db.raw('facts force index (facts_recorded_at_index)')) : db('facts');
