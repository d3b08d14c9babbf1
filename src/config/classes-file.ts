import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';
import { text } from '../base/kinds.ts';
import { room } from '../base/setting.ts';
import { type Classes, type ClassRule, type OwnClass, PRESETS, type Preset } from '../core/classes.ts';
import { CLASS_NAME, CLASSES, isClass } from '../core/message-class.ts';

export const CLASSES_FILE = room({
  title: 'Classes',
  settings: {
    HOMING_CLASSES: {
      kind: text,
      level: 'rarely',
      says: 'A JSON file with rules that give mail a class by its tags, template, subject or sender, with changes of the policies of classes, and with classes of your own (see docs/operating.md); a change of it needs a restart.',
    },
  },
  problems: ({ HOMING_CLASSES: file }) =>
    file === undefined ? [] : readClasses(file).problems.map((problem) => `HOMING_CLASSES: ${problem}`),
});

/** What a file says, and every problem of it, which is mended by hand. */
export type ReadClasses = { classes: Classes; problems: readonly string[] };

const NONE: Classes = { rules: [], policies: {} };

export function readClasses(file: string | undefined): ReadClasses {
  if (file === undefined) return { classes: NONE, problems: [] };
  const given = jsonIn(file);
  if ('problem' in given) return { classes: NONE, problems: [given.problem] };
  const read = FILE.safeParse(given.value);
  if (!read.success) {
    const place = (path: readonly PropertyKey[]) => (path.length === 0 ? '' : `${path.join('.')}: `);
    return { classes: NONE, problems: read.error.issues.map((issue) => `${place(issue.path)}${issue.message}`) };
  }
  const { presets, rules, classes } = read.data;
  // The operator's own rules go first.
  const ofPresets = presets.flatMap((preset) => PRESETS[preset].map((rule) => ({ ...rule, preset })));
  const names = Object.entries(classes).filter(([name]) => !isClass(name));
  const policies = Object.fromEntries(Object.entries(classes).filter(([name]) => isClass(name)));
  const own = Object.fromEntries(names) as Record<string, OwnClass>;
  return { classes: { rules: [...(rules as ClassRule[]), ...ofPresets], policies, own }, problems: [] };
}

function jsonIn(file: string): { value: unknown } | { problem: string } {
  try {
    return { value: JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')) as unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: 'the file is not JSON' };
    return { problem: `can't be read: ${(error as { code?: string }).code ?? 'it is no file'}` };
  }
}

const length = z.string().transform((given, ctx) => {
  const ms = parseDuration(given);
  if (ms !== null && ms > 0) return ms;
  ctx.addIssue({ code: 'custom', message: 'must be a length such as 15m' });
  return z.NEVER;
});

const pattern = z.string().trim().min(1, 'must not be empty').max(200, 'must have 200 characters at most');
const kind = z.enum(CLASSES, { error: `must be one of ${CLASSES.join(', ')}` });
const names = Object.keys(PRESETS) as [Preset, ...Preset[]];

const RULE = z
  .strictObject({
    class: z.string(),
    tag: pattern.optional(),
    template: pattern.optional(),
    subject: pattern.optional(),
    sender: pattern.optional(),
    comment: z.string().optional(),
  })
  .refine(({ class: _, comment: __, ...rest }) => Object.values(rest).some((one) => one !== undefined), {
    error: 'needs a tag, a template, a subject or a sender',
  });

const CHANGE = z.strictObject({
  life: length.optional(),
  attempts: z.int('must be a whole number').min(1).max(20).optional(),
  waits: z.array(length).min(1).max(20).optional(),
  fallback: z.boolean().optional(),
  fallbackAfter: length.optional(),
  alert: z.boolean().optional(),
  like: kind.optional(),
});

const NAME = 'a class needs a name of small letters, digits and hyphens, 32 at most';

const FILE = z
  .strictObject({
    presets: z.array(z.enum(names, { error: `must be one of ${names.join(', ')}` })).default([]),
    rules: z.array(RULE).max(500, 'must have 500 rules at most').default([]),
    classes: z.record(z.string(), CHANGE).default({}),
  })
  .superRefine(({ rules, classes }, ctx) => {
    const wrong = (path: (string | number)[], message: string) => ctx.addIssue({ code: 'custom', path, message });
    for (const [own, { like }] of Object.entries(classes)) {
      if (!CLASS_NAME.test(own)) wrong(['classes', own], NAME);
      if (isClass(own) && like !== undefined) wrong(['classes', own, 'like'], 'is for classes of your own');
      if (!isClass(own) && like === undefined)
        wrong(['classes', own, 'like'], `is missing: a class of your own is like ${CLASSES.join(', ')}`);
    }
    const known = new Set([...CLASSES, ...Object.keys(classes)]);
    for (const [n, rule] of rules.entries())
      if (!known.has(rule.class)) wrong(['rules', n, 'class'], `must be one of ${[...known].join(', ')}`);
  });
