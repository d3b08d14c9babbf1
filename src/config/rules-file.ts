import { readFileSync } from 'node:fs';
import { text } from '../base/kinds.ts';
import { room } from '../base/setting.ts';
import type { OwnRules } from '../classifier/classify.ts';
import { parseRules, problemWords } from '../classifier/own-rules.ts';

export const RULES = room({
  title: 'Own rules',
  settings: {
    HOMING_RULES: {
      kind: text,
      level: 'rarely',
      says: 'A file of your own rules for the classifier (see "homing classify --help"); a change of it needs a restart.',
    },
  },
  // With wrong rules failures would be misjudged one by one, so a daemon does not start.
  problems: ({ HOMING_RULES: file }) =>
    file === undefined ? [] : readRules(file).problems.map((problem) => `HOMING_RULES: ${problem}`),
});

/** The operator's own rules, and every problem of their file, which is mended by hand. */
export type ReadRules = { rules: OwnRules; problems: readonly string[] };

export function readRules(file: string): ReadRules {
  const { content, problem } = textOf(file);
  const { rules, problems } = parseRules(content);
  if (problem !== null) return { rules, problems: [problem] };
  return { rules, problems: problems.map(problemWords) };
}

function textOf(file: string): { content: string; problem: string | null } {
  try {
    // Some editors begin a file with a byte order mark, which is no JSON.
    return { content: readFileSync(file, 'utf8').replace(/^\uFEFF/, ''), problem: null };
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'it is no text';
    return { content: '[]', problem: `can't be read: ${why}` };
  }
}
