import type { Knex } from 'knex';
import { newId } from '../base/ids.ts';
import { type BulkAction, type BulkCounts, type BulkPhase, NOTHING_COUNTED } from '../core/bulk.ts';
import { storable } from '../core/safe-text.ts';
import type { Ms } from '../core/time.ts';
import { type Claim, changeClaimed, claimNext, type Sendable } from './claims.ts';
import type { Store } from './db/open.ts';
import { deleteBy } from './db/statements.ts';
import { transact, transactOnce } from './db/transact.ts';
import type { Filter } from './messages/lists.ts';
import { audited, auditIn } from './notes/audit.ts';

/** Something that is done to much mail at once. */
export type BulkRun = {
  id: string;
  action: BulkAction;
  /** The mail, in the words of a search, and as what was understood of them. */
  query: string;
  filter: Filter;
  who: string;
  reason: string | null;
  phase: BulkPhase;
  createdAt: Ms;
  /** When it came into its phase. */
  phaseAt: Ms;
  /** Where the next batch begins. */
  place: string | null;
  counts: BulkCounts;
  /** What the check before it came to; null while that lasts. */
  checked: BulkCounts | null;
};

type Row = Omit<BulkRun, 'createdAt' | 'phaseAt' | 'filter' | 'counts' | 'checked'> & {
  filter: string;
  created_at: Ms;
  phase_at: Ms;
  counts: string;
  checked: string | null;
};

const COLUMNS = 'id action query filter who reason phase created_at phase_at place counts checked'.split(' ');

const runOf = ({ created_at, phase_at, filter, counts, checked, ...row }: Row): BulkRun => ({
  ...row,
  filter: JSON.parse(filter) as Filter,
  createdAt: Number(created_at),
  phaseAt: Number(phase_at),
  counts: JSON.parse(counts) as BulkCounts,
  checked: checked === null ? null : (JSON.parse(checked) as BulkCounts),
});

export type BulkWish = Pick<BulkRun, 'action' | 'query' | 'filter' | 'who'>;

/** Begins to count what would be done; gives its id. */
export function beginBulk(store: Store, wish: BulkWish, now: Ms): Promise<string> {
  const id = newId(now);
  const isDone = (tx: Store['db']) => tx('bulk_runs').where({ id }).first('id');
  return transactOnce(store, isDone, async (tx) => {
    const { action, query, filter, who } = wish;
    const said = { query: storable(query, 2000), filter: JSON.stringify(filter), who: storable(who, 100) };
    const row = { id, action, ...said, reason: null };
    const counts = JSON.stringify(NOTHING_COUNTED);
    const phase = { phase: 'checking', phase_at: now, place: null, counts, checked: null, pending: 1, due_at: now };
    await tx('bulk_runs').insert({ ...row, ...phase, created_at: now, lease: null });
    return id;
  });
}

export async function bulkRun({ db }: Store, id: string): Promise<BulkRun | null> {
  const row: Row | undefined = await db('bulk_runs').where({ id }).first(COLUMNS);
  return row ? runOf(row) : null;
}

/** The newest of them. */
export async function bulkRuns({ db }: Store, limit: number): Promise<BulkRun[]> {
  const rows: Row[] = await db('bulk_runs').orderBy('created_at', 'desc').limit(limit).select(COLUMNS);
  return rows.map(runOf);
}

/** Does what was counted, from the beginning, in the name of who says yes; false when it is not to be had any more: somebody else has begun or stopped it. */
export function confirmBulk(
  store: Store,
  run: BulkRun,
  { who, reason }: { who: string; reason: string },
  now: Ms,
): Promise<boolean> {
  const start = { phase: 'running', phase_at: now, place: null, counts: JSON.stringify(NOTHING_COUNTED), pending: 1 };
  const said = { who: storable(who, 100), reason: storable(reason, 1000) };
  const change = { ...start, ...said, checked: JSON.stringify(run.counts), due_at: now };
  const detail = `${run.action}, ${run.counts.done} deliveries of ${run.query}: ${reason}`;
  return turn(store, { run, from: ['ready'], change, entry: { who, what: 'bulk', detail } }, now);
}

/** Ends it: what is done stays done. Whoever is at it may still note what that was. */
export const stopBulk = (store: Store, run: BulkRun, who: string, now: Ms): Promise<boolean> =>
  turn(
    store,
    {
      run,
      from: ['checking', 'ready', 'running'],
      change: { phase: 'stopped', phase_at: now, pending: 0 },
      entry: { who, what: 'bulk_stop', detail: run.query },
    },
    now,
  );

type Turn = {
  run: BulkRun;
  from: readonly BulkPhase[];
  change: Record<string, unknown>;
  entry: { who: string; what: string; detail: string };
};

function turn(store: Store, { run, from, change, entry }: Turn, now: Ms): Promise<boolean> {
  const auditId = newId(now);
  return transactOnce(store, audited(auditId), async (tx) => {
    const mine = tx('bulk_runs')
      .where({ id: run.id })
      .whereIn('phase', [...from]);
    if ((await mine.update(change)) === 0) return false;
    await auditIn(tx, now, { ...entry, subject: run.id }, auditId);
    return true;
  });
}

const BULK: Sendable = { table: 'bulk_runs', key: 'id', order: 'due_at' };

export type TakenBulk = { run: BulkRun; claim: Claim };

/** Takes one that has something to do, until that moment; null when none has. */
export async function takeBulk(store: Store, times: { now: Ms; until: Ms }): Promise<TakenBulk | null> {
  const claim = await claimNext(store, BULK, times);
  const run = claim && (await bulkRun(store, claim.name));
  return claim && run ? { run, claim } : null;
}

export const holdBulk = (store: Store, claim: Claim, until: Ms): Promise<boolean> =>
  changeClaimed(store, BULK, claim, { due_at: until });

export type Progress = { counts: BulkCounts; place: string | null; phase: BulkPhase; dueAt: Ms };

/** What was done is taken back: another process has the run, or what was committed got no reply and is noted already. */
export class NotOurs extends Error {
  override readonly name = 'NotOurs';
}

/**
 * Notes how far it is, in the commit of what was done. Of what was done when somebody had stopped it already the counts are
 * kept. Throws `NotOurs`.
 */
export async function noteProgressIn(
  tx: Knex.Transaction,
  { run, claim }: TakenBulk,
  { counts, place, phase, dueAt }: Progress,
  now: Ms,
): Promise<void> {
  const mine = () => tx('bulk_runs').where({ id: claim.name, lease: claim.lease });
  const held: Pick<Row, 'phase'> | undefined = await mine().forUpdate().first('phase');
  if (!held) throw new NotOurs();
  const further = { place, phase, due_at: dueAt, ...(phase !== run.phase ? { phase_at: now, pending: 0 } : {}) };
  const isStopped = held.phase !== run.phase;
  await mine().update({ counts: JSON.stringify(counts), lease: null, ...(isStopped ? {} : further) });
}

/** The same in a commit of its own. */
export const noteProgress = (store: Store, taken: TakenBulk, progress: Progress, now: Ms): Promise<void> =>
  transact(store, (tx) => noteProgressIn(tx, taken, progress, now));

/** Forgets those that began before that moment and have nothing to do. */
export async function pruneBulk(store: Store, before: Ms, limit: number): Promise<number> {
  const old = store.db('bulk_runs').where({ pending: 0 }).where('created_at', '<', before);
  const ids: string[] = await old.limit(limit).pluck('id');
  return ids.length === 0 ? 0 : transact(store, (tx) => deleteBy(tx, 'bulk_runs', 'id', ids));
}
