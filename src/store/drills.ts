import { newId } from '../base/ids.ts';
import { type DrillReport, type Fault, failedIn, type Ground, type KeptDrill, LONGEST_DRILL } from '../core/drills.ts';
import { shortened, storable } from '../core/safe-text.ts';
import type { Ms } from '../core/time.ts';
import { raiseIn } from './alerts.ts';
import type { Store } from './db/open.ts';
import { insertNew } from './db/statements.ts';
import { inOneStatement, transact } from './db/transact.ts';

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
  await inOneStatement(store, (tx) => insertNew(tx, 'drills', row, 'turn'));
  const made: { id: string } | undefined = await store.db('drills').where({ turn }).first('id');
  return made?.id === id ? id : null;
}

export type DrillEnd = { endedAt: Ms; passed: boolean; failed: readonly string[] };

/** Writes down how a drill ended, and with it what people are alerted of, if anything; the first word stands. */
export async function endDrill(store: Store, id: string, end: DrillEnd, alert: string | null = null): Promise<void> {
  const kind = 'drill_failed';
  await transact(store, async (tx) => {
    const isFirst = (await tx('drills').where({ id }).whereNull('ended_at').update(columnsOf(end))) > 0;
    if (isFirst && alert !== null)
      await raiseIn(tx, { item_key: `${kind}:${id}`, incident: kind, kind, at: end.endedAt, detail: alert });
  });
}

/** One that was ended with its daemon has shown nothing. */
export async function forgetDrill(store: Store, id: string): Promise<void> {
  await inOneStatement(store, (tx) => tx('drills').where({ id }).whereNull('ended_at').delete());
}

/** Writes a drill down that was made by hand. */
export async function keepDrill(store: Store, report: DrillReport): Promise<void> {
  const { fault, ground, startedAt, endedAt, passed } = report;
  const id = newId(startedAt);
  const end = columnsOf({ endedAt, passed, failed: failedIn(report) });
  const row = { id, turn: id, fault, ground, started_at: startedAt, ...end };
  await inOneStatement(store, (tx) => insertNew(tx, 'drills', row, 'turn'));
}

/** So many reasons are enough for a sentence. */
const MOST = 8;

function columnsOf({ endedAt, passed, failed }: DrillEnd): Pick<Row, 'ended_at' | 'passed' | 'failed'> {
  const words = failed.slice(0, MOST).map((one) => storable(shortened(one, 200), 200));
  return { ended_at: endedAt, passed: passed ? 1 : 0, failed: JSON.stringify(words) };
}

/** The last drill that ended or should have, or the one that goes on where none has; null when there was none. */
export async function lastDrill(store: Store, now: Ms): Promise<KeptDrill | null> {
  const newest = () => store.db('drills').orderBy('started_at', 'desc');
  const over = newest().where((one) => one.whereNotNull('ended_at').orWhere('started_at', '<', now - LONGEST_DRILL));
  const row: Row | undefined = (await over.first()) ?? (await newest().first());
  return row ? keptOf(row) : null;
}

const keptOf = (row: Row): KeptDrill => ({
  ...{ id: row.id, fault: row.fault, ground: row.ground, startedAt: Number(row.started_at) },
  endedAt: row.ended_at === null ? null : Number(row.ended_at),
  passed: row.passed === null ? null : Number(row.passed) === 1,
  failed: JSON.parse(row.failed) as string[],
});
