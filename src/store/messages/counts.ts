import type { Knex } from 'knex';
import { STATES, type State } from '../../core/delivery.ts';
import { CLASSES } from '../../core/message-class.ts';
import { MOST_COUNTED } from '../db/counted.ts';
import type { Store } from '../db/open.ts';
import { recipientKey } from '../rows/rows.ts';
import type { Filter } from './lists.ts';

/** What an index has together with the state. */
const COUNTABLE: ReadonlySet<string> = new Set(['recipient', 'state', 'class', 'since', 'until']);

/**
 * How many deliveries are in each state, `MOST_COUNTED` + 1 for more than that. Null where it would take more than an index to
 * know, as for words.
 */
export async function countStates({ db }: Store, filter: Filter): Promise<Map<State, number> | null> {
  const said = Object.entries(filter).filter(([, value]) => value !== undefined && (value as []).length !== 0);
  if (said.some(([name]) => !COUNTABLE.has(name))) return null;
  const counts = STATES.flatMap((state) => waysOf(filter).map((way) => countOf(db, filter, { ...way, state })));
  const rows: { state: State; n: number | string }[] = await db.unionAll(counts);
  const sums = new Map<State, number>();
  for (const { state, n } of rows) sums.set(state, Math.min((sums.get(state) ?? 0) + Number(n), MOST_COUNTED + 1));
  return sums;
}

/** Within a time each class is counted by itself, as the index has it before the time. */
function waysOf({ recipient, class: kind, since, until }: Filter): Record<string, string>[] {
  const to = recipient === undefined ? {} : { recipient_key: recipientKey(recipient) };
  if (kind !== undefined) return [{ ...to, class: kind }];
  return since === undefined && until === undefined ? [to] : CLASSES.map((one) => ({ ...to, class: one }));
}

function countOf(db: Knex, { since, until }: Filter, way: Record<string, string>): Knex.QueryBuilder {
  const rows = db('deliveries').where(way).select(db.raw('1'));
  if (since !== undefined) rows.where('message_at', '>=', since);
  if (until !== undefined) rows.where('message_at', '<', until);
  const few = rows.limit(MOST_COUNTED + 1);
  return db
    .from(few.as('few'))
    .select(db.raw('? as state', [way['state'] ?? '']))
    .select(db.raw('count(*) as n'));
}
