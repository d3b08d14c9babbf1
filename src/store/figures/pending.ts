import type { Knex } from 'knex';
import { newId } from '../../base/ids.ts';
import type { What } from '../../core/figures/counts.ts';
import { SPANS, type Span } from '../../core/figures/cover.ts';
import { added, type Entry } from '../../core/figures/sums.ts';
import type { MessageClass } from '../../core/message-class.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { addUp, insertNew } from '../db/statements.ts';
import { chunks, transact } from '../db/transact.ts';
import { addSendings, type SendingDelta } from './sendings.ts';

/**
 * One change of a sum, in a short form because many are kept: `[span (0: all of them), bucket, domain, class, what,
 * value, n, ms]`.
 */
export type Delta = [Span | 0, Ms, string, MessageClass, What, string, number, Ms];
export type Example = { day: Ms; domain: string; place: string; reply: string };
/** The body of a row of `rollup_pending`. */
export type Pending = {
  deltas: Delta[];
  examples: Example[] /** Absent where there are none. */;
  sendings?: SendingDelta[];
};

/** Writes changes of sums into rows of their own, so that no writer waits for a sum that another is changing. */
export async function addPending(
  tx: Knex,
  now: Ms,
  deltas: readonly Delta[],
  examples: readonly Example[],
  sendings: readonly SendingDelta[] = [],
): Promise<void> {
  const parts: Pending[] = chunks(deltas, 2000).map((part) => ({ deltas: part, examples: [] }));
  if (examples.length > 0) parts.push({ deltas: [], examples: [...examples] });
  if (sendings.length > 0) {
    const first = parts[0] ?? { deltas: [], examples: [] };
    parts[0] = { ...first, sendings: [...sendings] };
  }
  if (parts.length === 0) return;
  await tx('rollup_pending').insert(parts.map((part) => ({ id: newId(now), body: JSON.stringify(part) })));
}

/**
 * Adds up to `limit` rows of changes to the sums; says how many rows it took. Each row is deleted in the same
 * transaction, so it counts once, whichever process does it and wherever it breaks off.
 */
export async function foldPending(store: Store, limit = 500): Promise<number> {
  return transact(store, async (tx) => {
    const rows: { id: string; body: string }[] = await tx('rollup_pending').orderBy('id').limit(limit).forUpdate();
    if (rows.length === 0) return 0;
    const ids = rows.map((row) => row.id);
    const deleted = await tx('rollup_pending').whereIn('id', ids).delete();
    if (deleted !== rows.length) throw new Error('changes of the figures went away while they were being added');
    const pending = rows.map((row) => JSON.parse(row.body) as Pending);
    const deltas = pending.flatMap((p) => p.deltas);
    await addToSums(tx, deltas.flatMap(rowsOf));
    const examples = pending.flatMap((p) => p.examples);
    await addExamples(tx, examples);
    await addSendings(
      tx,
      pending.flatMap((p) => p.sendings ?? []),
    );
    return rows.length;
  });
}

/** Takes out the first of the changes, which can't be added. The figures lack it until they are counted again. */
export async function dropPending(store: Store): Promise<void> {
  const first: { id: string } | undefined = await store.db('rollup_pending').orderBy('id').first('id');
  if (first) await transact(store, (tx) => tx('rollup_pending').where({ id: first.id }).delete());
}

/** A row of `rollups`. */
type Row = Entry & { span: Span };

const rowsOf = ([only, at, domain, cls, what, value, n, ms]: Delta): Row[] =>
  spansOf(only).map((span) => ({ span, what, bucket: at - (at % span), domain, class: cls, value, n, ms }));

export const spansOf = (only: Span | 0): readonly Span[] => (only === 0 ? SPANS : [only]);

const KEYS = ['span', 'what', 'bucket', 'domain', 'class', 'value'];
const SUMS = { table: 'rollups', keys: KEYS, sums: ['n', 'ms'] };

/** Rows are written in the order of the key of the table, so that two writers do not wait for each other. */
const inOrder = (r: Row): string =>
  [String(r.span).padStart(8, '0'), r.what, String(r.bucket).padStart(15, '0'), r.domain, r.class, r.value].join('\n');

async function addToSums(tx: Knex.Transaction, rows: readonly Row[]): Promise<void> {
  const changed = added(rows, inOrder)
    .map((row) => ({ row, key: inOrder(row) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  await addUp(
    tx,
    SUMS,
    changed.map(({ row }) => row),
  );
}

/** Keeps the first reply of each day, domain and place. */
async function addExamples(tx: Knex.Transaction, examples: readonly Example[]): Promise<void> {
  const first = new Map<string, Example>();
  for (const e of examples) {
    const key = `${e.day}\n${e.domain}\n${e.place}`;
    if (!first.has(key)) first.set(key, e);
  }
  const inTurn = [...first].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, e]) => e);
  await insertNew(tx, 'rollup_examples', inTurn, ['day', 'domain', 'place']);
}
