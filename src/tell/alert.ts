import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
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
  lastAlertAt,
  takeAlerts,
  untold,
} from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import type { View } from '../store/rows/rows.ts';
import type { AlertChannel } from './channels/channel.ts';

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
    bundled += await bundle(deps.store, incident, now, (items, views, count) => compose(deps, items, views, count));
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
