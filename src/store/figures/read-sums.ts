import type { Knex } from 'knex';
import type { Count, What } from '../../core/figures/counts.ts';
import { cover, type Piece, type Range } from '../../core/figures/cover.ts';
import { added, type Sum } from '../../core/figures/sums.ts';
import type { Store } from '../db/open.ts';
import type { Pending } from './pending.ts';

type Key = Exclude<keyof Sum, 'n' | 'ms'>;
/** The database sorts by these, so what differs most stands first. */
const EACH: readonly Key[] = ['value', 'class', 'domain', 'what'];
const TOTAL: readonly Key[] = ['value', 'what'];

/**
 * The sums over a range for each domain and class, with the changes that are not added yet. It is one statement, so
 * that all figures are of one moment.
 */
export const readSums = (store: Store, range: Range, whats: readonly What[]): Promise<Sum[]> =>
  sumsBy(EACH, store, range, whats);

/** The same over all domains and classes together, which costs half as much. */
export const readTotals = (store: Store, range: Range, whats: readonly What[]): Promise<Count[]> =>
  sumsBy(TOTAL, store, range, whats);

async function sumsBy(keys: readonly Key[], { db }: Store, range: Range, whats: readonly What[]): Promise<Sum[]> {
  const folded = cover(range).map((piece) => foldedSums(db, piece, whats, keys));
  const pending = db('rollup_pending').select([
    ...keys.map((key) => db.raw("'' as ??", [key])),
    db.raw('0 as n, 0 as ms, body'),
  ]);
  const rows: (Sum & { body: string | null })[] = await db.unionAll([...folded, pending]);
  const wanted = new Set<string>(whats);
  const sums = rows.flatMap(({ body, domain, class: kind, what, value, n, ms }) =>
    body === null
      ? [{ domain, class: kind, what, value, n: Number(n), ms: Number(ms) }]
      : pendingSums(body, range).filter((s) => wanted.has(s.what)),
  );
  return added(sums, (sum) => keys.map((key) => sum[key]).join('\n'));
}

const foldedSums = (db: Knex, { span, from, to, sign }: Piece, whats: readonly What[], keys: readonly Key[]) =>
  db('rollups')
    .where({ span })
    .whereIn('what', [...whats])
    .where('bucket', '>=', from)
    .where('bucket', '<', to)
    .groupBy(keys)
    .select([...keys, db.raw('? * sum(n) as n, ? * sum(ms) as ms, null as body', [sign, sign])]);

/**
 * Leaves out corrections of a single span: such a one is about a stored sum that is wrong, and counts when it is added.
 */
function pendingSums(body: string, { from, to }: Range): Sum[] {
  const { deltas } = JSON.parse(body) as Pending;
  return deltas.flatMap(([only, bucket, domain, cls, what, value, n, ms]) =>
    only === 0 && bucket >= from && bucket < to ? [{ domain, class: cls, what, value, n, ms }] : [],
  );
}
