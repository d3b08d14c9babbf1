import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

test('docs/library.md has a row for every code of an error and every kind of a problem', () => {
  const types = read('src/client/types.ts');
  const namesOf = (start: string): string[] => {
    const [choices = ''] = /(?:^ *\| '.*\n)+/m.exec(types.slice(types.indexOf(start))) ?? [];
    return [...choices.matchAll(/\| '(\w+)'/g)].map(([, name = '']) => name);
  };
  const names = [...namesOf('export type HomingErrorCode'), ...namesOf('export type Problem')];
  assert.equal(names.length, 14);
  const page = read('docs/library.md');
  assert.deepEqual(
    names.filter((name) => !page.includes(`| \`${name}\` |`)),
    [],
  );
});
