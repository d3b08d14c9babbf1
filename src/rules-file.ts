import { readFileSync } from 'node:fs';
import type { OwnRules } from './core/classify/classify.ts';
import { parseRules, type RuleProblem } from './core/classify/own-rules.ts';

/** The rules that an operator wrote, and all that is wrong with them at once: the file is mended by hand. */
export type RulesFile = { rules: OwnRules; problems: readonly string[] };

export function readRulesFile(file: string): RulesFile {
  const text = textOf(file);
  if (typeof text !== 'string')
    return { rules: parseRules('[]').rules, problems: [`the file can't be read: ${text.why}`] };
  const { rules, problems } = parseRules(text);
  return { rules, problems: problems.map(wordsOf) };
}

function textOf(file: string): string | { why: string } {
  try {
    // Some editors begin a file with a byte order mark, which is no JSON.
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { why: String(error.code) };
    throw error;
  }
}

function wordsOf({ index, name, problem }: RuleProblem): string {
  if (index === null) return problem;
  return `rule ${index + 1}${name === null ? '' : ` ("${name.slice(0, 60)}")`}: ${problem}`;
}
