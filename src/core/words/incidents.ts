import { endingOf, endOf, GOES_ON, type Incident, kindIn, lasts, type Step } from '../incident.ts';
import { SECOND } from '../time.ts';
import { ALERT_WORDS } from './alerts.ts';
import { capital } from './capital.ts';
import { counted, lengthWords, timeWords } from './numbers.ts';

/** What has happened, in a few words. */
export const headlineOf = ({ kind, items }: Incident): string => ALERT_WORDS[kind].headline(items);

/** The same for its end. */
export function endHeadlineOf(incident: Incident): string {
  const ending = endingOf(incident.name);
  return ending === null ? headlineOf(incident) : ALERT_WORDS[kindIn(ending)].headline(1);
}

/** What an alert says of its incident before it comes to what happened; empty when that is told for the first time. */
export function standingLines(step: Step, before: Incident | null, incident: Incident): string[] {
  switch (step.what) {
    case 'reopen':
      return [flappingWords(incident)];
    case 'repeat':
      return [`It goes on: ${soFar(incident)}.`, ...(incident.flaps > 0 ? [flappingWords(incident)] : [])];
    case 'worse':
      return [`It got worse by far since ${worseSince(before)}: ${soFar(incident)}.`];
    case 'climb':
      return [`Nobody has taken this since ${timeWords(incident.openedAt)}.`];
    default:
      return [];
  }
}

const worseSince = (before: Incident | null): string =>
  before === null || before.acknowledgedAt === null ? 'it was told' : `${before.acknowledgedBy ?? 'somebody'} took it`;

const soFar = ({ kind, items, startedAt }: Incident): string =>
  `${lasts(kind) ? '' : `${counted(items, 'case')} `}since ${timeWords(startedAt)}`;

const flappingWords = ({ flaps, firstAt }: Incident): string =>
  `It is flapping: it came again ${counted(flaps, 'time')} since ${timeWords(firstAt)}, each time within ${lengthWords(GOES_ON)} of its end.`;

/** How long it took, and how much it was. */
export function endedWords(incident: Incident): string {
  const { kind, startedAt, items, flaps } = incident;
  const overAt = endOf(incident) ?? startedAt;
  const length = lengthWords(Math.max(0, overAt - startedAt));
  const span = `It began at ${timeWords(startedAt)}`;
  const last = overAt - startedAt < SECOND ? '' : `; the last was seen at ${timeWords(overAt)}, ${length} later`;
  const end = lasts(kind)
    ? `${span} and ended at ${timeWords(overAt)}, after ${length}.`
    : `${span}${last}, and nothing was seen since: ${counted(items, 'case')} in all.`;
  return flaps > 0 ? `${end} ${flappingWords(incident)}` : end;
}

/** How an incident stands, in one line of a list. */
export function incidentLine(incident: Incident, now: number): string {
  const { severity, name, items, kind, acknowledgedBy, acknowledgedAt } = incident;
  const endedAt = endOf(incident);
  const much = lasts(kind) ? '' : `, ${counted(items, 'case')}`;
  const since = `${lengthWords(Math.max(0, (endedAt ?? now) - incident.startedAt))}${much}`;
  if (endedAt !== null) return `${name}: ended at ${timeWords(endedAt)}, after ${since}`;
  const taken =
    acknowledgedAt === null
      ? 'nobody has taken it'
      : `taken by ${acknowledgedBy ?? 'somebody'} at ${timeWords(acknowledgedAt)}`;
  return `${name} (${severity}): for ${since}; ${taken}`;
}

/** What all who heard of it are told when somebody takes it. */
export const takenWords = (incident: Incident): { subject: string; body: string } => ({
  subject: `[Homing] taken by ${incident.acknowledgedBy ?? 'somebody'}: ${headlineOf(incident)}`,
  body: [
    `${capital(incident.acknowledgedBy ?? 'somebody')} has taken ${incident.name}: ${headlineOf(incident)}.`,
    'Nothing more is told of it until it is over, or gets worse by far.',
    '',
  ].join('\n'),
});
