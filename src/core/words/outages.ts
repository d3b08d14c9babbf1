import type { HealthChange, Unwell } from '../health.ts';
import { lengthOf, type Moved, type Outage, type Toll } from '../outages.ts';
import { safeLine } from '../safe-text.ts';
import type { Ms } from '../time.ts';
import { escaped } from './markdown.ts';
import { counted, timeTaken, timeWords } from './numbers.ts';

/** One line: which provider, since when and for how long. */
export function outageLine(outage: Outage, now: Ms): string {
  const { provider, state, startedAt, endedAt } = outage;
  const length = timeTaken(lengthOf(outage, now));
  const lasted = endedAt === null ? `for ${length} so far, now ${state}` : `for ${length}`;
  return `${named(provider)} was down from ${timeWords(startedAt)}, ${lasted}`;
}

/** What it did to the mail, a sentence each. */
export function tollWords({ endedAt }: Outage, toll: Toll): string[] {
  const { moved, held, expired, doubles } = toll;
  const sentences = moved.map(movedWords);
  if (moved.length === 0) sentences.push('No mail left through another provider.');
  if (endedAt === null) sentences.push(`${counted(held, 'mail')} ${held === 1 ? 'waits' : 'wait'} for it now.`);
  sentences.push(expired === 0 ? 'No mail expired.' : `${counted(expired, 'mail')} expired.`);
  sentences.push(
    `${doubles === 0 ? 'No copy' : counted(doubles, 'copy', 'copies')} went out that may have been a second one.`,
  );
  if (endedAt !== null) sentences.push(drainWords(toll));
  return sentences;
}

const movedWords = ({ provider, class: kind, n }: Moved): string =>
  `${counted(n, `${kind} mail`)} left through ${named(provider)}.`;

function drainWords({ drain, expected }: Pick<Toll, 'drain' | 'expected'>): string {
  if (drain === 0) return 'Nothing waited any more when it ended.';
  const said = expected === null ? '' : `; ${timeTaken(expected)} had been expected`;
  if (drain === null) return `Some of what had waited still waits${said}.`;
  return `The last of what had waited left ${timeTaken(drain)} after the end${said}.`;
}

/** One line for a change of a provider's health, with what spoke for it. */
export function changeWords({ at, after, share, evidence }: HealthChange): string {
  const shown = after === 'recovering' ? `recovering, with ${share} of 100 mails` : after;
  return `${timeWords(at)}  ${shown}: ${safeLine(evidence)}`;
}

/** One outage for people, from which a review can be written. */
export function outageMarkdown(outage: Outage, toll: Toll, now: Ms): string {
  const { provider, startedAt, endedAt } = outage;
  const rows = outage.changes.map(
    ({ at, after, share, evidence }) => `| ${timeWords(at)} | ${after} | ${share} | ${escaped(evidence)} |`,
  );
  return [
    `# ${escaped(provider)} was down`,
    '',
    `- Began: ${timeWords(startedAt)}`,
    `- Ended: ${endedAt === null ? 'not yet' : timeWords(endedAt)}`,
    `- Lasted: ${timeTaken(lengthOf(outage, now))}${endedAt === null ? ' so far' : ''}`,
    `- Outage: ${outage.id}`,
    '',
    '## What it did to the mail',
    '',
    ...tollWords(outage, toll).map((sentence) => `- ${escaped(sentence)}`),
    '',
    '## What was seen',
    '',
    '| when | state | mails of 100 that it is given | what spoke for it |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** How a provider is that is not healthy, in one line. */
export function unwellWords({ provider, state, since, share }: Unwell): string {
  const given = state === 'recovering' ? `, and is given ${share} of 100 mails` : '';
  return `${named(provider)} is ${state} since ${timeWords(since)}${given}`;
}

const named = (provider: string): string => safeLine(provider).trim();
