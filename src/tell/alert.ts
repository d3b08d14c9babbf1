import type { Log } from '../base/log.ts';
import { renewing } from '../base/renewing.ts';
import {
  endedBy,
  type Fresh,
  type Incident,
  kindIn,
  lasts,
  latestOf,
  nextStep,
  type Rules,
  setBack,
} from '../core/incident.ts';
import type { Rung } from '../core/ladder.ts';
import { storable } from '../core/safe-text.ts';
import { severityOf } from '../core/severity.ts';
import { type Clock, DAY, MINUTE, type Ms } from '../core/time.ts';
import { type Alert, alertFailed, alertSent, holdAlert, noteTaken, takeAlert } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import { isDatabaseTrouble } from '../store/db/trouble.ts';
import {
  incidentNamed,
  type KeptIncident,
  noteHeard,
  noteOver,
  openIncidents,
  setIncidentBack,
  setItemsBack,
  toldTimes,
  untold,
  waitingConversations,
} from '../store/incidents.ts';
import { takeStep } from '../store/take-step.ts';
import type { AlertChannel, Notice } from './channels/channel.ts';
import { composeAlert, composeShortly } from './compose-alert.ts';
import type { OverSince } from './endings.ts';
import { type Outcome, restOfRungs, rungsOf, sendTo, sendUp, trusted, waysOf } from './ways.ts';

export type AlertDeps = {
  store: Store;
  channels: readonly AlertChannel[];
  /** Who is told when nobody takes it; without it the first channel that takes an alert is enough. */
  ladder?: readonly Rung[] | undefined;
  /** How long an incident gathers before its first alert, and the first pause between two of its alerts. */
  group: Ms;
  repeat: Ms;
  lease: Ms;
  pause: Ms;
  publicUrl: string | null;
  /** The page on which an incident is taken. */
  link?(incident: string): string | null;
  /** Whether nobody is told of bulk mail then. */
  isQuiet?(at: Ms): boolean;
  /** Begins a look at which troubles are over. */
  lookForEnds?(fresh: ReadonlyMap<string, Fresh>): OverSince;
  now: Clock;
  log: Log;
};

/** Takes what is the next step of each incident; says how many items were told, or steps taken. */
export async function bundleAlerts(deps: AlertDeps): Promise<number> {
  const { store, now } = deps;
  const fresh = await untold(store);
  const open = new Map((await openIncidents(store)).map((one) => [one.name, one]));
  if (fresh.size === 0 && open.size === 0) return 0;
  await heedClock(deps, open, fresh);
  await noteEnds(deps, open, fresh);
  const waiting = await waitingConversations(store);
  let done = 0;
  for (const name of new Set([...open.keys(), ...fresh.keys()])) {
    // It is told as the end of that.
    const ended = endedBy(name);
    if (ended !== null && (open.has(ended) || fresh.has(ended))) continue;
    const incident = open.get(name) ?? null;
    const at = { at: now(), isWaiting: incident !== null && waiting.has(incident.id) };
    if (nextStep(incident, fresh.get(name) ?? null, rulesAt(deps, at.at), at) !== null)
      done += await stepOn(deps, name);
  }
  return done;
}

/**
 * What is later than now by more than daemons differ was written before the clock was set back, and has waited for long enough.
 * What came from a clock that is ahead, came when it is seen: it would go on after each end until then.
 */
async function heedClock(
  { store, lease, group, now }: AlertDeps,
  open: Map<string, KeptIncident>,
  fresh: Map<string, Fresh>,
): Promise<void> {
  const at = now();
  for (const [name, one] of fresh) {
    if (one.latest <= at) continue;
    const latest = one.latest > at + lease ? at - group : at;
    await setItemsBack(store, name, { after: at, to: latest });
    fresh.set(name, { ...one, since: Math.min(one.since, latest), latest });
  }
  for (const [name, incident] of open) {
    if (latestOf(incident) <= at + lease) continue;
    await setIncidentBack(store, incident, at);
    open.set(name, { ...incident, ...setBack(incident, at) });
  }
}

const rulesAt = ({ group, repeat, ladder, channels, isQuiet }: AlertDeps, at: Ms): Rules => ({
  ...{ group, repeat, isQuiet: isQuiet?.(at) ?? false },
  rungs: rungsOf(ladder, channels).map(({ after }) => after),
});

async function noteEnds(
  { store, log, ...deps }: AlertDeps,
  open: Map<string, KeptIncident>,
  fresh: ReadonlyMap<string, Fresh>,
): Promise<void> {
  const overSince = deps.lookForEnds?.(fresh);
  for (const [name, incident] of open) {
    if (!overSince || !lasts(incident.kind) || incident.overAt !== null) continue;
    try {
      const overAt = await overSince(incident);
      if (overAt === null) continue;
      await noteOver(store, incident, overAt);
      open.set(name, { ...incident, overAt });
    } catch (error) {
      if (isDatabaseTrouble(error)) throw error;
      log.error({ incident: name, error }, 'nobody can say whether an incident is over');
    }
  }
}

/**
 * Says how many items it took. An alert that can't be written must not keep the others from being told: what can't be
 * composed is told in short, and what can't be kept at all stands in the log.
 */
async function stepOn(deps: AlertDeps, name: string): Promise<number> {
  const { store, publicUrl, log, now } = deps;
  const at = now();
  const rules = rulesAt(deps, at);
  for (const composed of [composeAlert, composeShortly]) {
    try {
      return await takeStep(store, name, at, {
        decide: (incident, fresh, state) => nextStep(incident, fresh, rules, state),
        compose: (told) => composed({ ...told, publicUrl }),
      });
    } catch (error) {
      if (isDatabaseTrouble(error)) throw error;
      log.error({ incident: name, error }, 'an alert could not be written');
    }
  }
  return 0;
}

/** A round ends after so many alerts, so that others get their turn. */
const ROUND = 20;

/** Sends the waiting alerts; says how many got out. One that does not get out is tried again, later each time. */
export async function sendAlerts(deps: AlertDeps): Promise<number> {
  const { store, now, lease } = deps;
  let sent = 0;
  for (let n = 0; n < ROUND; n++) {
    const alert = await takeAlert(store, { now: now(), until: now() + lease });
    if (!alert) break;
    const renew = () => holdAlert(store, alert.claim, now() + lease);
    const outcome = await renewing({ lease, renew }, (lost) => send(deps, alert, lost));
    if (await settle(deps, alert, outcome)) sent++;
  }
  return sent;
}

/** Whether all are told who should be, and how long the others are tried; null for as long as it takes. */
type Sent = Outcome & { isDone: boolean; isTriedFor: Ms | null };

/** So long those who heard of an incident are tried to be told that it is over, and the others of a rung what that was told. */
const END_IS_TRIED_FOR: Ms = DAY;
const REST_IS_TRIED_FOR: Ms = 10 * MINUTE;

async function send(deps: AlertDeps, alert: Alert, lost: AbortSignal): Promise<Sent> {
  const { store, channels, ladder } = deps;
  const incident = alert.conversation === null ? null : await incidentNamed(store, alert.conversation);
  const toldAt = alert.about?.rungs === null && incident !== null ? await toldTimes(store, incident) : [];
  const sending = { notice: { ...noticeOf(deps, alert, incident), toldAt }, avoid: alert.avoid, lost };
  const known = [...waysOf(channels).keys()];
  const heard = known.filter((way) => incident?.heard.includes(way));
  if (alert.about?.rungs === null && heard.length > 0) {
    const toTell = heard.filter((way) => !alert.heard.includes(way));
    const outcome = await sendTo(sending, channels, toTell);
    return { ...outcome, isDone: outcome.took.length === toTell.length, isTriedFor: END_IS_TRIED_FOR };
  }
  const rungs = rungsOf(ladder, channels);
  const restOf = (took: readonly string[]) => restOfRungs(rungs, took, waysOf(trusted(channels, alert.avoid)));
  if (alert.heard.length > 0) {
    const outcome = await sendTo(sending, channels, restOf(alert.heard));
    const rest = restOf([...alert.heard, ...outcome.took]);
    return { ...outcome, isDone: rest.length === 0, isTriedFor: REST_IS_TRIED_FOR };
  }
  const [from, to] = alert.about?.rungs ?? [0, 0];
  const outcome = await sendUp(sending, channels, { rungs, from, to });
  const isTold = outcome.took.length > 0;
  const isDone = isTold && restOf(outcome.took).length === 0;
  return { ...outcome, isDone, isTriedFor: isTold ? REST_IS_TRIED_FOR : null };
}

/** An alert as channels take it. One of a daemon of an earlier version says nothing but its text. */
function noticeOf({ link }: AlertDeps, alert: Alert, incident: Incident | null): Omit<Notice, 'toldAt'> {
  const { id, subject, body, count, created_at: createdAt, tries, about } = alert;
  const turn = alert.turn ?? 'opened';
  const kind = about?.kind ?? kindIn(alert.incident);
  const isOpen = incident !== null && incident.endedAt === null && incident.acknowledgedAt === null;
  const mayTake = isOpen && (turn === 'opened' || turn === 'repeated');
  return {
    ...{ id, conversation: alert.conversation ?? alert.incident, turn, kind, incident: alert.incident },
    ...{ severity: about?.severity ?? severityOf(kind, null), subject, body, count, createdAt, tries },
    ...{ startedAt: about?.startedAt ?? createdAt, endedAt: about?.endedAt ?? null, isWorse: about?.isWorse ?? false },
    link: mayTake ? (link?.(incident.id) ?? null) : null,
  };
}

/** Writes down how the sending went; says whether the alert got out. */
async function settle(deps: AlertDeps, alert: Alert, outcome: Sent): Promise<boolean> {
  const { store, now, log } = deps;
  const { id, claim, count, conversation } = alert;
  const { took, rung, partly, problems, isDone, isTriedFor } = outcome;
  const problem = storable(problems.join('; '), 1000);
  if (partly.length > 0) log.error({ alert: id, partly }, 'an alert did not reach every administrator');
  if (conversation !== null && took.length > 0) await noteHeard(store, conversation, { ways: took, rung });
  const isOut = isDone || (isTriedFor !== null && now() - alert.created_at > isTriedFor);
  const held = isOut
    ? await alertSent(store, claim, now(), problem || null)
    : await tryAgain(deps, alert, outcome, problem || 'no way to reach the administrators is configured');
  if (!held) log.warn({ alert: id }, 'an alert took longer than this process could keep it from others');
  if (took.length > 0) log.info({ alert: id, count, by: took }, 'the administrators were told');
  if (problem || !isOut) log.error({ alert: id, problem }, isOut ? TOLD_OTHERWISE : NOT_ALL_TOLD);
  return isOut;
}

const TOLD_OTHERWISE = 'an alert was told, and not by every way';
const NOT_ALL_TOLD = 'an alert could not be sent by every way and will be tried again';

async function tryAgain(
  { store, now, pause }: AlertDeps,
  alert: Alert,
  { took }: Outcome,
  problem: string,
): Promise<boolean> {
  if (took.length > 0) await noteTaken(store, alert.claim, [...alert.heard, ...took]);
  const wait = Math.min(pause * 2 ** alert.tries, 30 * MINUTE);
  return alertFailed(store, alert, now() + wait, problem);
}
