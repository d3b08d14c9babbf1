import { readFileSync } from 'node:fs';
import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';
import { text } from '../base/kinds.ts';
import { room } from '../base/setting.ts';
import { CLASSES, type MessageClass } from '../core/message-class.ts';
import {
  DEFAULT_RULES,
  DIMENSIONS,
  isFalling,
  MEASURES,
  PLAIN,
  type Rule,
  SENT_KINDS,
  UNIT,
} from '../core/thresholds/rule.ts';
import { valueWords } from '../core/thresholds/words.ts';
import { DAY, MINUTE, type Ms } from '../core/time.ts';

export const ALERT_RULES_FILE = room({
  title: 'Thresholds',
  settings: {
    ALERT_RULES: {
      kind: text,
      level: 'rarely',
      says: 'A JSON file with rules that say at which figures administrators are alerted, beside those that hold without it or in their place (see docs/thresholds.md); a change of it needs a restart.',
    },
  },
  problems: ({ ALERT_RULES: file }) => readAlertRules(file).problems.map((problem) => `ALERT_RULES: ${problem}`),
});

/** The rules that hold, and every problem of the file, which is mended by hand. */
export type ReadAlertRules = { rules: readonly Rule[]; problems: readonly string[] };

export function readAlertRules(file: string | undefined): ReadAlertRules {
  if (file === undefined) return { rules: DEFAULT_RULES, problems: [] };
  const given = jsonIn(file);
  return 'problem' in given ? { rules: DEFAULT_RULES, problems: [given.problem] } : parseAlertRules(given.value);
}

function jsonIn(file: string): { value: unknown } | { problem: string } {
  try {
    return { value: JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')) as unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: `the file is not JSON: ${error.message}` };
    return { problem: `can't be read: ${(error as { code?: string }).code ?? 'it is no file'}` };
  }
}

const length = (least: Ms, most: Ms, example: string) =>
  z.string({ error: `must be a length such as ${example}` }).transform((given, ctx) => {
    const ms = parseDuration(given);
    if (ms !== null && ms >= least && ms <= most) return ms;
    ctx.addIssue({ code: 'custom', message: `must be a length such as ${example}` });
    return z.NEVER;
  });

const oneOf = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  z.enum(names, { error: ({ input }) => `must be one of ${names.join(', ')}${meant(input, names)}` });

const some = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  z.array(oneOf(names), { error: `must be a list of ${names.join(', ')}` }).max(names.length);

const number = z.int('must be a whole number').min(0, 'must not be below 0').max(1_000_000_000);
const value = z.union([z.string(), z.number()], { error: 'must be a value such as "5%", "10m" or 100' });
const plain = z.string().trim().min(1, 'must not be empty').max(253, 'must have 253 characters at most').toLowerCase();

const FIELDS = {
  name: z
    .string({ error: 'is missing: a rule needs a name' })
    .regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be a name of small letters, digits and hyphens, 40 at most'),
  measure: oneOf(MEASURES).optional(),
  per: some(DIMENSIONS).optional(),
  domain: plain.optional(),
  class: oneOf(CLASSES).optional(),
  receiver: plain.optional(),
  kinds: some(SENT_KINDS).optional(),
  rings: value.optional(),
  clears: value.optional(),
  least: number.optional(),
  leastBad: number.optional(),
  window: length(15 * MINUTE, 31 * DAY, '1h').optional(),
  within: length(1000, DAY, '5m').optional(),
  holds: length(0, 7 * DAY, '5m').optional(),
  clearsAfter: length(0, 7 * DAY, '10m').optional(),
  comment: z.string().optional(),
};

/** A field that nobody knows is most likely a slip of one. */
const known = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return 'must be an object';
      const { keys } = issue as unknown as { keys: string[] };
      return keys.map((key) => `knows no "${key.slice(0, 40)}"${meant(key, Object.keys(shape))}`).join('; ');
    },
  });

const FILE = known({
  rules: z
    .array(known(FIELDS), { error: 'must be a list of rules' })
    .max(200, 'must have 200 rules at most')
    .default([]),
  off: z.array(z.string(), { error: 'must be a list of names' }).default([]),
});

type Given = z.output<typeof FILE>['rules'][number];

/** Rules as a file gives them. One with the name of a rule that holds without a file changes that one. */
function parseAlertRules(content: unknown): ReadAlertRules {
  const read = FILE.safeParse(content);
  const at = (path: readonly PropertyKey[]) => placeOf(path, content);
  if (!read.success)
    return { rules: DEFAULT_RULES, problems: read.error.issues.map(({ path, message }) => `${at(path)}${message}`) };
  const problems: string[] = [];
  const byName = new Map(DEFAULT_RULES.map((rule) => [rule.name, rule]));
  const seen = new Set<string>();
  for (const [n, given] of read.data.rules.entries()) {
    const wrong = (field: string, message: string) => problems.push(`${at(['rules', n, field])}${message}`);
    if (seen.has(given.name)) wrong('name', 'is the name of another rule');
    seen.add(given.name);
    const rule = ruleOf(given, byName.get(given.name) ?? null, wrong);
    if (rule) byName.set(rule.name, rule);
  }
  for (const [n, name] of read.data.off.entries())
    if (!byName.delete(name))
      problems.push(`${at(['off', n])}there is no rule "${name.slice(0, 40)}"${meant(name, byName.keys())}`);
  return { rules: problems.length > 0 ? DEFAULT_RULES : [...byName.values()], problems };
}

/** `rules.2 ("bounced").rings: `; a rule is found by its name as well. */
function placeOf(path: readonly PropertyKey[], content: unknown): string {
  if (path.length === 0) return '';
  const [head, index, ...rest] = path.map(String);
  const name = head === 'rules' ? nameIn(content, Number(index)) : null;
  const place = index === undefined ? head : `${head}.${index}${name === null ? '' : ` ("${name}")`}`;
  return `${[place, ...rest].join('.')}: `;
}

function nameIn(content: unknown, index: number): string | null {
  const name = (content as { rules?: { name?: unknown }[] } | null)?.rules?.[index]?.name;
  return typeof name === 'string' ? name.slice(0, 40) : null;
}

type Wrong = (field: string, message: string) => void;

function ruleOf(given: Given, before: Rule | null, wrong: Wrong): Rule | null {
  const measure = given.measure ?? before?.measure;
  if (measure === undefined) {
    wrong('measure', `is missing: it must be one of ${MEASURES.join(', ')}`);
    return null;
  }
  if (before !== null && before.measure !== measure) {
    wrong(
      'measure',
      `must be ${before.measure}, as that of the rule that holds without a file; give yours another name`,
    );
    return null;
  }
  const usual: Omit<Rule, 'name' | 'measure' | 'rings' | 'clears'> = { ...PLAIN, ...usualOf(measure) };
  const base = { ...usual, rings: null, clears: null, ...before };
  const valueIn = (field: 'rings' | 'clears') =>
    given[field] === undefined
      ? base[field]
      : readValue(given[field], UNIT[measure], (message) => wrong(field, message));
  const [rings, clears] = [valueIn('rings'), valueIn('clears')];
  if (rings === null && given.rings === undefined) wrong('rings', 'is missing: at which value does it ring?');
  if (rings === null) return null;
  const { domain, class: kind, receiver, comment: _, rings: __, clears: ___, ...rest } = given;
  const rule: Rule = {
    ...base,
    ...defined(rest),
    name: given.name,
    measure,
    rings,
    clears: clears ?? rings,
    only: {
      domain: domain ?? base.only.domain,
      class: (kind as MessageClass | undefined) ?? base.only.class,
      receiver: receiver ?? base.only.receiver,
    },
  };
  return isSound(rule, given, wrong) ? rule : null;
}

/** Without what was left out. */
const defined = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, one]) => one !== undefined)) as never;

type Usual = { [K in 'per' | 'least' | 'leastBad' | 'holds' | 'clearsAfter']?: Rule[K] };

/** Of counts that have no parts nothing is asked. */
const usualOf = (measure: Rule['measure']): Usual => {
  if (measure === 'backlog') return { least: 0, leastBad: 0 };
  if (measure === 'slow') return { leastBad: 0 };
  return measure === 'flatline' ? { per: ['domain'], least: 10, leastBad: 0, holds: 30 * MINUTE, clearsAfter: 0 } : {};
};

function isSound(rule: Rule, given: Given, wrong: Wrong): boolean {
  const { measure, rings, clears, per, only } = rule;
  const [ring, clear] = [valueWords(measure, rings), valueWords(measure, clears)];
  const isApart = isFalling(measure) ? clears >= rings : clears <= rings;
  const checks: [boolean, string, string][] = [
    [
      isApart,
      'clears',
      `must not be ${isFalling(measure) ? 'below' : 'above'} rings (it rings at ${ring}, and would clear at ${clear})`,
    ],
    [UNIT[measure] !== 'share' || (rings <= 1 && clears <= 1), 'rings', 'must be 100% at most'],
    [measure === 'flatline' || given.kinds === undefined, 'kinds', 'is for the measure flatline alone'],
    [measure === 'overdue' || given.within === undefined, 'within', 'is for the measure overdue alone'],
    [
      measure !== 'flatline' || (only.receiver === null && !per.includes('receiver')),
      'receiver',
      'can not be told apart by the measure flatline',
    ],
    [!RECENT.has(measure) || rule.window <= 6 * 60 * MINUTE, 'window', `must be 6h at most for the measure ${measure}`],
    [measure !== 'flatline' || rule.window <= DAY, 'window', 'must be 1d at most for the measure flatline'],
    [
      measure !== 'flatline' || rule.window % (15 * MINUTE) === 0,
      'window',
      'must be a multiple of 15m for the measure flatline',
    ],
  ];
  for (const [isFine, field, message] of checks) if (!isFine) wrong(field, message);
  return checks.every(([isFine]) => isFine);
}

const RECENT: ReadonlySet<Rule['measure']> = new Set(['overdue', 'slow']);

/** A share as `5%`, a length as `10m`, a count as a number. */
function readValue(
  given: string | number,
  unit: 'share' | 'length' | 'count',
  wrong: (message: string) => void,
): number | null {
  const read = VALUES[unit](given);
  if (read === null) wrong(EXPECTED[unit]);
  return read;
}

const VALUES = {
  share(given: string | number) {
    const [, percent] = /^(\d{1,3}(?:\.\d{1,4})?)\s?%$/.exec(String(given).trim()) ?? [];
    return percent === undefined ? null : Number((Number(percent) / 100).toPrecision(12));
  },
  length: (given: string | number) => parseDuration(String(given)),
  count: (given: string | number) => (/^\d{1,9}$/.test(String(given)) ? Number(given) : null),
};

const EXPECTED = {
  share: 'must be a share such as "5%"',
  length: 'must be a length such as "10m"',
  count: 'must be a number of mails',
};

/** `; did you mean "bounced"?` */
function meant(given: unknown, names: Iterable<string>): string {
  if (typeof given !== 'string') return '';
  const near = [...names]
    .map((name) => ({ name, apart: distance(given.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.apart - b.apart)[0];
  return near && near.apart <= Math.max(1, Math.floor(near.name.length / 3)) ? `; did you mean "${near.name}"?` : '';
}
