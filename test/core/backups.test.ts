import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differentTables, superfluous } from '../../src/core/backups.ts';
import { DAY, HOUR, MINUTE, type Ms } from '../../src/core/time.ts';

const KEEP = [DAY, 14 * DAY, 56 * DAY] as const;
const MONDAY = Date.UTC(2026, 0, 5);

/** What is left when one is made every so often, and pruned after each. */
function leftAfter(lasts: Ms, every: Ms): { left: Ms[]; now: Ms } {
  let left: Ms[] = [];
  let now = MONDAY;
  for (; now <= MONDAY + lasts; now += every) {
    left.push(now);
    const gone = new Set(superfluous(left, KEEP, now));
    left = left.filter((at) => !gone.has(at));
  }
  return { left, now: now - every };
}

test('all of the last day are kept, then one of each day, then one of each week', () => {
  const { left, now } = leftAfter(120 * DAY, HOUR);
  const ages = left.map((at) => now - at);
  assert.equal(ages.filter((age) => age <= DAY).length, 25);
  const daily = ages.filter((age) => age > DAY && age <= 14 * DAY);
  assert.ok(daily.length >= 12 && daily.length <= 14, String(daily.length));
  const weekly = ages.filter((age) => age > 14 * DAY);
  assert.ok(weekly.length >= 5 && weekly.length <= 7, String(weekly.length));
  assert.ok(Math.max(...ages) <= 56 * DAY);
});

test('the newest stays however old it is, and so does what is from the future', () => {
  assert.deepEqual(superfluous([MONDAY], KEEP, MONDAY + 400 * DAY), []);
  assert.deepEqual(superfluous([MONDAY, MONDAY + 2 * DAY], KEEP, MONDAY + DAY + MINUTE), []);
  assert.deepEqual(superfluous([], KEEP, MONDAY), []);
});

test('of a server some rows may have come or gone since they were counted, and a table that is empty was lost', () => {
  const kept = { messages: 100, deliveries: 120, message_bodies: 40, inbox: 0, suppressions: 1 };
  const differ = (over: Record<string, number>) => differentTables('mysql', kept, { ...kept, ...over });
  assert.deepEqual(differ({ messages: 95, deliveries: 220, message_bodies: 0, inbox: 100 }), []);
  assert.deepEqual(differ({ messages: 94, deliveries: 223 }), ['messages', 'deliveries']);
  assert.deepEqual(differ({ messages: 0, suppressions: 0 }), ['messages', 'suppressions']);
  assert.deepEqual(differentTables('mysql', kept, {}), ['messages', 'deliveries', 'suppressions']);
  assert.deepEqual(differentTables('mysql', { messages: 100_000 }, { messages: 98_000 }), []);
  assert.deepEqual(differentTables('mysql', { messages: 100_000 }, { messages: 97_999 }), ['messages']);
});

test('of a file each row is there', () => {
  const kept = { messages: 100, deliveries: 0, facts: 5 };
  assert.deepEqual(differentTables('sqlite', kept, { messages: 100, facts: 9 }), []);
  assert.deepEqual(differentTables('sqlite', kept, { messages: 101, deliveries: 1 }), ['messages', 'deliveries']);
});
