import type { Knex } from 'knex';
import { newId } from '../../base/ids.ts';
import type { Delivery } from '../../core/delivery.ts';
import type { Counted, What } from '../../core/figures/counts.ts';
import { cover, SPANS, type Span } from '../../core/figures/cover.ts';
import { recipientDomain } from '../../core/figures/place.ts';
import { type Entry, entriesOf, sumEntries } from '../../core/figures/sums.ts';
import type { MessageClass } from '../../core/message-class.ts';
import { DAY, type Ms } from '../../core/time.ts';
import { maskReply } from '../../core/words/mask.ts';
import type { Store } from '../db/open.ts';
import { chunks, transact } from '../db/transact.ts';
import type { Move } from '../rows/move.ts';
import type { View } from '../rows/rows.ts';

/** One changed sum: `[span (0: all of them), bucket, domain, class, what, value, n, ms]`. */
export type Delta = [Span | 0, Ms, string, MessageClass, What, string, number, Ms];
type Example = { day: Ms; domain: string; place: string; reply: string };
type Pending = { deltas: Delta[]; examples: Example[] };

/**
 * Adds what these moves change in the figures, in the transaction that makes the moves: one row of its own, so that no
 * writer waits for another's sums. `foldPending` puts them into the sums; summaries count both.
 */
export async function countMoves(tx: Knex.Transaction, moves: readonly Move[], now: Ms): Promise<void> {
  const before = moves.flatMap((m) => (m.before ? entriesOf(countedOf(m.view, m.before, false)) : []));
  const after = moves.flatMap((m) => entriesOf(countedOf(m.after, m.after.delivery, m.first === true)));
  await addPending(tx, now, difference(before, after), moves.flatMap(exampleOf));
}

/** Moves what deliveries add to the figures to another class. */
export async function recount(
  tx: Knex.Transaction,
  views: readonly View[],
  toClass: MessageClass,
  now: Ms,
): Promise<void> {
  const counted = views.map((v, i) => countedOf(v, v.delivery, i === 0));
  const after = counted.flatMap((c) => entriesOf({ ...c, class: toClass }));
  await addPending(tx, now, difference(counted.flatMap(entriesOf), after), []);
}

export const countedOf = (view: View, delivery: Delivery, first: boolean): Counted => ({
  recipient: view.recipient,
  domain: view.domain,
  class: view.class,
  createdAt: view.birth.createdAt,
  facts: view.facts,
  delivery,
  first,
});

function difference(before: readonly Entry[], after: readonly Entry[]): Delta[] {
  const changes = sumEntries([
    { sign: -1, entries: before },
    { sign: 1, entries: after },
  ]);
  return changes.map((e) => [0, e.bucket, e.domain, e.class, e.what, e.value, e.n, e.ms]);
}

export async function addPending(
  tx: Knex,
  now: Ms,
  deltas: readonly Delta[],
  examples: readonly Example[],
): Promise<void> {
  const parts: Pending[] = chunks(deltas, 2000).map((part) => ({ deltas: part, examples: [] }));
  if (examples.length > 0) parts.push({ deltas: [], examples: [...examples] });
  if (parts.length === 0) return;
  await tx('rollup_pending').insert(parts.map((part) => ({ id: newId(now), body: JSON.stringify(part) })));
}

/** What the receiving server said when a delivery failed for the first time. */
function exampleOf({ view, before, after }: Move): Example[] {
  const failed = after.delivery.attempts.find((a) => a.failure);
  const known = before?.attempts.some((a) => a.failure) ?? false;
  const bounce = failed?.failure?.bounce;
  if (known || !failed || !bounce) return [];
  const words = [bounce.code, bounce.message || bounce.description].filter(Boolean).join(' ');
  const reply = maskReply(words, view.recipient, view.subject);
  const cause = failed.failure?.verdict?.cause ?? 'undetermined';
  const day = Math.floor(view.birth.createdAt / DAY) * DAY;
  return reply === ''
    ? []
    : [{ day, domain: view.domain, place: `${recipientDomain(view.recipient)} ${cause}`, reply }];
}

/**
 * Puts changes into the sums, up to `limit` rows of them; says how many rows it took. Each row is deleted in the
 * transaction that adds it, so it counts once, whoever folds and wherever it breaks off.
 */
export async function foldPending(store: Store, limit = 500): Promise<number> {
  return transact(store, async (tx) => {
    const rows: { id: string; body: string }[] = await tx('rollup_pending').orderBy('id').limit(limit).forUpdate();
    if (rows.length === 0) return 0;
    const ids = rows.map((r) => r.id);
    const deleted = await tx('rollup_pending').whereIn('id', ids).delete();
    if (deleted !== rows.length) throw new Error('changes of the figures went away while they were being added');
    const pending = rows.map((r) => JSON.parse(r.body) as Pending);
    await addToSums(
      tx,
      store.kind,
      pending.flatMap((p) => p.deltas),
    );
    await addExamples(
      tx,
      pending.flatMap((p) => p.examples),
    );
    return rows.length;
  });
}

type Sum = {
  span: Span;
  what: What;
  bucket: Ms;
  domain: string;
  class: MessageClass;
  value: string;
  n: number;
  ms: Ms;
};

async function addToSums(tx: Knex.Transaction, kind: Store['kind'], deltas: readonly Delta[]): Promise<void> {
  const sums = new Map<string, Sum>();
  for (const [only, at, domain, cls, what, value, n, ms] of deltas) {
    for (const span of only === 0 ? SPANS : [only]) {
      const bucket = Math.floor(at / span) * span;
      // The order of this key is the order of the table's: all who write these rows take them in the same order.
      const key = [String(span).padStart(8, '0'), what, String(bucket).padStart(15, '0'), domain, cls, value].join(
        '\n',
      );
      const sum = sums.get(key) ?? { span, what, bucket, domain, class: cls, value, n: 0, ms: 0 };
      sums.set(key, { ...sum, n: sum.n + n, ms: sum.ms + ms });
    }
  }
  const changed = [...sums].filter(([, s]) => s.n !== 0 || s.ms !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
  const added = (name: string) =>
    (kind === 'mysql' ? ['?? + values(??)', [name, name]] : [`?? + ??`, [`rollups.${name}`, `excluded.${name}`]]) as [
      string,
      string[],
    ];
  for (const part of chunks(changed, 300)) {
    await tx('rollups')
      .insert(part.map(([, sum]) => sum))
      .onConflict(['span', 'what', 'bucket', 'domain', 'class', 'value'])
      .merge({ n: tx.raw(...added('n')), ms: tx.raw(...added('ms')) });
  }
}

async function addExamples(tx: Knex.Transaction, examples: readonly Example[]): Promise<void> {
  const first = new Map<string, Example>();
  for (const e of examples) {
    const key = `${e.day}\n${e.domain}\n${e.place}`;
    if (!first.has(key)) first.set(key, e);
  }
  for (const part of chunks(
    [...first].sort(([a], [b]) => (a < b ? -1 : 1)),
    200,
  )) {
    await tx('rollup_examples')
      .insert(part.map(([, e]) => e))
      .onConflict(['day', 'domain', 'place'])
      .merge(['day']);
  }
}

export type Figure = { domain: string; class: MessageClass; what: What; value: string; n: number; ms: Ms };

/** The sums over a period for each domain and class, changes that are not folded yet included: one statement, so one moment. */
export async function figures(store: Store, from: Ms, to: Ms, whats: readonly What[]): Promise<Figure[]> {
  const { db } = store;
  const groups = ['domain', 'class', 'what', 'value'];
  const pieces = cover({ from, to }).map((p) =>
    db('rollups')
      .where({ span: p.span })
      .whereIn('what', [...whats])
      .where('bucket', '>=', p.from)
      .where('bucket', '<', p.to)
      .groupBy(groups)
      .select([...groups, db.raw('sum(n) as n'), db.raw('sum(ms) as ms'), db.raw('null as body')]),
  );
  const pending = db('rollup_pending').select(
    db.raw("'' as ??, '' as ??, '' as ??, '' as ??, 0 as n, 0 as ms, body", groups),
  );
  const rows: (Figure & { body: string | null })[] = await db.unionAll([...pieces, pending]);
  const wanted = new Set<string>(whats);
  const sums = new Map<string, Figure>();
  const add = (f: Figure) => {
    const key = `${f.domain}\n${f.class}\n${f.what}\n${f.value}`;
    const sum = sums.get(key);
    sums.set(key, { ...f, n: (sum?.n ?? 0) + f.n, ms: (sum?.ms ?? 0) + f.ms });
  };
  for (const { body, n, ms, ...rest } of rows) {
    if (body === null) add({ ...rest, n: Number(n), ms: Number(ms) });
    else for (const f of unfolded(body, from, to)) if (wanted.has(f.what)) add(f);
  }
  return [...sums.values()].filter((f) => f.n !== 0 || f.ms !== 0);
}

function unfolded(body: string, from: Ms, to: Ms): Figure[] {
  const { deltas } = JSON.parse(body) as Pending;
  // A correction of one span only is about a sum that is stored wrongly; it counts when it is folded.
  return deltas.flatMap(([only, bucket, domain, cls, what, value, n, ms]) =>
    only === 0 && bucket >= from && bucket < to ? [{ domain, class: cls, what, value, n, ms }] : [],
  );
}

/** One reply for each of these places (recipient domain and cause) in the days of the period. */
export async function examples(
  store: Store,
  from: Ms,
  to: Ms,
  places: readonly string[],
): Promise<Map<string, string>> {
  if (places.length === 0) return new Map();
  const rows: Example[] = await store
    .db('rollup_examples')
    .whereBetween('day', [Math.floor(from / DAY) * DAY, to - 1])
    .whereIn('place', [...places])
    .orderBy('day')
    .limit(1000);
  return new Map(rows.map((r) => [r.place, r.reply]));
}
