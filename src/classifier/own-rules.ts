import { CAUSES, type Cause, DECISIONS, type Decision } from '../core/verdict.ts';
import type { OwnRules } from './classify.ts';
import { matcherOf } from './engine/matcher.ts';
import { refusalOf } from './engine/pattern.ts';
import { DECISION_OF, type Rule } from './engine/rule.ts';

/** Something wrong in a rules file; `index` counts from 0, and is null when the file itself can't be read. */
export type RuleProblem = { index: number | null; name: string | null; problem: string };

export function problemWords({ index, name, problem }: RuleProblem): string {
  if (index === null) return problem;
  return `rule ${index + 1}${name === null ? '' : ` ("${name.slice(0, 60)}")`}: ${problem}`;
}

export type ParsedRules = {
  /** for classify; asked in the order of the file */ rules: OwnRules;
  count: number;
  problems: RuleProblem[];
};

type Fields = { [name: string]: unknown };
const FIELDS = ['name', 'match', 'code', 'enhanced', 'domain', 'cause', 'decision', 'comment'];

/**
 * Reads an operator's rules: a JSON array of `{ name, match, code?, enhanced?, domain?, cause?, decision? }`, where `match`
 * is words to look for, or a regular expression between slashes. Every problem is reported; the rules without one work.
 */
export function parseRules(text: string): ParsedRules {
  const list = listIn(text);
  if (typeof list === 'string')
    return { rules: matcherOf([]), count: 0, problems: [{ index: null, name: null, problem: list }] };
  const problems: RuleProblem[] = [];
  const rules: Rule[] = [];
  const names = new Set<string>();
  list.forEach((given, index) => {
    const name = isFields(given) && typeof given['name'] === 'string' ? given['name'] : null;
    const found = isFields(given) ? readRule(given, names) : ['is not an object'];
    if (!Array.isArray(found)) rules.push(found);
    else problems.push(...found.map((problem) => ({ index, name, problem })));
  });
  return { rules: matcherOf(rules.map((rule) => ({ ...rule, layer: 'own' }))), count: rules.length, problems };
}

function listIn(text: string): unknown[] | string {
  try {
    const given: unknown = JSON.parse(text);
    return Array.isArray(given) ? given : 'the file must hold a JSON array of rules';
  } catch (error) {
    return `not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The rule, or all that is wrong with it. */
function readRule(given: Fields, names: Set<string>): Rule | string[] {
  const problems: string[] = [];
  const wrong = (problem: string): undefined => {
    problems.push(problem);
  };
  const name = readName(given['name'], names, wrong);
  const pattern = readMatch(given['match'], wrong);
  const codes = readCodes(given['code'], wrong);
  const enhanced = readEnhanced(given['enhanced'], wrong);
  const domain = readDomain(given['domain'], wrong);
  const cause = oneOf(CAUSES, 'cause', given['cause'], wrong);
  const decision = oneOf(DECISIONS, 'decision', given['decision'], wrong);
  for (const field of Object.keys(given)) if (!FIELDS.includes(field)) wrong(`unknown field "${shown(field)}"`);
  if (given['cause'] === undefined && given['decision'] === undefined) wrong('needs a cause or a decision');
  if (problems.length > 0) return problems;
  return {
    name,
    ...outcomeOf(cause, decision),
    ...(pattern === undefined ? {} : { pattern }),
    ...(codes ? { codes } : {}),
    ...(enhanced ? { enhanced } : {}),
    ...(domain === undefined ? {} : { domain }),
    source: 'the operator',
    example: '',
  };
}

/** A rule that gives only a decision gets the first cause that leads to it. */
function outcomeOf(cause: Cause | undefined, decision: Decision | undefined): { cause: Cause; decision: Decision } {
  const named =
    cause ?? CAUSES.find((one) => decision !== undefined && DECISION_OF[one] === decision) ?? 'undetermined';
  return { cause: named, decision: decision ?? DECISION_OF[named] };
}

type Wrong = (problem: string) => undefined;

function readName(given: unknown, names: Set<string>, wrong: Wrong): string {
  if (typeof given !== 'string' || given.trim() === '') {
    wrong('needs a name');
    return '';
  }
  if (names.has(given)) wrong('another rule has the same name');
  names.add(given);
  return given;
}

function readMatch(given: unknown, wrong: Wrong): string | undefined {
  if (typeof given !== 'string' || given.trim() === '')
    return wrong('needs a "match": words, or /a regular expression/');
  const between = /^\/(.*)\/([a-z]*)$/s.exec(given.trim());
  if (!between) return escaped(given.trim());
  const [, source = '', flags = ''] = between;
  if (flags !== '' && flags !== 'i') return wrong(`flag "${shown(flags)}" is not allowed (case never matters)`);
  const refusal = refusalOf(source);
  return refusal === null ? source : wrong(`unsafe or wrong pattern: ${refusal}`);
}

const escaped = (words: string): string => words.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replace(/\s+/g, ' ');

function readCodes(given: unknown, wrong: Wrong): number[] | undefined {
  if (given === undefined) return undefined;
  const codes = [given].flat().map(Number);
  if (codes.length > 0 && codes.every((code) => Number.isInteger(code) && code >= 200 && code <= 999)) return codes;
  return wrong('"code" must be a reply code such as 550, or a list of them');
}

function readEnhanced(given: unknown, wrong: Wrong): string[] | undefined {
  if (given === undefined) return undefined;
  const codes = [given].flat();
  const fine = (code: unknown): code is string =>
    typeof code === 'string' && /^[45x]\.\d{1,3}\.(?:\d{1,3}|\*)$/.test(code);
  if (codes.length > 0 && codes.every(fine)) return codes;
  return wrong('"enhanced" must be a code such as "5.7.1", "x.7.1" or "5.7.*", or a list of them');
}

function readDomain(given: unknown, wrong: Wrong): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'string' && /^[^\s@]{1,255}$/.test(given)) return given.toLowerCase();
  return wrong('"domain" must be the domain of recipients, such as "example.com"');
}

function oneOf<T extends string>(all: readonly T[], field: string, given: unknown, wrong: Wrong): T | undefined {
  if (given === undefined) return undefined;
  return all.find((one) => one === given) ?? wrong(`"${field}" must be one of ${all.join(', ')}`);
}

const shown = (text: string): string => text.slice(0, 40);
