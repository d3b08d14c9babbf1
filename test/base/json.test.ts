import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { outlineOf } from '../../src/base/json.ts';

const MOST = 1000;
const problem = (text: string): string | null => {
  const found = outlineOf(text, MOST);
  return typeof found === 'string' ? found : null;
};

test('no JSON that a serialiser wrote is found at fault, unless it is deep', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      assert.equal(problem(JSON.stringify(value, null, 1)), null);
    }),
  );
});

test('the outermost names are found, and where their values stand', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), fc.boolean(), (values, spaced) => {
      const text = JSON.stringify(values, null, spaced ? 2 : 0);
      const outline = outlineOf(text, MOST);
      assert.ok(typeof outline !== 'string');
      const found = [...outline].map(([name, { from, to }]) => [name, JSON.parse(text.slice(from, to))]);
      assert.deepEqual(Object.fromEntries(found), JSON.parse(text));
    }),
  );
});

test('a name twice in one of the two outer objects is found, wherever it stands', () => {
  const name = fc.string({ minLength: 1 });
  fc.assert(
    fc.property(name, fc.jsonValue({ maxDepth: 3 }), fc.boolean(), (twice, between, inner) => {
      const key = JSON.stringify(twice);
      const text = `{${key}:1,"${'x'.repeat(40)}":${JSON.stringify(between)},${key}:2}`;
      assert.notEqual(problem(inner ? `{"a":[],"b":${text}}` : text), null);
    }),
  );
});

test('what is deep or has too many values is refused without a look at the rest', () => {
  assert.match(problem('['.repeat(1_000_000)) ?? '', /nested too deep/);
  assert.match(problem(`[${'1,'.repeat(MOST + 1)}1]`) ?? '', /more than 1000 values/);
  assert.match(problem(`{"a":[${'{},'.repeat(MOST)}1]}`) ?? '', /more than 1000 values/);
});

test('no text makes it throw', () => {
  const signs = fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'a', '1', ' ');
  fc.assert(
    fc.property(fc.array(signs, { maxLength: 60 }), (some) => {
      assert.doesNotThrow(() => outlineOf(some.join(''), MOST));
    }),
  );
});
