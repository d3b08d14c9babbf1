import type { Knex } from 'knex';
import { AppError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import { renewing } from '../../base/renewing.ts';
import { quarterOf, SPANS, type Span } from '../../core/figures/cover.ts';
import { added, type Entry, entriesOf, nameOfEntry, sumEntries } from '../../core/figures/sums.ts';
import type { MessageClass } from '../../core/message-class.ts';
import { type Clock, DAY, HOUR, MINUTE, type Ms } from '../../core/time.ts';
import { addOnce } from '../db/added-once.ts';
import type { Store } from '../db/open.ts';
import { again, chunks } from '../db/transact.ts';
import { cursor, setCursor } from '../notes/cursors.ts';
import { giveUpTurn, holdTurn, takeTurn } from '../notes/turns.ts';
import { load } from '../rows/rows.ts';
import { addPending, type Delta, foldPending, type Pending, spansOf } from './pending.ts';
import { countedOf } from './rollup.ts';

/** A sum that differs from what the facts add up to. */
export type Difference = { span: Span; entry: Omit<Entry, 'n' | 'ms'>; kept: number; counted: number; ms: Ms };

export type Rebuilt = { days: number; deliveries: number; differences: Difference[] };

export type RebuildOptions = {
  now: Clock;
  /** Only say what differs. */
  check: boolean;
  progress(done: number, days: number, deliveries: number): void;
};

/**
 * The cursor that says that the figures of this database are complete. When the kind of figures changes it gets a new
 * name.
 */
const BUILT = 'rollups_built_3';
/** Messages created before this moment may have been deleted, so their sums can not be counted again. */
const PRUNED = 'rollups_pruned';
/** One process at a time corrects the figures: two would add the same difference twice. */
const GUARD = 'rollups_rebuild';
const GUARD_LEASE = MINUTE;

/**
 * Counts everything again from the facts, a day of UTC at a time, and corrects the sums that differ. Each day is read
 * in one snapshot and corrected by adding the difference, so that other work can go on. Throws a conflict while another
 * process does the same.
 */
export async function rebuild(store: Store, options: RebuildOptions): Promise<Rebuilt> {
  const { now } = options;
  const token = newId(now());
  if (!(await takeTurn(store, GUARD, token, { now: now(), until: now() + GUARD_LEASE })))
    throw new AppError('conflict', 'another process is counting the figures again: try it later');
  const renew = () => holdTurn(store, GUARD, token, now() + GUARD_LEASE);
  try {
    return await renewing({ lease: GUARD_LEASE, renew }, () => countAll(store, token, options));
  } finally {
    // If this fails, the guard is free when its lease ends. The error before it is the one to report.
    await giveUpTurn(store, GUARD, token).catch(() => {});
  }
}

async function countAll(store: Store, token: string, { now, check, progress }: RebuildOptions): Promise<Rebuilt> {
  const result: Rebuilt = { days: 0, deliveries: 0, differences: [] };
  const days = await daysToCount(store);
  for (const day of days) {
    const { deliveries, differences } = await snapshot(store, (db) => compareDay(db, day));
    if (differences.length > 0 && !check) await mend(store, token, differences, now());
    result.days++;
    result.deliveries += deliveries;
    result.differences.push(...differences);
    progress(result.days, days.length, result.deliveries);
  }
  while ((await foldPending(store)) > 0);
  if (!check) await setCursor(store, BUILT, '', now());
  return result;
}

/**
 * Builds the figures of a database whose deliveries are older than its figures. Does nothing the second time, and nothing
 * while another process does it.
 */
export async function ensureBuilt(
  store: Store,
  now: Clock,
  progress: RebuildOptions['progress'] = () => {},
): Promise<'built' | 'already' | 'busy'> {
  if (await cursor(store, BUILT)) return 'already';
  try {
    await rebuild(store, { now, check: false, progress });
    return 'built';
  } catch (error) {
    if (error instanceof AppError && error.code === 'conflict') return 'busy';
    throw error;
  }
}

/** Must be called where messages are deleted: their sums stay, and are not counted again. */
export async function rememberPruned(tx: Knex.Transaction, before: Ms): Promise<void> {
  const known: { value: string } | undefined = await tx('cursors').where({ name: PRUNED }).first('value');
  const value = String(Math.max(before, Number(known?.value ?? 0)));
  await tx('cursors').insert({ name: PRUNED, value, at: before }).onConflict('name').merge();
}

async function daysToCount(store: Store): Promise<Ms[]> {
  const pruned = Number((await cursor(store, PRUNED))?.value ?? 0);
  const first = Math.ceil(pruned / DAY) * DAY;
  const ends = await Promise.all([
    store
      .db('deliveries')
      .where('created_at', '>=', first)
      .min({ min: 'created_at' })
      .max({ max: 'created_at' })
      .first(),
    store.db('rollups').where('bucket', '>=', first).min({ min: 'bucket' }).max({ max: 'bucket' }).first(),
  ]);
  const known = ends.flatMap((e) => (e?.min === null || e === undefined ? [] : [Number(e.min), Number(e.max)]));
  if (known.length === 0) return [];
  const [from, to] = [Math.floor(Math.min(...known) / DAY) * DAY, Math.max(...known)];
  return Array.from({ length: Math.floor((to - from) / DAY) + 1 }, (_, i) => from + i * DAY);
}

function snapshot<T>(store: Store, read: (db: Knex) => Promise<T>): Promise<T> {
  // MySQL needs a snapshot, and Knex can not ask MariaDB for read-only in addition. SQLite always reads a snapshot;
  // read-only spares the lock.
  const sort = store.kind === 'mysql' ? { isolationLevel: 'repeatable read' as const } : { readOnly: true };
  return again(() => store.db.transaction(read, sort));
}

async function compareDay(db: Knex, day: Ms): Promise<{ deliveries: number; differences: Difference[] }> {
  const kept = await keptOf(db, day);
  const { deliveries, entries } = await countDay(db, day);
  const differences = SPANS.flatMap((span) => differencesOf(span, kept.get(span) ?? [], entries));
  return { deliveries, differences };
}

async function countDay(db: Knex, day: Ms): Promise<{ deliveries: number; entries: Entry[] }> {
  let deliveries = 0;
  let entries = await messagesOf(db, day);
  for (let hour = day; hour < day + DAY; hour += HOUR) {
    const rows: { id: string }[] = await db('deliveries')
      .where('created_at', '>=', hour)
      .where('created_at', '<', hour + HOUR)
      .select('id');
    deliveries += rows.length;
    for (const part of chunks(
      rows.map((r) => r.id),
      500,
    )) {
      const views = await load(db, part);
      const counted = [...views.values()].flatMap((view) => entriesOf(countedOf(view, view.delivery, false)));
      entries = added([...entries, ...counted], nameOfEntry);
    }
  }
  return { deliveries, entries };
}

async function messagesOf(db: Knex, day: Ms): Promise<Entry[]> {
  const first = db('deliveries').whereRaw('deliveries.message_id = messages.id').select(db.raw('1'));
  const rows: { domain: string; class: MessageClass; bucket: Ms; n: number }[] = await db('messages')
    .where('created_at', '>=', day)
    .where('created_at', '<', day + DAY)
    .whereExists(first)
    .groupByRaw('domain, class, created_at - created_at % 900000')
    .select('domain', 'class', db.raw('min(created_at) as bucket'), db.raw('count(*) as n'));
  return rows.map((r) => ({
    bucket: quarterOf(Number(r.bucket)),
    domain: r.domain,
    class: r.class,
    what: 'messages',
    value: '',
    n: Number(r.n),
    ms: 0,
  }));
}

/** What is kept of a day in each span, folded or not. */
async function keptOf(db: Knex, day: Ms): Promise<Map<Span, Entry[]>> {
  const rows: (Entry & { span: Span })[] = await db('rollups')
    .whereIn('span', [...SPANS])
    .where('bucket', '>=', day)
    .where('bucket', '<', day + DAY)
    .select('span', 'bucket', 'domain', 'class', 'what', 'value', 'n', 'ms');
  const pending: { body: string }[] = await db('rollup_pending').select('body');
  const deltas = pending.flatMap((p) => (JSON.parse(p.body) as Pending).deltas);
  const kept = new Map<Span, Entry[]>(SPANS.map((span) => [span, []]));
  for (const { span, ...e } of rows) {
    kept.get(Number(span) as Span)?.push({ ...e, bucket: Number(e.bucket), n: Number(e.n), ms: Number(e.ms) });
  }
  for (const [only, bucket, domain, cls, what, value, n, ms] of deltas) {
    if (bucket < day || bucket >= day + DAY) continue;
    for (const span of spansOf(only)) {
      kept.get(span)?.push({ bucket: bucket - (bucket % span), domain, class: cls, what, value, n, ms });
    }
  }
  return kept;
}

function differencesOf(span: Span, kept: readonly Entry[], counted: readonly Entry[]): Difference[] {
  const inSpan = counted.map((e) => ({ ...e, bucket: e.bucket - (e.bucket % span) }));
  const was = new Map(sumEntries([{ sign: 1, entries: kept }]).map((e) => [nameOfEntry(e), e]));
  const is = new Map(sumEntries([{ sign: 1, entries: inSpan }]).map((e) => [nameOfEntry(e), e]));
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((name) => {
    const [w, i] = [was.get(name), is.get(name)];
    const entry = i ?? w;
    const ms = (i?.ms ?? 0) - (w?.ms ?? 0);
    if (!entry || ((w?.n ?? 0) === (i?.n ?? 0) && ms === 0)) return [];
    return [{ span, entry, kept: w?.n ?? 0, counted: i?.n ?? 0, ms }];
  });
}

async function mend(store: Store, token: string, differences: readonly Difference[], now: Ms): Promise<void> {
  const deltas = differences.map(({ span, entry: e, kept, counted, ms }): Delta => {
    return [span, e.bucket, e.domain, e.class, e.what, e.value, counted - kept, ms];
  });
  await addOnce(store, now, async (tx) => {
    // If we have lost the guard another process has counted since, and we must not correct.
    // Written and not only locked, as nodes of a cluster know of no locks of each other.
    const held = await tx('cursors').where({ name: GUARD, value: token }).increment('at', 1);
    if (held === 0) throw new AppError('conflict', 'another process has begun to count the figures again');
    await addPending(tx, now, deltas, []);
  });
}
