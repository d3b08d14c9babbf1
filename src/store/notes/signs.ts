import type { Knex } from 'knex';
import type { Latencies, Took } from '../../core/latency.ts';
import type { Signs } from '../../core/signs.ts';
import type { Ms } from '../../core/time.ts';
import { addOnce } from '../db/added-once.ts';
import type { Store } from '../db/open.ts';
import { addUp } from '../db/statements.ts';
import { transact } from '../db/transact.ts';

/** What is seen is counted by the sixth of the time for which it counts. */
const bucketOf = (at: Ms, window: Ms): Ms => at - (at % Math.max(1, Math.round(window / 6)));

type Moment = { now: Ms; window: Ms };

/** How a hand-over ended, and how long it took. */
export type Ending = 'taken' | 'failed' | 'barred';
type SignKind = Ending | 'unreached' | Took;
export type Sign = { provider: string; kind: SignKind; n: number };

/** Counts how hand-overs ended, and how long they took. */
export async function addSignsIn(tx: Knex, signs: readonly Sign[], { now, window }: Moment): Promise<void> {
  const bucket = bucketOf(now, window);
  const rows = signs.map((sign) => ({ ...sign, bucket })).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  await addUp(tx, SUMS, rows);
}

/** The same, in a commit of its own. */
export const addSigns = (store: Store, signs: readonly Sign[], moment: Moment): Promise<void> =>
  addOnce(store, moment.now, (tx) => addSignsIn(tx, signs, moment));

const SUMS = { table: 'signs', keys: ['provider', 'bucket', 'kind'], sums: ['n'] };

/** Rows are written in one order, so that two writers do not wait for each other. */
const nameOf = ({ provider, kind }: Sign): string => `${provider} ${kind}`;

/** What was counted of late. */
export async function signsOf(
  store: Store,
  provider: string,
  { now, window }: Moment,
): Promise<Pick<Signs, Ending | 'unreached'> & { took: Latencies }> {
  const { taken = 0, failed = 0, barred = 0, unreached = 0, ...took } = await counted(store, provider, now - window);
  return { taken, failed, barred, unreached, took };
}

/** How long hand-overs took before that moment, as far back as signs are kept. */
export const tookBefore = (store: Store, provider: string, moment: Ms): Promise<Latencies> =>
  counted(store, provider, 0, moment);

type Counted = Partial<Record<SignKind, number>>;

async function counted({ db }: Store, provider: string, after: Ms, until = Number.MAX_SAFE_INTEGER): Promise<Counted> {
  const some = db('signs').where({ provider }).where('bucket', '>', after).where('bucket', '<=', until);
  const rows: { kind: SignKind; n: number | string }[] = await some.groupBy('kind').select('kind').sum({ n: 'n' });
  return Object.fromEntries(rows.map(({ kind, n }) => [kind, Number(n)]));
}

/** What was counted before that moment; says how many rows went. */
export function forgetSigns(store: Store, before: Ms): Promise<number> {
  return transact(store, (tx) => tx('signs').where('bucket', '<', before).delete());
}
