import type { Knex } from 'knex';
import type { What } from '../../core/figures/counts.ts';
import { cover, type Piece, type Range } from '../../core/figures/cover.ts';
import { added, nameOfSum, type Sum } from '../../core/figures/sums.ts';
import type { Store } from '../db/open.ts';
import type { Pending } from './pending.ts';

const GROUP = ['domain', 'class', 'what', 'value'];

/**
 * The sums over a range for each domain and class, with the changes that are not added yet. It is one statement, so
 * that all figures are of one moment.
 */
export async function readSums({ db }: Store, range: Range, whats: readonly What[]): Promise<Sum[]> {
  const folded = cover(range).map((piece) => foldedSums(db, piece, whats));
  const pending = db('rollup_pending').select(
    db.raw("'' as ??, '' as ??, '' as ??, '' as ??, 0 as n, 0 as ms, body", GROUP),
  );
  const rows: (Sum & { body: string | null })[] = await db.unionAll([...folded, pending]);
  const wanted = new Set<string>(whats);
  const sums = rows.flatMap(({ body, ...sum }) =>
    body === null
      ? [{ ...sum, n: Number(sum.n), ms: Number(sum.ms) }]
      : pendingSums(body, range).filter((s) => wanted.has(s.what)),
  );
  return added(sums, nameOfSum);
}

const foldedSums = (db: Knex, { span, from, to, sign }: Piece, whats: readonly What[]) =>
  db('rollups')
    .where({ span })
    .whereIn('what', [...whats])
    .where('bucket', '>=', from)
    .where('bucket', '<', to)
    .groupBy(GROUP)
    .select([...GROUP, db.raw('? * sum(n) as n, ? * sum(ms) as ms, null as body', [sign, sign])]);

/**
 * Leaves out corrections of a single span: such a one is about a stored sum that is wrong, and counts when it is added.
 */
function pendingSums(body: string, { from, to }: Range): Sum[] {
  const { deltas } = JSON.parse(body) as Pending;
  return deltas.flatMap(([only, bucket, domain, cls, what, value, n, ms]) =>
    only === 0 && bucket >= from && bucket < to ? [{ domain, class: cls, what, value, n, ms }] : [],
  );
}
