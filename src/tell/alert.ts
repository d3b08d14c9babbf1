import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { renewing } from '../base/renewing.ts';
import { type Clock, MINUTE, type Ms } from '../core/time.ts';
import type { Cause } from '../core/verdict.ts';
import { ALERT_WORDS } from '../core/words/alerts.ts';
import { attemptWords } from '../core/words/facts.ts';
import { lengthWords, timeWords } from '../core/words/numbers.ts';
import { adviceFor } from '../core/words/reasons.ts';
import { endWords, standingWords } from '../core/words/standing.ts';
import { wrap } from '../core/words/wrap.ts';
import {
  type Alert,
  type AlertItem,
  alertFailed,
  alertSent,
  bundle,
  type Composed,
  holdAlert,
  lastAlertAt,
  takeAlert,
  untold,
} from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import type { View } from '../store/rows/rows.ts';
/** One way to reach the administrators. Rejects when the alert did not get out. */
export type Channel = {
  name: string /** Says what went wrong for some, when others got it. */;
  send(alert: Alert): Promise<string[]>;
};

export type AlertDeps = {
  store: Store;
  channels: readonly Channel[];
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
    bundled += await bundle(deps.store, incident, now, (items, views, count) => compose(deps, items, views, count));
  }
  return bundled;
}

/** A round ends after so many alerts, so that others get their turn. */
const ROUND = 20;

/** Sends what is waiting; says how many alerts got out. What does not get out is tried again, later each time. */
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
      : await alertFailed(store, alert, now() + wait, problem.slice(0, 1000));
  if (!held) log.warn({ alert: id }, 'an alert took longer than this process could keep it from others');
  if (problem === null) log.info({ alert: id, count }, 'the administrators were told');
  else log.error({ alert: id, problem }, 'an alert could not be sent and will be tried again');
  return problem === null;
}

/** The first channel that takes it; one that the alert warns about comes last, and only after the others failed. */
async function sendOne(deps: AlertDeps, alert: Alert, lost: AbortSignal): Promise<string | null> {
  const trusted = deps.channels.filter((c) => !alert.avoid.includes(c.name));
  const usable = trusted.length > 0 ? trusted : deps.channels;
  const problems: string[] = [];
  for (const channel of usable) {
    if (lost.aborted) return 'another process sends it';
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

const SHOWN = 5;

function compose(deps: AlertDeps, items: AlertItem[], views: Map<string, View>, count: number): Composed {
  const { headline: headlineFor, advice } = ALERT_WORDS[items[0]?.kind ?? 'gave_up'];
  const headline = headlineFor(count);
  const shown = items.slice(0, SHOWN);
  const parts = shown.map((item) => {
    const view = item.delivery_id === null ? undefined : views.get(item.delivery_id);
    return view ? aboutDelivery(view, deps.publicUrl) : `${timeWords(item.at)}  ${item.detail ?? ''}`;
  });
  const more = count > shown.length ? `\nand ${count - shown.length} more of the same incident.\n` : '';
  const domain = [...views.values()][0]?.domain;
  const todo = [...new Set([...views.values()].flatMap(mendingsOf)), advice];
  return {
    subject: `[Homing] ${headline}${domain ? ` (${domain})` : ''}`,
    body: wrapped(`${sentence(headline)}\n\n${parts.join('\n\n')}\n${more}\nWhat to do:  ${todo.join(`\n${HANG}`)}\n`),
    avoid: [...new Set([...views.values()].flatMap(troubledRoutes))],
  };
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** As wide as the labels of a paragraph. */
const HANG = ' '.repeat(13);

const wrapped = (text: string): string =>
  text
    .split('\n')
    .map((line) => wrap(line, { width: 76, hang: HANG }))
    .join('\n');

/** Who, what, why, what was tried when, how to act. No body, no subject, no link of the message. */
function aboutDelivery(view: View, publicUrl: string | null): string {
  const { delivery } = view;
  const useful = delivery.usefulUntil - view.birth.createdAt;
  const link = publicUrl ? [`  look       ${publicUrl.replace(/\/$/, '')}/messages/${view.messageId}`] : [];
  return [
    `To ${view.recipient} (${view.class}, asked for ${timeWords(view.birth.createdAt)}, useful for ${lengthWords(useful)})`,
    `  now        ${delivery.state}: ${standingWords(delivery)}`,
    `  why        ${endWords({ ...delivery, reason: delivery.reason ?? lastCause(view) })}`,
    ...delivery.attempts.map((a) => `  tried      ${attemptWords(a)}`),
    `  explain    homing explain ${view.messageId}`,
    ...link,
  ].join('\n');
}

/** What can be done about the end of a delivery, and about the failure before it: by the words of the server. */
function mendingsOf({ delivery }: View): string[] {
  const { bounce, verdict } = delivery.attempts.findLast((a) => a.failure)?.failure ?? {};
  const reply = `${bounce?.message ?? ''} ${bounce?.description ?? ''} ${verdict?.evidence.words ?? ''}`;
  const reasons = [delivery.reason, verdict?.cause ?? null].filter((reason) => reason !== null);
  return reasons.map((reason) => adviceFor(reason, reply)).filter((advice) => advice !== null);
}

const lastCause = (view: View): Cause | null =>
  view.delivery.attempts.findLast((a) => a.failure)?.failure?.verdict?.cause ?? null;

/** Providers that could not be used: an alert about them should not go through them. */
const troubledRoutes = (view: View): string[] =>
  view.delivery.attempts.flatMap(({ claim, answer, unanswered }) => {
    const isDown = answer?.kind === 'refused' && (answer.why === 'busy' || answer.why === 'account');
    return isDown || (unanswered && !answer) ? [claim.provider] : [];
  });
