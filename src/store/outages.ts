import type { HealthChange } from '../core/health.ts';
import { CLASSES, type MessageClass } from '../core/message-class.ts';
import { type Claim, movedFrom, type Outage, outagesFrom, type Toll } from '../core/outages.ts';
import type { Ms } from '../core/time.ts';
import { BEFORE, isWaiting } from './backlog.ts';
import type { Store } from './db/open.ts';
import { HELD } from './ledger/due.ts';
import { PRIORITY } from './ledger/ledger.ts';
import { expectedAfter } from './notes/drains.ts';
import { changesBefore, healthChanges } from './notes/health.ts';
import { activeHolds } from './notes/holds.ts';

const MOST_CHANGES = 20_000;
/** So many are told of, the newest. */
const MOST = 100;

/** The outages that lasted at that moment or later, newest first. */
export async function outagesSince(store: Store, since: Ms): Promise<Outage[]> {
  const [before, after] = await Promise.all([changesBefore(store, since), healthChanges(store, since, MOST_CHANGES)]);
  const outages = outagesFrom([...before, ...after]).filter(({ endedAt }) => endedAt === null || endedAt >= since);
  return outages.reverse().slice(0, MOST);
}

/** The outage that began with that change; null when there is none. */
export async function outageNamed(store: Store, id: string): Promise<Outage | null> {
  const first: HealthChange | undefined = await store.db('health_changes').where({ id }).first();
  if (!first) return null;
  const changes = await healthChanges(store, Number(first.at), MOST_CHANGES);
  const from = changes.findIndex((change) => change.id === id);
  return outagesFrom(changes.slice(Math.max(0, from))).find((outage) => outage.id === id) ?? null;
}

/** What an outage did to the mail. Reads what was written while it lasted, a part at a time. */
export async function tollOf(store: Store, outage: Outage, now: Ms): Promise<Toll> {
  const { provider, startedAt, endedAt } = outage;
  const claims: Claim[] = [];
  let expired = 0;
  for await (const part of parts(store, FACTS, startedAt, endedAt ?? now)) {
    const told = await toldIn(store, part);
    claims.push(...told.claims);
    expired += told.expired;
  }
  const moved = movedFrom(provider, claims);
  const doubles = claims.filter(({ double }) => double !== null).length;
  const [held, drain] =
    endedAt === null ? [await heldFor(store, provider, now), null] : [0, await drainOf(store, outage, now)];
  const expected = endedAt === null ? null : await expectedAfter(store, outage.changes.at(-1)?.id ?? '');
  return { moved, held, expired, doubles, drain, expected };
}

type Part = { from: Ms; to: Ms };
type Walk = { table: string; column: string };

const FACTS: Walk = { table: 'facts', column: 'recorded_at' };
const MESSAGES: Walk = { table: 'messages', column: 'created_at' };
/** Rows in a part. */
const ROWS = 5000;

/** Cuts a time into parts with a few thousand rows each, so that no statement takes long. */
async function* parts({ db }: Store, { table, column }: Walk, from: Ms, to: Ms): AsyncGenerator<Part> {
  for (let at = from; at < to; ) {
    const rest = db(table).where(column, '>=', at).where(column, '<', to);
    const [next]: number[] = await rest.orderBy(column).offset(ROWS).limit(1).pluck(column);
    const end = next === undefined ? to : Math.max(Number(next), at + 1);
    yield { from: at, to: end };
    at = end;
  }
}

type Row = { delivery_id: string; kind: string; class: MessageClass; body: string };
type Told = { claims: Claim[]; expired: number };

/** The claims that went elsewhere or may have been doubles, and how many deliveries expired. */
async function toldIn({ db }: Store, { from, to }: Part): Promise<Told> {
  const facts = db('facts').where('facts.recorded_at', '>=', from).where('facts.recorded_at', '<', to);
  const rows: Row[] = await facts
    .join('deliveries', 'deliveries.id', 'facts.delivery_id')
    .where((either) =>
      either
        .where((claim) => claim.where('kind', 'claimed').whereRaw(`(body like ? or body not like ?)`, [FALLBACK, SURE]))
        .orWhere((end) => end.where('kind', 'ended').where('body', 'like', '%"state":"expired"%')),
    )
    .orderBy('facts.recorded_at')
    .select('facts.delivery_id', 'facts.kind', 'facts.body', 'deliveries.class');
  const claims = rows.filter(({ kind }) => kind === 'claimed').map(claimIn);
  return { claims, expired: rows.length - claims.length };
}

const FALLBACK = '%"role":"fallback"%';
const SURE = '%"double":null%';

function claimIn({ delivery_id: delivery, class: kind, body }: Row): Claim {
  const { provider = '', role = '', double = null } = JSON.parse(body) as Partial<Claim>;
  return { delivery, class: kind, provider, role, double };
}

/** What is held and not by an operator waits for a provider that is down, but for the moments in which one wants fewer calls. */
async function heldFor(store: Store, provider: string, now: Ms): Promise<number> {
  const holds = await activeHolds(store, now);
  const isFree = (kind: MessageClass) =>
    !holds.some((one) => (one.class ?? kind) === kind && (one.provider ?? provider) === provider);
  const each = CLASSES.filter(isFree).map(async (kind) => {
    const row = await store.db('due').where({ lane: HELD, priority: PRIORITY[kind] }).count({ n: '*' }).first();
    return Number(row?.['n'] ?? 0);
  });
  return (await Promise.all(each)).reduce((sum, n) => sum + n, 0);
}

/** How long after its end the last mail was handed over that had waited; null while some still waits. */
async function drainOf(store: Store, { startedAt, endedAt }: Outage, now: Ms): Promise<Ms | null> {
  const end = endedAt ?? now;
  const made = { from: startedAt - BEFORE, to: end };
  if (await isWaiting(store, made, now)) return null;
  let last = end;
  for await (const part of parts(store, MESSAGES, made.from, made.to))
    last = Math.max(last, await lastFirst(store, part, end));
  return last - end;
}

/**
 * When a mail was handed over for the first time, counted for one after the other. From a join of the three tables MariaDB
 * may read all facts.
 */
const FIRST = `select max(recorded_at) from facts
  where delivery_id = deliveries.id and kind = 'claimed' and body like '%"role":"first"%'`;
const FIRST_OF_MESSAGE = `select max((${FIRST})) from deliveries where deliveries.message_id = messages.id`;

/** When the last mail made in that time was handed over for the first time; `none` when no mail was. */
async function lastFirst({ db }: Store, { from, to }: Part, none: Ms): Promise<Ms> {
  const row = await db('messages')
    .where('created_at', '>=', from)
    .where('created_at', '<', to)
    .max({ at: db.raw(`(${FIRST_OF_MESSAGE})`) })
    .first();
  return Number(row?.['at'] ?? none);
}
