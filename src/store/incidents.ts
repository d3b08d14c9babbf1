import type { Knex } from 'knex';
import { newId } from '../base/ids.ts';
import type { AlertKind, Severity, Turn } from '../core/alerting.ts';
import { endOf, type Fresh, type Incident, setBack } from '../core/incident.ts';
import { CLASSES, type MessageClass } from '../core/message-class.ts';
import { storable } from '../core/safe-text.ts';
import type { Ms } from '../core/time.ts';
import { type About, aboutIn, type Composed, listIn, type Rungs, subjectLine } from './alerts.ts';
import type { Store } from './db/open.ts';
import { transact, transactOnce } from './db/transact.ts';
import { auditIn } from './notes/audit.ts';

/** More than there are: those of each domain of a large account. What is left out by its name might be left out for ever. */
const MOST = 10_000;

/** What was added to incidents and not told yet, by their names. */
export async function untold({ db }: Store, limit = MOST): Promise<Map<string, Fresh>> {
  return freshIn(db, db('alert_items').whereNull('alert_id').limit(limit));
}

export async function freshIn(db: Knex, query: Knex.QueryBuilder): Promise<Map<string, Fresh>> {
  const rank = `max(case class ${CLASSES.map((name, i) => `when '${name}' then ${CLASSES.length - i}`).join(' ')} else 0 end)`;
  const rows: ({ incident: string } & Record<'count' | 'since' | 'latest' | 'rank', number | string>)[] = await query
    .groupBy('incident')
    .select(
      'incident',
      db.raw(`count(*) as ??, min(??) as ??, max(??) as ??, ${rank} as ??`, [
        ...['count', 'at', 'since', 'at', 'latest', 'rank'],
      ]),
    );
  return new Map(rows.map((row) => [row.incident, freshOf(row)]));
}

const freshOf = (row: Record<'count' | 'since' | 'latest' | 'rank', number | string>): Fresh => ({
  ...{ count: Number(row.count), since: Number(row.since), latest: Number(row.latest) },
  class: CLASSES[CLASSES.length - Number(row.rank)] ?? null,
});

export type IncidentRow = Record<
  'first_at' | 'started_at' | 'opened_at' | 'last_item_at' | 'told_at',
  number | string
> &
  Record<'items' | 'told' | 'rung' | 'acknowledged_items' | 'flaps', number | string> &
  Record<'acknowledged_at' | 'over_at' | 'ended_at', number | string | null> & {
    id: string;
    name: string;
    kind: AlertKind;
    class: MessageClass | null;
    severity: Severity;
    acknowledged_by: string | null;
    heard: string;
  };

/** An incident, and the ways by which people heard of it. */
export type KeptIncident = Incident & { heard: string[] };

const orNull = (value: number | string | null): number | null => (value === null ? null : Number(value));

export const incidentOf = (row: IncidentRow): KeptIncident => ({
  ...{ id: row.id, name: row.name, kind: row.kind, class: row.class, severity: row.severity },
  ...{ firstAt: Number(row.first_at), startedAt: Number(row.started_at), openedAt: Number(row.opened_at) },
  ...{ lastItemAt: Number(row.last_item_at), items: Number(row.items), told: Number(row.told) },
  ...{ toldAt: Number(row.told_at), rung: Number(row.rung), flaps: Number(row.flaps) },
  ...{ acknowledgedAt: orNull(row.acknowledged_at), acknowledgedBy: row.acknowledged_by },
  ...{ acknowledgedItems: Number(row.acknowledged_items), overAt: orNull(row.over_at), endedAt: orNull(row.ended_at) },
  heard: listIn(row.heard),
});

export const rowOf = (one: Incident) => ({
  ...{ name: one.name, open_name: one.endedAt === null ? one.name : null, kind: one.kind, class: one.class },
  ...{ severity: one.severity, first_at: one.firstAt, started_at: one.startedAt, opened_at: one.openedAt },
  ...{ last_item_at: one.lastItemAt, items: one.items, told: one.told, told_at: one.toldAt, rung: one.rung },
  ...{ acknowledged_at: one.acknowledgedAt, acknowledged_by: one.acknowledgedBy },
  ...{ acknowledged_items: one.acknowledgedItems, over_at: one.overAt, ended_at: one.endedAt, flaps: one.flaps },
});

/** The incidents that have not ended, the oldest first. */
export async function openIncidents({ db }: Store, limit = MOST): Promise<KeptIncident[]> {
  const rows: IncidentRow[] = await db('incidents').whereNotNull('open_name').orderBy('open_name').limit(limit);
  return rows.map(incidentOf).sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
}

/** Those that ended last, the newest first. */
export async function endedIncidents({ db }: Store, since: Ms, limit: number): Promise<KeptIncident[]> {
  const ended = db('incidents').where('ended_at', '>', since).orderBy('ended_at', 'desc').limit(limit);
  return ((await ended) as IncidentRow[]).map(incidentOf);
}

/** By its id, or by its name while it is open. */
export async function incidentNamed({ db }: Store, name: string): Promise<KeptIncident | null> {
  const row: IncidentRow | undefined =
    (await db('incidents').where({ id: name }).first()) ?? (await db('incidents').where({ open_name: name }).first());
  return row ? incidentOf(row) : null;
}

/** The conversations of which something is still to be sent. */
export async function waitingConversations({ db }: Store): Promise<Set<string>> {
  const some = untoldYet(db('alerts').whereNotNull('conversation'));
  return new Set<string>(await some.limit(MOST).pluck('conversation'));
}

/** That it has begun or goes on is told before anything else of it. */
export const BLOCKING: readonly Turn[] = ['opened', 'repeated'];

/** When people were told of an incident since it began this time: when the alerts were made, and when they got out. */
export async function toldTimes({ db }: Store, { id, startedAt }: Incident): Promise<Ms[]> {
  const told = db('alerts').where({ conversation: id }).whereIn('turn', BLOCKING).where('created_at', '>=', startedAt);
  const rows: { created_at: Ms; sent_at: Ms | null }[] = await told.limit(MOST).select('created_at', 'sent_at');
  return [...new Set(rows.flatMap((row) => [row.created_at, row.sent_at ?? []].flat().map(Number)))];
}

/** Of alerts, those that hold others back: nobody was told them yet. */
export const untoldYet = (alerts: Knex.QueryBuilder): Knex.QueryBuilder =>
  alerts
    .where({ pending: 1 })
    .whereIn('turn', BLOCKING)
    .where((nobody) => nobody.whereNull('heard').orWhere({ heard: '[]' }));

/** Keeps in mind that the trouble of an incident is over; what is told of that comes later. */
export async function noteOver(store: Store, { id }: Pick<Incident, 'id'>, at: Ms): Promise<void> {
  await transact(store, (tx) => tx('incidents').where({ id }).whereNull('ended_at').update({ over_at: at }));
}

/** Sets an open incident back to this moment, as far as it was written by a clock that was ahead. */
export async function setIncidentBack(store: Store, { id }: Pick<Incident, 'id'>, at: Ms): Promise<void> {
  await transact(store, async (tx) => {
    const row: IncidentRow | undefined = await tx('incidents')
      .where({ id })
      .whereNotNull('open_name')
      .forUpdate()
      .first();
    if (row)
      await tx('incidents')
        .where({ id })
        .update(rowOf(setBack(incidentOf(row), at)));
  });
}

/** Sets back what was added to an incident after a moment and is not told yet. */
export async function setItemsBack(store: Store, name: string, { after, to }: { after: Ms; to: Ms }): Promise<void> {
  const untoldOf = (tx: Knex) => tx('alert_items').where({ incident: name }).whereNull('alert_id');
  await transact(store, (tx) => untoldOf(tx).where('at', '>', after).update({ at: to }));
}

type Inserting = {
  id: string;
  incident: Incident;
  composed: Composed;
  count: number;
  turn: Turn;
  rungs: Rungs;
  isWorse?: boolean;
  at: Ms;
};

export async function insertAlert(
  tx: Knex.Transaction,
  { id, incident, composed, count, turn, rungs, isWorse = false, at }: Inserting,
): Promise<void> {
  const { kind, severity, startedAt } = incident;
  const about: About = { kind, severity, startedAt, endedAt: endOf(incident), rungs, isWorse };
  await tx('alerts').insert({
    ...{ id, incident: incident.name, conversation: incident.id, turn, about: JSON.stringify(about), heard: '[]' },
    ...{ count, subject: subjectLine(composed.subject), body: composed.body, avoid: JSON.stringify(composed.avoid) },
    ...{ created_at: at, pending: 1, due_at: at, tries: 0, sent_at: null, error: null },
  });
}

type Unsent = { turn: Turn; rungs: Rungs; heard: string[] };

/** Leaves off alerts of a conversation that do not say any more how it stands, for those who were not told them yet. */
export async function leaveOff(
  tx: Knex.Transaction,
  conversation: string,
  isStale: (alert: Unsent) => boolean,
): Promise<Unsent[]> {
  const rows: { id: string; turn: Turn; about: string | null; heard: string | null }[] = await tx('alerts')
    .where({ conversation, pending: 1 })
    .select('id', 'turn', 'about', 'heard');
  const unsent = rows.map(({ id, turn, about, heard }) => ({
    ...{ id, turn, rungs: aboutIn(about)?.rungs ?? null, heard: listIn(heard) },
  }));
  const stale = unsent.filter(isStale);
  const ids = stale.map(({ id }) => id);
  if (ids.length > 0) await tx('alerts').whereIn('id', ids).update({ pending: 0, error: 'it stands otherwise by now' });
  return stale;
}

export type Acknowledging = { id: string; who: string; by: string; compose(incident: Incident): Composed };

/** Writes down who takes an incident, and has all who heard of it told. The first one stands. */
export function acknowledge(
  store: Store,
  { id, who, by, compose }: Acknowledging,
  at: Ms,
): Promise<{ incident: Incident; isNew: boolean } | null> {
  const alert = newId(at);
  const isDone = (tx: Knex.Transaction) => tx('alerts').where({ id: alert }).first('id');
  return transactOnce(store, isDone, async (tx) => {
    const row: IncidentRow | undefined = await tx('incidents').where({ id }).forUpdate().first();
    if (!row) return null;
    const before = incidentOf(row);
    if (before.endedAt !== null || before.acknowledgedAt !== null) return { incident: before, isNew: false };
    const fresh = await freshIn(tx, tx('alert_items').where({ incident: before.name }).whereNull('alert_id'));
    const acknowledgedItems = before.items + (fresh.get(before.name)?.count ?? 0);
    const incident = { ...before, acknowledgedAt: at, acknowledgedBy: storable(by, 100), acknowledgedItems };
    await tx('incidents').where({ id }).update(rowOf(incident));
    const detail = by === who ? null : `taken by ${by}`;
    await auditIn(tx, at, { who, what: 'acknowledge', subject: before.name, detail });
    const composed = compose(incident);
    // Who has not heard of it, at the side or further up the ladder, need not hear of what somebody has taken.
    await leaveOff(tx, id, ({ rungs, heard }) => rungs !== null && (rungs[0] > 0 || heard.length > 0));
    await insertAlert(tx, {
      id: alert,
      incident,
      composed,
      count: incident.items,
      turn: 'acknowledged',
      rungs: null,
      at,
    });
    return { incident, isNew: true };
  });
}

/** Adds the ways that took an alert to those by which people heard of its incident, and how far up the ladder it came. */
export async function noteHeard(
  store: Store,
  conversation: string,
  { ways, rung }: { ways: readonly string[]; rung: number },
): Promise<void> {
  await transact(store, async (tx) => {
    const row: IncidentRow | undefined = await tx('incidents').where({ id: conversation }).forUpdate().first();
    if (!row) return;
    const heard = JSON.stringify([...new Set([...listIn(row.heard), ...ways])]);
    await tx('incidents')
      .where({ id: conversation })
      .update({ heard, rung: Math.max(Number(row.rung), rung) });
  });
}
