// What was seen of DNS records and blocklists.
import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { after, CURRENT_FOR, outOfSight, type Standing, UNKNOWN, type Verdict } from '../core/care/standing.ts';
import { storable } from '../core/safe-text.ts';
import type { Ms } from '../core/time.ts';
import { type RaisedItem, raiseIn } from './alerts.ts';
import type { Store } from './db/open.ts';
import { deleteBy, rowsWith } from './db/statements.ts';
import { transact } from './db/transact.ts';

export type CareKind = 'dns' | 'listing' | 'account' | 'warmup';

/** One thing that was looked at; `name` is the same from look to look. */
export type Look<Body> = { name: string; state: string; verdict: Verdict; body: Body };

export type Kept<Body> = Standing & { name: string; state: string; lookedAt: Ms; body: Body };

type Row = {
  id: string;
  kind: CareKind;
  name: string;
  state: string;
  known: 'well' | 'ill' | null;
  since: Ms | null;
  well_at: Ms | null;
  told: number;
  looked_at: Ms;
  body: string;
};

const idOf = (kind: CareKind, name: string): string => createHash('sha256').update(`${kind} ${name}`).digest('hex');

export type Keeping<Body> = {
  kind: CareKind;
  at: Ms;
  /** Whether it is news that something is ill which was never seen well. */
  firstIsNews: boolean;
  /** What is told of a change. `before` is how it stood until then. */
  tell(news: 'ill' | 'well', now: Kept<Body>, before: Standing): RaisedItem;
};

/** Keeps what a look has come to, and raises the alerts about what has changed, in one. */
export async function keepLook<Body extends object>(
  store: Store,
  looks: readonly Look<Body>[],
  { kind, at, firstIsNews, tell }: Keeping<Body>,
): Promise<Kept<Body>[]> {
  return transact(store, async (tx) => {
    const ids = looks.map(({ name }) => idOf(kind, name)).toSorted();
    const rows = await rowsWith<Row>(tx, { table: 'care', key: 'id', isLocked: true }, ids);
    const known = new Map(rows.map((row) => [row.id, keptOf<Body>(row)]));
    const kept: Kept<Body>[] = [];
    for (const look of looks.toSorted((a, b) => (idOf(kind, a.name) < idOf(kind, b.name) ? -1 : 1))) {
      const row = known.get(idOf(kind, look.name));
      const before: Standing = row === undefined ? UNKNOWN : row.lookedAt < at - CURRENT_FOR ? outOfSight(row) : row;
      const { standing, news } = after(before, { verdict: look.verdict, at, firstIsNews });
      const now: Kept<Body> = { ...standing, name: look.name, state: look.state, lookedAt: at, body: look.body };
      await putRow(tx, kind, now);
      if (news !== null) await raiseIn(tx, tell(news, now, before));
      kept.push(now);
    }
    return kept;
  });
}

async function putRow(tx: Knex.Transaction, kind: CareKind, one: Kept<object>): Promise<void> {
  const row: Row = {
    ...{ id: idOf(kind, one.name), kind, name: storable(one.name, 600), state: one.state, known: one.known },
    ...{ since: one.since, well_at: one.wellAt, told: one.told ? 1 : 0, looked_at: one.lookedAt },
    body: JSON.stringify(one.body),
  };
  await tx('care').insert(row).onConflict('id').merge();
}

const numberIn = (at: Ms | null): Ms | null => (at === null ? null : Number(at));

const keptOf = <Body>(row: Row): Kept<Body> => ({
  ...{ name: row.name, state: row.state, known: row.known, since: numberIn(row.since), wellAt: numberIn(row.well_at) },
  ...{ told: Number(row.told) === 1, lookedAt: Number(row.looked_at), body: JSON.parse(row.body) as Body },
});

/** More than there is of one kind. */
const MOST = 5000;

/** What was looked at since then. */
export async function lookedAt<Body>(store: Store, kind: CareKind, since: Ms): Promise<Kept<Body>[]> {
  const rows: Row[] = await store
    .db('care')
    .where({ kind })
    .where('looked_at', '>=', since)
    .orderBy('looked_at', 'desc')
    .limit(MOST);
  return rows.map(keptOf<Body>);
}

/**
 * Whether something of the kind is ill, and people were told so. What the looks of the last days left out, while they came to
 * others, is watched no more; while nobody looks at all nothing has ended.
 */
export async function isStillIll({ db }: Store, kind: CareKind): Promise<boolean> {
  const latest = await db('care').where({ kind }).orderBy('looked_at', 'desc').first('looked_at');
  if (latest === undefined) return false;
  const ill = await db('care')
    .where({ kind, known: 'ill', told: 1 })
    .where('looked_at', '>=', Number(latest.looked_at) - CURRENT_FOR)
    .first('id');
  return ill !== undefined;
}

/** Forgets what was not looked at any more since that moment. */
export async function pruneCare(store: Store, before: Ms, limit: number): Promise<number> {
  const ids: string[] = await store
    .db('care')
    .where('looked_at', '<', before)
    .orderBy('looked_at')
    .limit(limit)
    .pluck('id');
  return transact(store, (tx) => deleteBy(tx, 'care', 'id', ids));
}
