import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { SETTINGS as DECLARED, readConfig } from '../../src/config/config.ts';

const SETTINGS = [...DECLARED.keys()];
const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
const lines = text.split('\n').map((line, index) => ({ line, before: index > 0 ? text.split('\n')[index - 1] : '' }));
const settings = lines.flatMap(({ line, before }) => {
  const [, name, value] = /^(?:# )?([A-Z][A-Z_]+)=(.*)$/.exec(line) ?? [];
  return name === undefined ? [] : [{ name, value: value ?? '', before: before ?? '' }];
});

test('every setting stands in .env.example, once, and nothing else does', () => {
  const named = settings.map(({ name }) => name);
  assert.deepEqual([...named].sort(), [...SETTINGS].sort());
});

test('every setting in .env.example has a line before it that says what it is', () => {
  const bare = settings.filter(({ before }) => !/^# [^-\s].{4,}/.test(before) || /^# [A-Z_]+=/.test(before));
  assert.deepEqual(bare, []);
});

test('the defaults that .env.example shows are those of the program, in the form that it reads', () => {
  const shown = Object.fromEntries(settings.map(({ name, value }) => [name, value]));
  assert.deepEqual(readConfig(shown, 'database'), readConfig({}, 'database'));
});

test('every setting that has a default shows it', () => {
  const empty = settings.filter(({ value }) => value === '').map(({ name }) => name);
  const defaults: Record<string, unknown> = readConfig({}, 'database');
  const isUnset = (value: unknown) =>
    value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
  assert.deepEqual(SETTINGS.filter((name) => isUnset(defaults[name])).sort(), empty.sort());
});

test('a copy of .env.example sets nothing but empty values', () => {
  assert.deepEqual(
    Object.values(parseEnv(text)).filter((value) => value !== ''),
    [],
  );
});
