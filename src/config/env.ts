import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

export type Env = Record<string, string | undefined>;

const ofFile = new Set<string>();

/** Whether the value of a variable comes from the `.env`. */
export const isOfFile = (name: string): boolean => ofFile.has(name);

/** For another process: this environment, with other values for some of it. */
export const environmentWith = (others: Env): Env => ({ ...process.env, ...others });

/** The environment, with what a `.env` in the working directory adds to it: what is set already wins. */
export function readEnvironment(file = '.env'): Env {
  if (!existsSync(file)) return process.env;
  // Some editors begin a file with a byte order mark, which would become a part of the first name.
  const added = parseEnv(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  for (const [name, value] of Object.entries(added)) {
    if (process.env[name] === undefined) ofFile.add(name);
    process.env[name] ??= value;
  }
  return process.env;
}

/** node:sqlite and the .env reader are called experimental by Node 20 and 22: nothing that an operator could act on. */
export function hushExperimental(): void {
  const emit = process.emitWarning.bind(process) as (...given: unknown[]) => void;
  const isExperimental = (given: unknown): boolean =>
    given === 'ExperimentalWarning' ||
    (typeof given === 'object' && given !== null && 'type' in given && given.type === 'ExperimentalWarning');
  process.emitWarning = (...given: unknown[]) => {
    if (!isExperimental(given[1])) emit(...given);
  };
}
