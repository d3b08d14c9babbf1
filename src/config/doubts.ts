import type { Room } from '../base/setting.ts';
import { type Config, SETTINGS } from './config.ts';
import type { Env } from './env.ts';
import { ROOMS } from './rooms.ts';
import { printable, slipsIn } from './slips.ts';

/** What is allowed, and most likely not meant: a sentence each, without any value. Names are looked at without a `config` too. */
export function doubtsAbout(env: Env, config: Config | null): string[] {
  const rooms: readonly Room[] = ROOMS;
  return [
    ...slips(env),
    ...[...SETTINGS.keys()].filter((name) => hasSpaceAround(env[name])).map((name) => `${name} ${SPACE}`),
    ...(config === null ? [] : rooms.flatMap((room) => room.doubts?.(config) ?? [])),
    ...(env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0' ? [NO_TLS] : []),
  ];
}

const SPACE = 'has space, a line end or a byte order mark around its value, which is left out';
const NO_TLS = 'NODE_TLS_REJECT_UNAUTHORIZED is 0: no certificate is checked, so keys and mail go to whoever answers';

function slips(env: Env): string[] {
  return slipsIn(Object.keys(env), [...SETTINGS.keys()]).map(({ name, meant }) => {
    const ignored = `${printable(name)} is not a setting and is ignored`;
    return meant === null ? `${ignored}: docs/settings.md has all there are` : `${ignored}: did you mean ${meant}?`;
  });
}

const hasSpaceAround = (value: string | undefined): boolean => value !== undefined && value !== value.trim();

/** What is not set and what follows from that, by the name of the setting. */
export function unsetIn(config: Config): ReadonlyMap<string, string> {
  const isUnset = (value: unknown) => value === undefined || (Array.isArray(value) && value.length === 0);
  const values: Record<string, unknown> = config;
  const words = [...SETTINGS].flatMap(([name, { unset, orElse = name }]): [string, string][] =>
    unset !== undefined && isUnset(values[name]) && isUnset(values[orElse])
      ? [[name, `${name} is not set: ${unset}`]]
      : [],
  );
  return new Map(words);
}
