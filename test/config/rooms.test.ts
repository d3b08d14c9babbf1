import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Room } from '../../src/base/setting.ts';
import { type Config, readConfig } from '../../src/config/config.ts';
import { ROOMS } from '../../src/config/rooms.ts';

const rooms: readonly Room[] = ROOMS;
const declared = rooms.flatMap(({ settings }) => Object.entries(settings));

test('every setting is declared by one room', () => {
  const names = declared.map(([name]) => name);
  assert.deepEqual(names, [...new Set(names)]);
});

test('every setting is told of in sentences, and what follows from not setting it in a half', () => {
  for (const [name, { says, unset }] of declared) {
    assert.match(says, /^\S[^\n]{4,}\.$/, name);
    if (unset !== undefined) assert.match(unset, /^[^A-Z][^\n]{8,}[^.]$/, name);
  }
});

test('the type of a value follows from its declaration', () => {
  const config: Config = readConfig({}, 'database');
  const wait: number = config.LEASE;
  const following: number = config.RETRY_PAUSE;
  const list: readonly string[] = config.API_TOKENS;
  const choice: 'off' | 'track' | 'retry' = config.ADOPT_UNKNOWN;
  // @ts-expect-error: it has no default, so it may be undefined
  const url: string = config.PUBLIC_URL;
  // @ts-expect-error: there is no such setting
  const none: undefined = config.NO_SUCH_SETTING;
  assert.deepEqual([wait, following, list, choice, url, none], [60_000, 30_000, [], 'track', undefined, undefined]);
});

test('nobody can change the configuration', () => {
  const config = readConfig({ API_TOKENS: 'a' }, 'database');
  assert.ok(Object.isFrozen(config));
  assert.ok(Object.isFrozen(config.API_TOKENS));
});
