import type { z } from 'zod';
import { AppError } from './errors.ts';

/** Parses what came from outside, or throws an `AppError` that names every problem by its place. */
export function parse<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${placeOf(issue.path)} ${wordsOf(issue)}`.trim());
  throw new AppError('invalid', `the request has ${problems.length} problem(s)`, problems.slice(0, NAMED));
}

/** Nobody reads more, and a long list of wrong addresses would have an answer that is much longer. */
const NAMED = 100;

const placeOf = (path: readonly PropertyKey[]): string =>
  path.map((part, n) => (typeof part === 'number' ? `[${part}]` : `${n > 0 ? '.' : ''}${String(part)}`)).join('');

function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  if (issue.code === 'unrecognized_keys') return `has unknown fields: ${issue.keys.join(', ').slice(0, 200)}`;
  return issue.message;
}
