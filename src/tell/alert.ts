import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { renewing } from '../base/renewing.ts';
import { ALERT_KINDS } from '../core/alerting.ts';
import { storable } from '../core/safe-text.ts';
import { type Clock, MINUTE, type Ms } from '../core/time.ts';
import {
  type Alert,
  alertFailed,
  alertSent,
  bundle,
  holdAlert,
  lastAlertAt,
  takeAlert,
  untold,
} from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import { isDatabaseTrouble } from '../store/db/trouble.ts';
import type { AlertChannel, Notice } from './channels/channel.ts';
import { composeAlert, composeShortly } from './compose-alert.ts';

export type AlertDeps = {
  store: Store;
  channels: readonly AlertChannel[];
  /** How long an incident gathers before its first alert, and between two of its alerts. */
  group: Ms;
  repeat: Ms;
  lease: Ms;
  pause: Ms;
  publicUrl: string | null;
  now: Clock;
  log: Log;
};

/** Makes one alert of each incident that has untold items; says how many items it took. */
export async function bundleAlerts(deps: AlertDeps): Promise<number> {
  let bundled = 0;
  for (const { incident, since, latest } of await untold(deps.store, 100)) {
    const now = deps.now();
    // While an incident is still growing its alert waits, until it is quiet or has grown for long enough.
    if (isWithin(now, latest, deps.group) && isWithin(now, since, 5 * deps.group)) continue;
    const last = await lastAlertAt(deps.store, incident, now + deps.repeat);
    if (last !== null && isWithin(now, last, deps.repeat)) continue;
    bundled += await bundleIncident(deps, incident, now);
  }
  return bundled;
}

/** Whether it was so lately, by the clock of any daemon. What is far ahead was written before a clock was set back. */
const isWithin = (now: Ms, at: Ms, length: Ms): boolean => Math.abs(now - at) < length;

/**
 * Says how many items it took. An alert that can't be written must not keep the others from being told: what can't be
 * composed is told in short, and what can't be kept at all stands in the log.
 */
async function bundleIncident({ store, publicUrl, log }: AlertDeps, incident: string, now: Ms): Promise<number> {
  for (const composed of [composeAlert, composeShortly]) {
    try {
      return await bundle(store, incident, now, (bundled) => composed({ ...bundled, publicUrl }));
    } catch (error) {
      if (isDatabaseTrouble(error)) throw error;
      log.error({ incident, error }, 'an alert could not be written');
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
    const problem = await renewing({ lease, renew }, (lost) => sendOne(deps, alert, lost));
    if (await settle(deps, alert, problem)) sent++;
  }
  return sent;
}

/** Writes down how the sending went; says whether the alert got out. */
async function settle({ store, now, pause, log }: AlertDeps, alert: Alert, problem: string | null): Promise<boolean> {
  const { id, claim, tries, count } = alert;
  const wait = Math.min(pause * 2 ** tries, 30 * MINUTE);
  const held =
    problem === null
      ? await alertSent(store, claim, now())
      : await alertFailed(store, alert, now() + wait, storable(problem, 1000));
  if (!held) log.warn({ alert: id }, 'an alert took longer than this process could keep it from others');
  if (problem === null) log.info({ alert: id, count }, 'the administrators were told');
  else log.error({ alert: id, problem }, 'an alert could not be sent and will be tried again');
  return problem === null;
}

/**
 * Sends by the first channel that takes it. A channel that the alert warns about is left out as long as there are
 * others.
 */
async function sendOne(deps: AlertDeps, alert: Alert, lost: AbortSignal): Promise<string | null> {
  const trusted = deps.channels.filter((c) => !alert.avoid.includes(c.name));
  const usable = trusted.length > 0 ? trusted : deps.channels;
  const problems: string[] = [];
  for (const channel of usable) {
    if (lost.aborted) return 'another process sends it';
    try {
      const partly = await channel.send(noticeOf(alert));
      if (partly.length > 0) deps.log.error({ alert: alert.id, partly }, 'an alert did not reach every administrator');
      return null;
    } catch (error) {
      problems.push(`${channel.name}: ${wordsOf(error)}`);
    }
  }
  return problems.join('; ') || 'no way to reach the administrators is configured';
}

/** An alert as channels take it. An incident is told of as often as it grows, and each time as if it began. */
function noticeOf({ id, incident, subject, body, count, created_at: at, tries }: Alert): Notice {
  const kind = ALERT_KINDS.find((name) => incident === name || incident.startsWith(`${name}:`)) ?? 'gave_up';
  const state = { conversation: incident, turn: 'opened', severity: 'error', link: null } as const;
  return { ...state, id, kind, incident, subject, body, count, createdAt: at, startedAt: at, endedAt: null, tries };
}
