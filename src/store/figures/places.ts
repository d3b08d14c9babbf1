import type { AlertKind } from '../../core/alerting.ts';
import type { State } from '../../core/delivery.ts';
import { isEnded, STATES } from '../../core/delivery.ts';
import type { What } from '../../core/figures/counts.ts';
import { cover, SPANS, type Span } from '../../core/figures/cover.ts';
import { type Retry, retriesOf } from '../../core/figures/figures.ts';
import type { DayBar, FailingPlace, LostDelivery, Trouble } from '../../core/figures/summary.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { examples } from './rollup.ts';

type PlaceSum = { what: What; value: string; n: number | string };

/** The recipient domains and causes with most failures, each with what became of them and one example. */
export async function placesOf(store: Store, from: Ms, to: Ms, limit: number): Promise<FailingPlace[]> {
  const failing = await placeSums(store, from, to, ['failing'], null, limit);
  const names = failing.filter((r) => Number(r.n) > 0).map((r) => r.value);
  if (names.length === 0) return [];
  const parts: What[] = ['failing_retried', 'failing_cured', 'failing_saved', 'failing_lost'];
  const [rest, replies, retries] = await Promise.all([
    placeSums(store, from, to, parts, names, names.length * parts.length),
    examples(store, from, to, names),
    retriesAt(store, from, to, names),
  ]);
  const part = (what: What, value: string) => Number(rest.find((r) => r.what === what && r.value === value)?.n ?? 0);
  return failing.slice(0, names.length).map(({ value, n }) => {
    const [recipientDomain = '', cause = ''] = value.split(' ');
    return {
      recipientDomain,
      cause,
      failed: Number(n),
      retried: part('failing_retried', value),
      cured: part('failing_cured', value),
      saved: part('failing_saved', value),
      lost: part('failing_lost', value),
      example: replies.get(value) ?? null,
      retries: retries.get(value) ?? [],
    };
  });
}

/** How the retries of these places went. */
async function retriesAt(
  store: Store,
  from: Ms,
  to: Ms,
  places: readonly string[],
): Promise<ReadonlyMap<string, Retry[]>> {
  const sums = await placeSums(store, from, to, ['failing_retry'], { startWith: places }, null);
  return new Map(
    places.map((place) => {
      const mine = sums.filter((s) => s.value.startsWith(`${place} `));
      const values = mine.map((s) => [s.value.slice(s.value.indexOf(' ') + 1), { n: Number(s.n) }] as const);
      return [place, retriesOf(values)];
    }),
  );
}

function placeSums(
  store: Store,
  from: Ms,
  to: Ms,
  whats: readonly What[],
  values: readonly string[] | { startWith: readonly string[] } | null,
  limit: number | null,
): Promise<PlaceSum[]> {
  const { db } = store;
  const pieces = cover({ from, to }).map((p) => {
    const rows = db('rollups')
      .where({ span: p.span })
      .whereIn('what', [...whats]);
    if (values && 'startWith' in values) {
      // A range, as `_` in a cause is a wildcard to LIKE: `!` is the character after the space.
      rows.where((or) => {
        for (const v of values.startWith) or.orWhereBetween('value', [`${v} `, `${v}!`]);
      });
    } else if (values) rows.whereIn('value', [...values]);
    return rows.where('bucket', '>=', p.from).where('bucket', '<', p.to).select('what', 'value', 'n');
  });
  if (pieces.length === 0) return Promise.resolve([]);
  const all = db.unionAll(pieces).as('pieces');
  const sums = db
    .from(all)
    .groupBy('what', 'value')
    .select('what', 'value')
    .sum({ n: 'n' })
    .orderBy([{ column: 'n', order: 'desc' }, 'value']);
  return (limit === null ? sums : sums.limit(limit)) as unknown as Promise<PlaceSum[]>;
}

const LOST = new Set<string>(['failed', 'abandoned', 'expired']);

/** What became of the deliveries of each of these days, in one statement over the coarsest buckets that fit them. */
export async function dailyBars(store: Store, days: readonly { day: string; from: Ms; to: Ms }[]): Promise<DayBar[]> {
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) return [];
  const fits = (span: Span) => days.every((d) => d.from % span === 0 && d.to % span === 0);
  const span = SPANS.find(fits) ?? SPANS[SPANS.length - 1];
  const rows: { bucket: Ms; what: What; value: string; n: number | string }[] = await store
    .db('rollups')
    .where({ span })
    .whereIn('what', ['outcome', 'state'])
    // How these arrived is an outcome.
    .whereNotIn('value', ['delivered', 'relayed'])
    .where('bucket', '>=', first.from)
    .where('bucket', '<', last.to)
    .groupBy('bucket', 'what', 'value')
    .select('bucket', 'what', 'value')
    .sum({ n: 'n' });
  const bars = days.map((d) => ({ day: d.day, firstTry: 0, afterRetry: 0, byFallback: 0, lost: 0, other: 0 }));
  let at = 0;
  for (const { bucket, what, value, n } of rows.sort((a, b) => Number(a.bucket) - Number(b.bucket))) {
    while (Number(bucket) >= (days[at]?.to ?? Number.POSITIVE_INFINITY)) at++;
    const [bar, part] = [bars[at], partOf(what, value)];
    if (bar && part) bar[part] += Number(n);
  }
  return bars;
}

function partOf(what: What, value: string): Exclude<keyof DayBar, 'day'> | null {
  if (what === 'outcome')
    return value === 'first_try' ? 'firstTry' : value === 'fallback' ? 'byFallback' : 'afterRetry';
  if (LOST.has(value)) return 'lost';
  const state = STATES.find((s) => s === value);
  return state && (!isEnded(state) || state === 'cancelled') ? 'other' : null;
}

export async function alertsSent(store: Store, from: Ms, to: Ms): Promise<number> {
  const row = await store
    .db('alerts')
    .where('created_at', '>=', from)
    .where('created_at', '<', to)
    .whereNotNull('sent_at')
    .count({ n: '*' })
    .first();
  return Number(row?.['n'] ?? 0);
}

/** Alerts that are about the ways that mail goes, and not about single deliveries. */
const TROUBLE: readonly AlertKind[] = ['route_down', 'reconciler_silent', 'webhooks_silent', 'schedule_switched'];

export async function troubles(store: Store, from: Ms, to: Ms): Promise<Trouble[]> {
  const rows: { kind: string; at: Ms; detail: string | null }[] = await store
    .db('alert_items')
    .whereNull('delivery_id')
    .whereIn('kind', [...TROUBLE])
    .where('at', '>=', from)
    .where('at', '<', to)
    .orderBy('at')
    .select('kind', 'at', 'detail')
    .limit(50);
  return rows.map((r) => ({ kind: r.kind, since: Number(r.at), detail: r.detail ?? '' }));
}

/** Who did not get what, latest first. */
export async function lostDeliveries(store: Store, from: Ms, to: Ms, limit: number): Promise<LostDelivery[]> {
  const rows: (Omit<LostDelivery, 'reason'> & { reason: string | null })[] = await store
    .db('deliveries')
    .join('messages', 'messages.id', 'deliveries.message_id')
    .whereIn('deliveries.state', [...LOST] as State[])
    .where('deliveries.created_at', '>=', from)
    .where('deliveries.created_at', '<', to)
    .orderBy('deliveries.created_at', 'desc')
    .select('deliveries.recipient', 'messages.subject', 'deliveries.class', 'deliveries.state', 'deliveries.reason')
    .limit(limit);
  return rows.map((r) => ({ ...r, reason: r.reason ?? 'unknown' }));
}
