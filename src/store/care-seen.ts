// What providers told of late: which addresses mail left from, what servers refused, and who writes.
import type { Knex } from 'knex';
import { domainOf } from '../core/address.ts';
import type { FactOf } from '../core/delivery.ts';
import { replyWords } from '../core/reply-words.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { factsInTime } from './facts-in-time.ts';

/** What a provider reported: the address that the mail left from, and what a server said when it refused or put off a mail. */
export type ReportSeen = { at: Ms; ip: string | null; refusal: string | null };

type Row = { kind: string; delivery_id: string; fact_key: string; recorded_at: Ms; body: string };

export type ReportsPage = { reports: ReportSeen[]; next: Row | null };

/** A page of facts of that time, latest first, and what of them was reported; `next` is where to go on. */
export async function reportsPage(
  store: Store,
  { from, until, limit }: { from: Ms; until: Ms; limit: number },
  after: Pick<Row, 'delivery_id' | 'fact_key' | 'recorded_at'> | null,
): Promise<ReportsPage> {
  const rows: Row[] = await factsInTime(store)
    .whereBetween('recorded_at', [from, after?.recorded_at ?? until])
    .modify((query: Knex.QueryBuilder) => {
      if (after)
        query.where((or) =>
          or
            .where('recorded_at', '<', after.recorded_at)
            .orWhere('delivery_id', '<', after.delivery_id)
            .orWhere((same) => same.where('delivery_id', after.delivery_id).where('fact_key', '<', after.fact_key)),
        );
    })
    .orderBy([
      { column: 'recorded_at', order: 'desc' },
      { column: 'delivery_id', order: 'desc' },
      { column: 'fact_key', order: 'desc' },
    ])
    .limit(limit)
    .select('delivery_id', 'fact_key', 'recorded_at', 'kind', 'body');
  const last = rows.length < limit ? null : (rows.at(-1) ?? null);
  return {
    reports: rows.flatMap((row) => reportIn(row) ?? []),
    next: last && { ...last, recorded_at: Number(last.recorded_at) },
  };
}

/** Null for a fact of another kind, and for what can't be read. */
function reportIn({ kind, body }: Row): ReportSeen | null {
  if (kind !== 'reported') return null;
  try {
    const { at, report, bounce, sendingIp } = JSON.parse(body) as FactOf<'reported'>;
    const isRefusal = (report === 'failed' || report === 'deferred') && bounce !== null && bounce !== undefined;
    return { at, ip: sendingIp ?? null, refusal: isRefusal ? replyWords(bounce) : null };
  } catch {
    return null;
  }
}

/** Who wrote the last messages, by the domain in From, and by which domains they went. */
export async function recentAuthors({ db }: Store, limit: number): Promise<{ author: string; domain: string }[]> {
  const rows: { sender: string; domain: string }[] = await db('messages')
    .orderBy('created_at', 'desc')
    .limit(limit)
    .select('sender', 'domain');
  const pairs = rows.flatMap(({ sender, domain }) => {
    const author = domainOf(/[^\s<>"]+@[^\s<>"]+/.exec(sender)?.[0] ?? '');
    return author === '' ? [] : [{ author, domain }];
  });
  return [...new Map(pairs.map((pair) => [`${pair.author} ${pair.domain}`, pair])).values()];
}
