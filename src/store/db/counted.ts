import type { Knex } from 'knex';

/** Where there are more, they are not counted any further. */
export const MOST_COUNTED = 1000;

/** How many rows a query has, up to `MOST_COUNTED`. */
export async function countUpTo(db: Knex, rows: Knex.QueryBuilder): Promise<number> {
  const few = rows.limit(MOST_COUNTED).select(db.raw('1'));
  const row = await db.from(few.as('few')).count({ n: '*' }).first();
  return Number(row?.['n'] ?? 0);
}
