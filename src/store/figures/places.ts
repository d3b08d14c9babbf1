import type { Knex } from 'knex';
import type { What } from '../../core/figures/counts.ts';
import { cover, type Piece, type Range } from '../../core/figures/cover.ts';
import { type Retry, retriesOf } from '../../core/figures/figures.ts';
import type { FailingPlace } from '../../core/figures/summary.ts';
import { groupBy } from '../../core/group.ts';
import { DAY } from '../../core/time.ts';
import type { Store } from '../db/open.ts';

const PARTS: readonly What[] = ['failing_retried', 'failing_cured', 'failing_saved', 'failing_lost'];

/** The recipient domains and causes with most failures, each with what became of them and one example. */
export async function placesOf(store: Store, range: Range, limit: number): Promise<FailingPlace[]> {
  const failing = await placeSums(store, { range, whats: ['failing'], limit });
  const places = failing.map((sum) => sum.value);
  if (places.length === 0) return [];
  const [sums, replies, retries] = await Promise.all([
    placeSums(store, { range, whats: PARTS, places, limit: places.length * PARTS.length }),
    examples(store, range, places),
    retriesAt(store, range, places),
  ]);
  const parts = new Map(sums.map((sum) => [`${sum.what} ${sum.value}`, sum.n]));
  return failing.map(({ value: place, n }) => {
    const [recipientDomain = '', cause = ''] = place.split(' ');
    const part = (what: What) => parts.get(`${what} ${place}`) ?? 0;
    return {
      recipientDomain,
      cause,
      failed: n,
      retried: part('failing_retried'),
      cured: part('failing_cured'),
      saved: part('failing_saved'),
      lost: part('failing_lost'),
      example: replies.get(place) ?? null,
      retries: retries.get(place) ?? [],
    };
  });
}

/** One reply for each of these places in the range, from its latest day. */
export async function examples(store: Store, range: Range, places: readonly string[]): Promise<Map<string, string>> {
  const rows: { place: string; reply: string }[] = await store
    .db('rollup_examples')
    .whereBetween('day', [Math.floor(range.from / DAY) * DAY, range.to - 1])
    .whereIn('place', [...places])
    .orderBy('day')
    .select('place', 'reply')
    .limit(1000);
  return new Map(rows.map((row) => [row.place, row.reply]));
}

/** How the retries of these places went. */
async function retriesAt(store: Store, range: Range, places: readonly string[]): Promise<Map<string, Retry[]>> {
  const sums = await placeSums(store, { range, whats: ['failing_retry'], below: places });
  const groups = groupBy(sums, (sum) => sum.value.split(' ', 2).join(' '));
  const retry = ({ value, n }: PlaceSum) => [value.slice(value.indexOf(' ') + 1), { n }] as const;
  return new Map([...groups].map(([place, mine]) => [place, retriesOf(mine.map(retry))]));
}

type PlaceSum = { what: What; value: string; n: number };

type PlaceQuery = {
  range: Range;
  whats: readonly What[];
  /** If given, sums of these places alone. */
  places?: readonly string[];
  /** If given, sums whose value begins with one of these places and says something more. */
  below?: readonly string[];
  limit?: number;
};

/** Sums by place over all domains and classes, largest first, of those that come to something. */
async function placeSums({ db }: Store, query: PlaceQuery): Promise<PlaceSum[]> {
  const pieces = cover(query.range).map((piece) => placeRows(db, piece, query));
  if (pieces.length === 0) return [];
  const sums = db
    .from(db.unionAll(pieces).as('parts'))
    .groupBy('value', 'what')
    .select('what', 'value')
    .sum({ n: 'signed' })
    .havingRaw('sum(signed) > 0')
    .orderBy([{ column: 'n', order: 'desc' }, 'value']);
  const rows = (await (query.limit === undefined ? sums : sums.limit(query.limit))) as PlaceSum[];
  return rows.map((row) => ({ ...row, n: Number(row.n) }));
}

function placeRows(db: Knex, { span, from, to, sign }: Piece, { whats, places, below }: PlaceQuery) {
  const rows = db('rollups')
    .where({ span })
    .whereIn('what', [...whats]);
  if (places) rows.whereIn('value', [...places]);
  if (below) {
    // A range and not LIKE, for which `_` in a cause would be a wildcard. `!` is the character after the space.
    rows.where((or) => {
      for (const place of below) or.orWhereBetween('value', [`${place} `, `${place}!`]);
    });
  }
  return rows
    .where('bucket', '>=', from)
    .where('bucket', '<', to)
    .select('what', 'value', db.raw('? * n as signed', [sign]));
}
