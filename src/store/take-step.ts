import type { Knex } from 'knex';
import { newId } from '../base/ids.ts';
import {
  after,
  begun,
  endingOf,
  type Fresh,
  GOES_ON,
  type Incident,
  type Now,
  type Step,
  TURN_OF,
} from '../core/incident.ts';
import type { Ms } from '../core/time.ts';
import { type AlertItem, aboutIn, type Composed, listIn, type Rungs, readable } from './alerts.ts';
import type { Store } from './db/open.ts';
import { insertNew } from './db/statements.ts';
import { transactOnce } from './db/transact.ts';
import {
  BLOCKING,
  freshIn,
  type IncidentRow,
  incidentOf,
  insertAlert,
  type KeptIncident,
  leaveOff,
  rowOf,
  untoldYet,
} from './incidents.ts';
import type { View } from './rows/rows.ts';

/** What is told: what happened, its first few items with their deliveries, and how many are told by this alert. */
export type Told = {
  /** Of the alert. */
  id: string;
  step: Step;
  before: Incident | null;
  incident: Incident;
  items: readonly AlertItem[];
  views: ReadonlyMap<string, View>;
  count: number;
  /** The last alert of it: those up the ladder are told the same, and what goes on without anything new is as much. */
  last: { subject: string; body: string; count: number; avoid: string[] } | null;
};

export type Turning = {
  decide(incident: Incident | null, fresh: Fresh | null, now: Now): Step | null;
  compose(told: Told): Composed;
};

/**
 * Takes the next step of the incident of this name. It is decided on what is locked, and the items that are told are bound
 * to their alert in the same transaction: each is in exactly one. Returns how many items were told, and at least 1 when
 * something was done.
 */
export function takeStep(store: Store, name: string, at: Ms, turning: Turning): Promise<number> {
  const id = newId(at);
  const isDone = (tx: Knex.Transaction) => tx('alerts').where({ id }).first('id');
  return transactOnce(store, isDone, async (tx) => {
    const before = await lockedIn(tx, name, at);
    const names = [name, endingOf(name) ?? name];
    const fresh =
      (await freshIn(tx, tx('alert_items').where({ incident: name }).whereNull('alert_id'))).get(name) ?? null;
    const isWaiting = before !== null && (await isToldOf(tx, before.id));
    const step = turning.decide(before, fresh, { at, isWaiting });
    if (step === null) return 0;
    if (TURN_OF[step.what] === null) return keepIn(tx, before, step, fresh, at);
    const count = step.what === 'climb' ? 0 : await bindIn(tx, id, step.what === 'end' ? names : [name]);
    // Another has told these items in the meantime.
    if (step.what !== 'end' && step.what !== 'climb' && fresh !== null && count === 0) return 0;
    const heard = before === null ? [] : await stillHeard(tx, before, step);
    const incident = await changedIn(tx, { id, name, before, step, fresh, at, heard });
    await tellIn(tx, { id, at, step, before, incident, count }, turning.compose);
    return Math.max(1, count);
  });
}

/** The incident of this name that is open, or ended so lately that it would go on. */
async function lockedIn(tx: Knex.Transaction, name: string, at: Ms): Promise<KeptIncident | null> {
  const open: IncidentRow | undefined = await tx('incidents').where({ open_name: name }).forUpdate().first();
  if (open) return incidentOf(open);
  const lately = tx('incidents')
    .where({ name })
    .where('ended_at', '>', at - GOES_ON);
  const ended: IncidentRow | undefined = await lately.orderBy('ended_at', 'desc').forUpdate().first();
  return ended ? incidentOf(ended) : null;
}

const isToldOf = async (tx: Knex.Transaction, conversation: string): Promise<boolean> =>
  (await untoldYet(tx('alerts').where({ conversation })).first('id')) !== undefined;

async function keepIn(tx: Knex, before: Incident | null, step: Step, fresh: Fresh | null, at: Ms): Promise<number> {
  if (before === null) return 0;
  await tx('incidents')
    .where({ id: before.id })
    .update(rowOf(after(before, step, fresh, at)));
  return 1;
}

const bindIn = (tx: Knex.Transaction, id: string, names: readonly string[]): Promise<number> =>
  tx('alert_items').whereIn('incident', names).whereNull('alert_id').update({ alert_id: id });

/**
 * The ways by which people have heard of it and not of its end, when it takes this step. That it was over, or that somebody has
 * taken it, is not told any more to those who were not reached by then: programs would take it for how it stands. Nor is what
 * only a part of a rung was told, unless the step is for those above.
 */
async function stillHeard(tx: Knex.Transaction, before: KeptIncident, step: Step): Promise<string[]> {
  const stale = await leaveOff(
    tx,
    before.id,
    ({ turn, heard }) => !BLOCKING.includes(turn) || (heard.length > 0 && step.what !== 'climb'),
  );
  if (step.what !== 'reopen') return before.heard;
  const end = stale.find(({ turn }) => turn === 'ended');
  return end ? before.heard.filter((way) => !end.heard.includes(way)) : [];
}

type Changing = {
  id: string;
  name: string;
  before: Incident | null;
  step: Step;
  fresh: Fresh | null;
  at: Ms;
  heard: readonly string[];
};

async function changedIn(
  tx: Knex.Transaction,
  { id, name, before, step, fresh, at, heard }: Changing,
): Promise<Incident> {
  if (before !== null) {
    const incident = after(before, step, fresh, at);
    await tx('incidents')
      .where({ id: before.id })
      .update({ ...rowOf(incident), heard: JSON.stringify(heard) });
    return incident;
  }
  const made = begun(id, name, fresh ?? { count: 0, since: at, latest: at, class: null }, at);
  // Where another has opened it a moment ago, this is told as a part of it.
  await insertNew(tx, 'incidents', { ...rowOf(made), id, heard: '[]' }, 'open_name');
  const kept: IncidentRow | undefined = await tx('incidents').where({ open_name: name }).forUpdate().first();
  return kept ? incidentOf(kept) : made;
}

type Telling = Omit<Told, 'items' | 'views' | 'last'> & { at: Ms };

async function tellIn(tx: Knex.Transaction, telling: Telling, compose: Turning['compose']): Promise<void> {
  const { id, at, step, incident } = telling;
  const items: AlertItem[] = await tx('alert_items').where({ alert_id: id }).orderBy('at').limit(20);
  const views = await readable(
    tx,
    items.flatMap((item) => item.delivery_id ?? []),
  );
  const last = step.what === 'climb' || step.what === 'repeat' ? await lastTold(tx, incident.id) : null;
  const composed = compose({ ...telling, items, views, last });
  const count = step.what === 'end' ? incident.items : telling.count || (last?.count ?? 1);
  await insertAlert(tx, {
    ...telling,
    composed,
    count,
    turn: TURN_OF[step.what] ?? 'repeated',
    rungs: rungsOf(step, incident),
    isWorse: step.what === 'worse',
    at,
  });
}

const rungsOf = (step: Step, incident: Incident): Rungs => {
  if (step.what === 'end') return null;
  return step.what === 'climb' ? [step.rung, step.rung] : [0, incident.rung];
};

/** The last alert that was made of it for all; those up the ladder got the same. */
async function lastTold(tx: Knex.Transaction, conversation: string): Promise<Told['last']> {
  const rows: (Record<'subject' | 'body' | 'avoid' | 'about', string> & { count: number })[] = await tx('alerts')
    .where({ conversation })
    .whereIn('turn', BLOCKING)
    .orderBy('created_at', 'desc')
    .limit(10)
    .select('subject', 'body', 'count', 'avoid', 'about');
  const row = rows.find(({ about }) => aboutIn(about)?.rungs?.[0] === 0) ?? rows.at(-1);
  return row ? { subject: row.subject, body: row.body, count: row.count, avoid: listIn(row.avoid) } : null;
}
