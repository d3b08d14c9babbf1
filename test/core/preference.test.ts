import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Preference, preferred, readWeight } from '../../src/core/preference.ts';

const can = { track: true, lookUp: true, storeCopy: true, schedule: true, forms: true };
const ALL = ['mailgun', 'one', 'two', 'three'].map((name) => ({ name, can }));
const USUAL: Preference = { mode: 'order', weights: new Map(), shares: new Map() };
const IDS = Array.from({ length: 4000 }, (_, n) => `D${n}`);

const orderOf = (id: string, over: Partial<Preference>, isFree = true) =>
  preferred(id, ALL, { ...USUAL, ...over }, isFree).map(({ name }) => name);
/** How many of a hundred mails have each name at that place. */
function among(place: number, over: Partial<Preference>, isFree = true): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const id of IDS) {
    const name = orderOf(id, over, isFree)[place] ?? '';
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).map(([name, n]) => [name, Math.round((n * 100) / IDS.length)]));
}

test('as it is, the first provider gets all, and the secondaries stand in their order', () => {
  assert.deepEqual(orderOf('D1', {}), ['mailgun', 'one', 'two', 'three']);
  assert.deepEqual(among(0, {}), { mailgun: 100 });
});

test('shares divide the mail that may begin anywhere, and the same mail always begins at the same provider', () => {
  const shares = new Map([
    ['mailgun', 80],
    ['two', 20],
  ]);
  const { mailgun = 0, two = 0, ...rest } = among(0, { shares });
  assert.ok(Math.abs(mailgun - 80) < 4 && Math.abs(two - 20) < 4, `${mailgun} and ${two}`);
  assert.deepEqual(rest, {});
  assert.deepEqual(among(0, { shares }, false), { mailgun: 100 });
  assert.deepEqual(orderOf('D7', { shares }), orderOf('D7', { shares }));
  for (const id of IDS.slice(0, 50))
    assert.deepEqual(orderOf(id, { shares }).sort(), ['mailgun', 'one', 'three', 'two']);
});

test('secondaries take turns, or as often as they weigh', () => {
  for (const n of Object.values(among(1, { mode: 'round-robin' }))) assert.ok(Math.abs(n - 33) < 4, `${n}`);
  const weights = new Map([
    ['one', 3],
    ['two', 0],
  ]);
  const { one = 0, two = 0, three = 0 } = among(1, { mode: 'weighted', weights });
  assert.ok(Math.abs(one - 75) < 4 && two === 0 && Math.abs(three - 25) < 4, `${one}, ${two}, ${three}`);
  assert.deepEqual(among(0, { mode: 'weighted', weights }), { mailgun: 100 });
});

test('a weight is a name and a number, whatever stands in the name', () => {
  assert.deepEqual(readWeight('mailgun:80'), ['mailgun', 80]);
  assert.deepEqual(readWeight('smtp.example.com:587:20'), ['smtp.example.com:587', 20]);
  assert.deepEqual(readWeight('smtp.example.com:587=0'), ['smtp.example.com:587', 0]);
  for (const wrong of ['mailgun', ':5', 'mailgun:', 'mailgun:-1', 'mailgun:many'])
    assert.equal(readWeight(wrong), null, wrong);
});
