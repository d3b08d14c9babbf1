import type { AlertKind } from '../core/alerting.ts';
import type { Step } from '../core/incident.ts';
import { safeLine, safeLines } from '../core/safe-text.ts';
import { SECOND } from '../core/time.ts';
import type { Cause } from '../core/verdict.ts';
import { ALERT_WORDS } from '../core/words/alerts.ts';
import { asSentence } from '../core/words/capital.ts';
import { attemptWords } from '../core/words/facts.ts';
import { endedWords, endHeadlineOf, standingLines } from '../core/words/incidents.ts';
import { lengthWords, timeWords } from '../core/words/numbers.ts';
import { adviceFor } from '../core/words/reasons.ts';
import { endWords, standingWords } from '../core/words/standing.ts';
import { wrap } from '../core/words/wrap.ts';
import type { AlertItem, Composed } from '../store/alerts.ts';
import type { View } from '../store/rows/rows.ts';
import type { Told } from '../store/take-step.ts';

/** So many deliveries of an incident are told in full; the others are only counted. */
const SHOWN = 5;

export type Telling = Told & { publicUrl: string | null };

/** The mail about an incident: what it is, the first few deliveries of it, and what to do. */
export function composeAlert(telling: Telling): Composed {
  const { step, items, views, count, publicUrl, last } = telling;
  if (step.what === 'climb' && last) return { ...toldUp(telling, last), avoid: last.avoid };
  const shown = items.slice(0, SHOWN);
  const parts = shown.map((item) => {
    const view = item.delivery_id === null ? undefined : views.get(item.delivery_id);
    return view ? aboutDelivery(view, publicUrl) : aboutItem(item);
  });
  const more = count > shown.length ? `\nand ${count - shown.length} more of the same incident.\n` : '';
  const mendings = [...new Set([...views.values()].flatMap(mendingsOf))];
  const told = parts.length > 0 ? [`${parts.join('\n\n')}\n${more}`] : [];
  return {
    ...(step.what === 'end' ? endLetterOf(telling, told) : letterOf(telling, told, mendings)),
    avoid: [...new Set([...[...views.values()].flatMap(troubledProviders), ...providersIn(telling)])],
  };
}

/** The same without a word of any delivery, for when those can't be told. */
export const composeShortly = (telling: Telling): Composed => ({
  ...letterOf(telling, ['Its details could not be written: see the log of the daemon.\n'], []),
  avoid: [],
});

function letterOf(telling: Telling, parts: readonly string[], mendings: string[]) {
  const { id, step, before, incident, views, count, publicUrl } = telling;
  const { headline: headlineFor, advice } = ALERT_WORDS[incident.kind];
  const headline = headlineFor(count || incident.items);
  const domain = [...views.values()][0]?.domain;
  const standing = standingLines(step, before, incident);
  const page = publicUrl === null ? [] : [`All of it:   ${pageUrl(publicUrl, 'alerts', id)}`];
  const todo = `What to do:  ${[...mendings, advice].join(`\n${HANG}`)}`;
  const steps = `Runbook:     ${runbookChapter(publicUrl, incident.kind)}`;
  const take = `Take it:     homing alerts ack ${incident.id}`;
  const lines = [`${asSentence(headline)}\n`, ...paragraph(standing), ...parts, ...page, todo, steps, take, ''];
  return {
    subject: safeLine(`[Homing] ${MARK[step.what] ?? ''}${headline}${domain ? ` (${domain})` : ''}`),
    body: wrapped(safeLines(lines.join('\n'))),
  };
}

/** What a subject begins with, so that a list of them tells a story. */
const MARK: Partial<Record<Step['what'], string>> = {
  reopen: 'again: ',
  repeat: 'still: ',
  worse: 'much worse: ',
  climb: 'nobody has taken it: ',
};

const paragraph = (lines: readonly string[]): string[] => (lines.length === 0 ? [] : [`${plain(lines.join(' '))}\n`]);

/** A paragraph of our own, whose lines are not indented. */
const plain = (text: string): string => wrap(text, { width: 76 });

/** Those up the ladder are told the same as those below, and why they are told. */
function toldUp({ step, before, incident }: Telling, { subject, body }: { subject: string; body: string }) {
  const standing = paragraph(standingLines(step, before, incident)).map((text) => `${text}\n`);
  return {
    subject: subject.replace('[Homing] ', `[Homing] ${MARK[step.what] ?? ''}`),
    body: `${standing.join('')}${body}`,
  };
}

/** That it is over: how long it took and how much it was. */
function endLetterOf({ incident, publicUrl }: Telling, parts: readonly string[]) {
  const length = (incident.overAt ?? incident.startedAt) - incident.startedAt;
  const over = length < SECOND ? 'over' : `over after ${lengthWords(length)}`;
  const steps = `Runbook:     ${runbookChapter(publicUrl, incident.kind)}`;
  const lines = [`${asSentence(endHeadlineOf(incident))}\n`, `${plain(endedWords(incident))}\n`, ...parts, steps, ''];
  return {
    subject: safeLine(`[Homing] ${over}: ${endHeadlineOf(incident)} (${subjectIn(incident.name)})`),
    body: wrapped(safeLines(lines.join('\n'))),
  };
}

/** What an incident is about: a domain, a provider; the kind where it is about all. */
const subjectIn = (name: string): string => name.slice(name.indexOf(':') + 1);

const pageUrl = (publicUrl: string, what: 'alerts' | 'messages', id: string): string =>
  `${publicUrl.replace(/\/+$/, '')}/${what}/${id}`;

/** Where to read what to do, step by step. */
export const runbookChapter = (publicUrl: string | null, chapter: AlertKind | 'database'): string =>
  publicUrl === null ? `homing runbook ${chapter}` : `${publicUrl.replace(/\/+$/, '')}/runbook#${chapter}`;

/** Indents the lines after the first as far as the labels. */
const HANG = ' '.repeat(13);

/** The provider that an incident of an account is about. */
const providersIn = ({ incident: { kind, name } }: Telling): string[] =>
  kind === 'account_refused' ? [subjectIn(name)] : [];

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
