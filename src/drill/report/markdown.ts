import type { DrillReport } from '../../core/drills.ts';
import {
  CHECK_WORDS,
  FAULT_WORDS,
  figureWords,
  GROUND_WORDS,
  RESULT_WORDS,
  sinceWords,
  verdictWords,
} from '../../core/words/drills.ts';
import { escaped } from '../../core/words/markdown.ts';
import { timeTaken, timeWords } from '../../core/words/numbers.ts';

/** A drill as a page for a review. */
export function drillMarkdown(report: DrillReport): string {
  const { fault, ground, startedAt, endedAt, checks, slots, timeline } = report;
  return [
    `# Drill of ${timeWords(startedAt)}: ${verdictWords(report)}`,
    '',
    `- What happened: ${FAULT_WORDS[fault]} (\`--primary ${fault}\`), ${lastedWords(report)}`,
    `- Played: ${GROUND_WORDS[ground]}, ${timeTaken(endedAt - startedAt)} in all`,
    '',
    '## Checks',
    '',
    ...table(
      ['check', 'result', 'what was seen'],
      checks.map(({ check, result, says }) => [CHECK_WORDS[check], RESULT_WORDS[result], says]),
    ),
    '',
    '## Figures',
    '',
    ...table(['', ''], figureWords(report)),
    '',
    '## What happened',
    '',
    ...table(
      ['after', 'who', 'what'],
      timeline.map(({ at, who, says }) => [sinceWords(report, at), who, says]),
    ),
    '',
    '## Mail over time',
    '',
    ...table(
      ['from', 'fault', 'by Mailgun', 'by the secondary', 'waiting at the end'],
      slots.map((slot) => [
        sinceWords(report, slot.at),
        slot.sick ? 'yes' : '',
        String(slot.mailgun),
        String(slot.secondary),
        String(slot.waiting),
      ]),
    ),
    '',
  ].join('\n');
}

export const lastedWords = ({ faultFrom, faultUntil }: DrillReport): string =>
  faultFrom === null || faultUntil === null ? 'broken off' : `for ${timeTaken(faultUntil - faultFrom)}`;

const row = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  row(head),
  `|${'---|'.repeat(head.length)}`,
  ...rows.map(row),
];
