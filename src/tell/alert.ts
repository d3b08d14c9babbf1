import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type Clock, MINUTE, type Ms } from '../core/time.ts';
import { type Alert, alertFailed, alertSent, bundle, lastAlertAt, takeAlerts, untold } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import type { AlertChannel } from './channels/channel.ts';
import { composeAlert } from './compose-alert.ts';

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

/** Makes one alert of each incident that has something untold; says how many items were bundled. */
export async function bundleAlerts(deps: AlertDeps): Promise<number> {
  let bundled = 0;
  for (const { incident, since, latest } of await untold(deps.store, 100)) {
    const now = deps.now();
    // An incident that is still growing is told of when it is quiet, or when it has grown for long enough.
    if (now < latest + deps.group && now < since + 5 * deps.group) continue;
    const last = await lastAlertAt(deps.store, incident);
    if (last !== null && now < last + deps.repeat) continue;
    bundled += await bundle(deps.store, incident, now, (items, views, count) =>
      composeAlert({ items, views, count, publicUrl: deps.publicUrl }),
    );
  }
  return bundled;
}

/** Sends what is waiting; says how many alerts got out. What does not get out is tried again, later each time. */
export async function sendAlerts(deps: AlertDeps): Promise<number> {
  let sent = 0;
  for (const alert of await takeAlerts(deps.store, deps.now(), 20, deps.lease)) {
    const problem = await sendOne(deps, alert);
    if (problem === null) {
      await alertSent(deps.store, alert.id, deps.now());
      deps.log.info({ alert: alert.id, count: alert.count }, 'the administrators were told');
      sent++;
      continue;
    }
    const wait = Math.min(deps.pause * 2 ** alert.tries, 30 * MINUTE);
    deps.log.error({ alert: alert.id, problem }, 'an alert could not be sent and will be tried again');
    await alertFailed(deps.store, alert.id, alert.tries + 1, deps.now() + wait, problem);
  }
  return sent;
}

/** The first channel that takes it; one that the alert warns about comes last, and only after the others failed. */
async function sendOne(deps: AlertDeps, alert: Alert): Promise<string | null> {
  const trusted = deps.channels.filter((c) => !alert.avoid.includes(c.name));
  const usable = trusted.length > 0 ? trusted : deps.channels;
  const problems: string[] = [];
  for (const channel of usable) {
    try {
      const partly = await channel.send(alert);
      if (partly.length > 0) deps.log.error({ alert: alert.id, partly }, 'an alert did not reach every administrator');
      return null;
    } catch (error) {
      problems.push(`${channel.name}: ${wordsOf(error)}`);
    }
  }
  return problems.join('; ') || 'no way to reach the administrators is configured';
}
