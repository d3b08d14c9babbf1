import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generated } from '../scripts/docs.ts';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

for (const [name, text] of Object.entries(generated(read('README.md')))) {
  test(`${name} tells of the settings as they are declared (npm run docs)`, () => assert.equal(read(name), text));
}

test('every npm script that README.md names exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read('README.md').matchAll(/npm (?:run (?:-s )?)?([a-z][a-z:-]*)/g)].map((m) => m[1] ?? '');
  const missing = named.filter((name) => !(name in scripts) && !['ci', 'install', 'pack', 'i'].includes(name));
  assert.deepEqual(missing, []);
});
