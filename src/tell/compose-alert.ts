import type { AlertKind } from '../core/alerting.ts';
import { safeLine, safeLines } from '../core/safe-text.ts';
import type { Cause } from '../core/verdict.ts';
import { ALERT_WORDS } from '../core/words/alerts.ts';
import { asSentence } from '../core/words/capital.ts';
import { attemptWords } from '../core/words/facts.ts';
import { lengthWords, timeWords } from '../core/words/numbers.ts';
import { adviceFor } from '../core/words/reasons.ts';
import { endWords, standingWords } from '../core/words/standing.ts';
import { wrap } from '../core/words/wrap.ts';
import type { AlertItem, Bundled, Composed } from '../store/alerts.ts';
import type { View } from '../store/rows/rows.ts';

/** So many deliveries of an incident are told in full; the others are only counted. */
const SHOWN = 5;

export type Incident = Bundled & { publicUrl: string | null };

/** The mail about an incident: what it is, the first few deliveries of it, and what to do. */
export function composeAlert(incident: Incident): Composed {
  const { items, views, count, publicUrl } = incident;
  const shown = items.slice(0, SHOWN);
  const parts = shown.map((item) => {
    const view = item.delivery_id === null ? undefined : views.get(item.delivery_id);
    return view ? aboutDelivery(view, publicUrl) : aboutItem(item);
  });
  const more = count > shown.length ? `\nand ${count - shown.length} more of the same incident.\n` : '';
  const mendings = [...new Set([...views.values()].flatMap(mendingsOf))];
  return {
    ...letterOf(incident, [`${parts.join('\n\n')}\n${more}`], mendings),
    avoid: [...new Set([...[...views.values()].flatMap(troubledProviders), ...items.flatMap(providerIn)])],
  };
}

/** The same without a word of any delivery, for when those can't be told. */
export const composeShortly = (incident: Incident): Composed => ({
  ...letterOf(incident, ['Its details could not be written: see the log of the daemon.\n'], []),
  avoid: [],
});

function letterOf({ id, items, views, count, publicUrl }: Incident, parts: readonly string[], mendings: string[]) {
  const kind = items[0]?.kind ?? 'gave_up';
  const { headline: headlineFor, advice } = ALERT_WORDS[kind];
  const headline = headlineFor(count);
  const domain = [...views.values()][0]?.domain;
  const page = publicUrl === null ? [] : [`All of it:   ${pageUrl(publicUrl, 'alerts', id)}`];
  const todo = `What to do:  ${[...mendings, advice].join(`\n${HANG}`)}`;
  const steps = `Runbook:     ${runbookChapter(publicUrl, kind)}`;
  return {
    subject: safeLine(`[Homing] ${headline}${domain ? ` (${domain})` : ''}`),
    body: wrapped(safeLines([`${asSentence(headline)}\n`, ...parts, ...page, todo, steps, ''].join('\n'))),
  };
}

const pageUrl = (publicUrl: string, what: 'alerts' | 'messages', id: string): string =>
  `${publicUrl.replace(/\/+$/, '')}/${what}/${id}`;

/** Where to read what to do, step by step. */
export const runbookChapter = (publicUrl: string | null, chapter: AlertKind | 'database'): string =>
  publicUrl === null ? `homing runbook ${chapter}` : `${publicUrl.replace(/\/+$/, '')}/runbook#${chapter}`;

/** Indents the lines after the first as far as the labels. */
const HANG = ' '.repeat(13);

/** The provider that an incident of an account is about. */
const providerIn = ({ kind, incident }: AlertItem): string[] =>
  kind === 'account_refused' ? [incident.slice(incident.indexOf(':') + 1)] : [];

const wrapped = (text: string): string =>
  text
    .split('\n')
    .map((line) => wrap(line, { width: 76, hang: HANG }))
    .join('\n');

const aboutItem = ({ at, detail, delivery_id: id }: AlertItem): string =>
  `${timeWords(at)}  ${safeLine(detail ?? (id === null ? '' : `delivery ${id}, of which nothing can be read`))}`;

/** Who, what, why, what was tried when, how to act. No body, no subject, no link of the message. */
function aboutDelivery(view: View, publicUrl: string | null): string {
  const { delivery } = view;
  const useful = delivery.usefulUntil - view.birth.createdAt;
  const link = publicUrl ? [`  look       ${pageUrl(publicUrl, 'messages', view.messageId)}`] : [];
  const lines = [
    `To ${view.recipient} (${view.class}, asked for ${timeWords(view.birth.createdAt)}, useful for ${lengthWords(useful)})`,
    `  now        ${delivery.state}: ${standingWords(delivery, view.birth.policy.watch)}`,
    `  why        ${endWords({ ...delivery, reason: delivery.reason ?? lastCause(view) })}`,
    ...delivery.attempts.map((a) => `  tried      ${attemptWords(a)}`),
    `  explain    homing explain ${view.messageId}`,
    ...link,
  ];
  // A line of somebody else's must stay one line.
  return lines.map((line) => safeLine(line)).join('\n');
}

/**
 * What can be done about the end of a delivery and about the failure before it, according to the words of the server.
 */
function mendingsOf({ delivery }: View): string[] {
  const { bounce, verdict } = delivery.attempts.findLast((a) => a.failure)?.failure ?? {};
  const reply = `${bounce?.message ?? ''} ${bounce?.description ?? ''} ${verdict?.evidence.words ?? ''}`;
  const reasons = [delivery.reason, verdict?.cause ?? null].filter((reason) => reason !== null);
  return reasons.map((reason) => adviceFor(reason, reply)).filter((advice) => advice !== null);
}

const lastCause = (view: View): Cause | null =>
  view.delivery.attempts.findLast((a) => a.failure)?.failure?.verdict?.cause ?? null;

/** Providers that could not be used: an alert about them should not go through them. */
const troubledProviders = (view: View): string[] =>
  view.delivery.attempts.flatMap(({ claim, answer, unanswered }) => {
    const isDown = answer?.kind === 'refused' && (answer.why === 'busy' || answer.why === 'account');
    return isDown || (unanswered && !answer) ? [claim.provider] : [];
  });
