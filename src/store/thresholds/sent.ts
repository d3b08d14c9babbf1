// How much mail of each class, tag and template was asked for, counted from the messages, each of which is read once.
import type { Knex } from 'knex';
import { groupBy } from '../../core/group.ts';
import { SENT_BUCKET, type Sent, sentNames } from '../../core/thresholds/sent.ts';
import { DAY, MINUTE, type Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { addUp, insertNew } from '../db/statements.ts';
import { transact } from '../db/transact.ts';
import { cursor, setCursor } from '../notes/cursors.ts';
import type { MessageRow } from '../rows/rows.ts';

/** Where the counting stands: all messages before are counted. */
const COUNTED_TO = 'sent_counted_to';
const COUNTED_FROM = 'sent_counted_from';
/** Set to the moment up to which nothing is left to count. */
const COMPLETE = 'sent_complete';

/** So far back it is compared. */
export const SENT_KEPT: Ms = 30 * DAY;
/** Applications tell of mail a while after they sent it: what is told later than that is not counted. */
export const SENT_LAG: Ms = 3 * MINUTE;
/** So many names have a count of their own in a quarter of an hour. */
const MOST_NAMES = 300;

type Row = Pick<MessageRow, 'id' | 'created_at' | 'domain' | 'class' | 'tags' | 'template'>;
type Place = { at: Ms; id: string };

/** Counts a bite of what was asked for; says how many messages it read. Two processes never count the same one. */
export async function countSent(store: Store, now: Ms, limit = 500): Promise<number> {
  const from = await placeOf(store, now);
  const rows = await messagesFrom(store.db, from, { until: now - SENT_LAG, limit });
  const last = rows.at(-1);
  if (last)
    await transact(store, async (tx) => {
      const moved = await tx('cursors')
        .where({ name: COUNTED_TO, value: from.id, at: from.at })
        .update({ value: last.id, at: last.created_at });
      if (moved > 0) await add(tx, rows);
    });
  if (rows.length < limit) await setCursor(store, COMPLETE, '', now - SENT_LAG);
  return rows.length;
}

async function placeOf(store: Store, now: Ms): Promise<Place> {
  const known = await cursor(store, COUNTED_TO);
  if (known) return { at: Number(known.at), id: known.value };
  const at = now - SENT_KEPT;
  await transact(store, async (tx) => {
    const oldest: { created_at: Ms } | undefined = await tx('messages')
      .where('created_at', '>=', at)
      .orderBy('created_at')
      .first('created_at');
    const first = Math.ceil(Number(oldest?.created_at ?? now) / SENT_BUCKET) * SENT_BUCKET;
    const rows = [
      { name: COUNTED_TO, value: '', at },
      { name: COUNTED_FROM, value: '', at: first },
    ];
    await insertNew(tx, 'cursors', rows, 'name');
  });
  const made = await cursor(store, COUNTED_TO);
  return { at: Number(made?.at ?? at), id: made?.value ?? '' };
}

/** Messages behind a place, in their order. */
export function messagesFrom(
  db: Knex,
  { at, id }: Place,
  { until, limit }: { until: Ms; limit: number },
): Promise<Row[]> {
  return db('messages')
    .whereBetween('created_at', [at, until])
    .where((or) => or.where('created_at', '>', at).orWhere('id', '>', id))
    .orderBy(['created_at', 'id'])
    .limit(limit)
    .select('id', 'created_at', 'domain', 'class', 'tags', 'template')
    .then((rows: Row[]) => rows.map((row) => ({ ...row, created_at: Number(row.created_at) })));
}

const sentBucketOf = (at: Ms): Ms => at - (at % SENT_BUCKET);

async function add(tx: Knex.Transaction, rows: readonly Row[]): Promise<void> {
  const counts = rows.flatMap((row) => sentNames(row).map((one) => ({ ...one, bucket: sentBucketOf(row.created_at) })));
  for (const [bucket, mine] of groupBy(counts, (one) => one.bucket)) {
    const known = new Set<string>(await tx('sent_counts').where({ bucket }).distinct().pluck('name'));
    const fits = mine.filter(
      ({ kind, name }) => kind === 'class' || known.has(name) || (known.size < MOST_NAMES && known.add(name)),
    );
    const sums = [...groupBy(fits, ({ domain, kind, name }) => `${domain}\n${kind}\n${name}`)].sort(([a], [b]) =>
      a < b ? -1 : 1,
    );
    await addUp(
      tx,
      { table: 'sent_counts', keys: ['bucket', 'domain', 'kind', 'name'], sums: ['n'] },
      sums.map(([, same]) => ({ ...same[0], n: same.length })),
    );
  }
}

/** How much was asked for in that time, which begins and ends with a quarter of an hour. */
export async function sentIn({ db }: Store, { from, to }: { from: Ms; to: Ms }): Promise<Sent[]> {
  const rows: (Omit<Sent, 'n'> & { n: number | string })[] = await db('sent_counts')
    .where('bucket', '>=', from)
    .where('bucket', '<', to)
    .groupBy('domain', 'kind', 'name')
    .limit(MOST_READ)
    .select('domain', 'kind', 'name', db.raw('sum(n) as n'));
  return rows.map((row) => ({ ...row, n: Number(row.n) }));
}

const MOST_READ = 2000;

/** From when on, and up to when, all that was asked for is counted; null before all of it is. */
export async function sentCounted(store: Store): Promise<{ from: Ms; to: Ms } | null> {
  const [from, to] = [await cursor(store, COUNTED_FROM), await cursor(store, COMPLETE)];
  return from && to ? { from: Number(from.at), to: Number(to.at) } : null;
}

export const forgetSent = (store: Store, now: Ms): Promise<number> =>
  transact(store, (tx) =>
    tx('sent_counts')
      .where('bucket', '<', now - SENT_KEPT)
      .delete(),
  );
