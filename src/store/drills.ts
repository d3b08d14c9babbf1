import { newId } from '../base/ids.ts';
import type { DrillReport, Fault, Ground, KeptDrill } from '../core/drills.ts';
import { shortened, storable } from '../core/safe-text.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { insertNew } from './db/statements.ts';
import { transact } from './db/transact.ts';

type Row = {
  id: string;
  fault: Fault;
  ground: Ground;
  started_at: Ms;
  ended_at: Ms | null;
  passed: number | null;
  failed: string;
};

/** Begins the drill of a turn; null when another process has begun it. */
export async function beginDrill(
  store: Store,
  { turn, fault, ground }: { turn: string; fault: Fault; ground: Ground },
  now: Ms,
): Promise<string | null> {
  const id = newId(now);
  const row = { id, turn, fault, ground, started_at: now, ended_at: null, passed: null, failed: '[]' };
  await transact(store, (tx) => insertNew(tx, 'drills', row, 'turn'));
  const made: { id: string } | undefined = await store.db('drills').where({ turn }).first('id');
  return made?.id === id ? id : null;
}

export type DrillEnd = { endedAt: Ms; passed: boolean; failed: readonly string[] };

export const failedIn = ({ checks }: Pick<DrillReport, 'checks'>): string[] =>
  checks.filter(({ result }) => result === 'failed').map(({ check }) => check);

/** Writes down how a drill ended; the first word stands. */
export async function endDrill(store: Store, id: string, { endedAt, passed, failed }: DrillEnd): Promise<void> {
  const words = failed.slice(0, MOST).map((one) => storable(shortened(one, 200), 200));
  const end = { ended_at: endedAt, passed: passed ? 1 : 0, failed: JSON.stringify(words) };
  await transact(store, (tx) => tx('drills').where({ id }).whereNull('ended_at').update(end));
}

/** So many reasons are enough for a sentence. */
const MOST = 8;

/** Writes a drill down that was made by hand. */
export async function keepDrill(store: Store, report: DrillReport): Promise<void> {
  const turn = newId(report.startedAt);
  const id = await beginDrill(store, { turn, fault: report.fault, ground: report.ground }, report.startedAt);
  if (id !== null)
    await endDrill(store, id, { endedAt: report.endedAt, passed: report.passed, failed: failedIn(report) });
}

/** The drill that ended last, or the one that has begun where none has; null when there was none. */
export async function lastDrill(store: Store): Promise<KeptDrill | null> {
  const newest = () => store.db('drills').orderBy('started_at', 'desc');
  const row: Row | undefined = (await newest().whereNotNull('ended_at').first()) ?? (await newest().first());
  return row ? keptOf(row) : null;
}

const keptOf = (row: Row): KeptDrill => ({
  ...{ id: row.id, fault: row.fault, ground: row.ground, startedAt: Number(row.started_at) },
  endedAt: row.ended_at === null ? null : Number(row.ended_at),
  passed: row.passed === null ? null : Number(row.passed) === 1,
  failed: JSON.parse(row.failed) as string[],
});
