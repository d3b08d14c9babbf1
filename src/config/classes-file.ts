import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';
import { text } from '../base/kinds.ts';
import { room } from '../base/setting.ts';
import { type Classes, type ClassRule, PRESETS, type Preset } from '../core/classes.ts';
import { CLASSES } from '../core/message-class.ts';

export const CLASSES_FILE = room({
  title: 'Classes',
  settings: {
    HOMING_CLASSES: {
      kind: text,
      level: 'rarely',
      says: 'A JSON file with rules that give mail a class by its tags, template, subject or sender, and with changes of the policies of classes (see docs/operating.md); a change of it needs a restart.',
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
  return { classes: { rules: [...(rules as ClassRule[]), ...ofPresets], policies: classes }, problems: [] };
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
    class: kind,
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
});

const FILE = z.strictObject({
  presets: z.array(z.enum(names, { error: `must be one of ${names.join(', ')}` })).default([]),
  rules: z.array(RULE).max(500, 'must have 500 rules at most').default([]),
  classes: z.strictObject(Object.fromEntries(CLASSES.map((name) => [name, CHANGE.optional()]))).default({}),
});
