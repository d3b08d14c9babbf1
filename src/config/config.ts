import type { z } from 'zod';
import type { Room, Setting } from '../base/setting.ts';
import { MINUTE } from '../core/time.ts';
import type { Env } from './env.ts';
import { type Config, ROOMS } from './rooms.ts';
import { printable, slipsIn } from './slips.ts';

export type { Config } from './rooms.ts';

/** The configuration can't be used; `problems` names all that is wrong with it, and never a value that may be secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem(s):\n${problems.map((p) => `  - ${p}`).join('\n')}`);
    this.problems = problems;
  }
}

/** The values that could be read. If one is missing here it is among the problems. */
type Given = Record<string, unknown>;

const rooms: readonly Room[] = ROOMS;

/** Every setting by its name. */
export const SETTINGS: ReadonlyMap<string, Setting> = new Map(rooms.flatMap((room) => Object.entries(room.settings)));

/**
 * Reads the environment; an empty value counts as not set, and space around one is left out. A daemon needs more than the
 * other commands, which need the database alone. Throws `ConfigError` with every problem at once.
 */
export function readConfig(env: Env, need: 'daemon' | 'database'): Config {
  const { values, problems } = readEach(env);
  if (need === 'daemon') problems.push(...missing(values, env), ...alone(values), ...wrongTogether(values));
  if (problems.length > 0) throw new ConfigError(problems);
  const config = Object.freeze(values) as Config;
  readFrom.set(config, given(env));
  return config;
}

const readFrom = new WeakMap<Config, Env>();

/** What the environment said of each setting when a configuration was read; empty for one that was made otherwise. */
export const textsOf = (config: Config): Env => readFrom.get(config) ?? {};

/** The settings that have a value, as it was written. */
function given(env: Env): Env {
  const texts = [...SETTINGS.keys()].map((name) => [name, env[name]?.trim()] as const);
  return Object.fromEntries(texts.filter(([, text]) => text));
}

function readEach(env: Env): { values: Given; problems: string[] } {
  const values: Given = {};
  const problems: string[] = [];
  for (const [name, { kind, default: fallback }] of SETTINGS) {
    // Files with secrets end with a line end, and some editors add a byte order mark: trim() removes both.
    const given = env[name]?.trim() || fallback;
    const read = kind.optional().safeParse(given);
    if (given !== undefined && isQuoted(given)) problems.push(`${name} ${QUOTED}`);
    else if (read.success) values[name] = read.data;
    else problems.push(...read.error.issues.map((issue) => `${name} ${wordsOf(issue)}`));
  }
  follow(values);
  return { values, problems };
}

/** No setting takes quotes; `docker run --env-file` and some panels hand them on. */
const isQuoted = (text: string): boolean => text.length > 1 && /^["']/.test(text) && text.at(0) === text.at(-1);
const QUOTED = 'is in quotes, which reach the program as a part of the value: leave them off';

/** zod's own words for a wrong choice name the choices; none of its messages repeats the value. */
const wordsOf = (issue: z.core.$ZodIssue): string =>
  issue.code === 'invalid_value' ? `must be one of ${issue.values.join(', ')}` : issue.message;

/** Gives waits that are not set a length in proportion to the retry unit. */
function follow(values: Given): void {
  const { RETRY_UNIT: unit, LEASE: lease } = values;
  if (typeof unit !== 'number' || typeof lease !== 'number') return;
  for (const [name, { follows }] of SETTINGS)
    if (follows && name in values) values[name] ??= Math.max(1, Math.round(follows(Math.min(unit, MINUTE), lease)));
}

const isEmpty = (value: unknown): boolean => value === '' || (Array.isArray(value) && value.length === 0);

/** What is set without the setting that it needs. */
function alone(values: Given): string[] {
  const isUnset = (name: string) => values[name] === undefined || isEmpty(values[name]);
  return [...SETTINGS].flatMap(([name, { needs }]) =>
    needs !== undefined && !isUnset(name) && needs in values && isUnset(needs)
      ? [`${name} needs ${needs} to be set`]
      : [],
  );
}

function missing(values: Given, env: Env): string[] {
  const slips = slipsIn(Object.keys(env), [...SETTINGS.keys()]);
  return [...SETTINGS]
    .filter(([name, { level }]) => level === 'needed' && isEmpty(values[name]))
    .map(([name]) => {
      const slip = slips.find(({ meant }) => meant === name);
      return `${name} must be set (see .env.example)${slip ? `; ${printable(slip.name)} is no setting` : ''}`;
    });
}

function wrongTogether(values: Given): string[] {
  const isRead = (room: Room) => Object.keys(room.settings).every((name) => name in values);
  return rooms.flatMap((room) => (isRead(room) ? (room.problems?.(values) ?? []) : []));
}
