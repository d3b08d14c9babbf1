import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, type Ms, SECOND } from '../../src/core/time.ts';
import { PortError } from '../../src/providers/mailgun/port.ts';
import type { History, RawItem } from '../../src/providers/provider.ts';
import { type Rest, readPages } from '../../src/reconcile/read-pages.ts';
import { MORNING } from '../support/clock.ts';
import { sighting } from '../support/factory.ts';

type Event = { at: Ms; size: number };

/** Records that answer with at most `room` bytes, and whose pages have the size that the first of them had. */
function records(events: readonly Event[], room: number, breaks: () => boolean = () => false) {
  let calls = 0;
  const between: History['between'] = async (_domain, { begin, end, limit }, cursor) => {
    calls++;
    if (breaks()) throw new Error('500');
    const query = cursor === null ? { begin, end, limit, from: 0 } : (JSON.parse(cursor) as Record<string, number>);
    const { begin: first = 0, end: last = 0, limit: most = 0, from = 0 } = query;
    const all = events.filter(({ at }) => at >= Math.floor(first / SECOND) * SECOND && at < last);
    const some = all.slice(from, from + most);
    if (some.reduce((sum, { size }) => sum + size, 0) > room) throw new PortError('tooLarge', '200');
    const items = some.map(
      (event): RawItem => ({
        body: event,
        sighting: sighting({ at: event.at, eventKey: String(events.indexOf(event)) }),
      }),
    );
    const next = JSON.stringify({ begin: first, end: last, limit: most, from: from + most });
    return { items, next: from + most < all.length ? next : null };
  };
  return { history: { between } as History, calls: () => calls };
}

async function readAll(history: History, range: Rest, passes = 10) {
  const kept = new Set<string>();
  const skipped: Ms[] = [];
  let rest: Rest | null = range;
  for (let pass = 0; pass < passes && rest; pass++)
    await readPages(
      {
        history,
        domain: 'mg.example.com',
        async keepItems(items) {
          for (const item of items) kept.add(item.sighting.eventKey);
          return items.length;
        },
        async keepRest(left) {
          rest = left;
        },
        skipped: (at) => void skipped.push(at),
      },
      rest,
    ).catch(() => {});
  return { kept, skipped, rest };
}

const RANGE: Rest = { begin: MORNING, end: MORNING + HOUR, next: null };
const many = (count: number, size: (n: number) => number): Event[] =>
  Array.from({ length: count }, (_, n) => ({ at: MORNING + n * 1700, size: size(n) }));

test('pages that are too large are asked for in smaller ones, and every event is read', async () => {
  const { history, calls } = records(
    many(2000, (n) => (n > 700 && n < 900 ? 50 : 1)),
    1000,
  );
  const { kept, skipped, rest } = await readAll(history, RANGE);
  assert.deepEqual([kept.size, skipped, rest], [2000, [], null]);
  assert.ok(calls() < 150, `${calls()} calls`);
});

test('an event that is too large by itself is skipped and told of, and the others are read', async () => {
  const { history } = records(
    many(600, (n) => (n === 300 ? 5000 : 1)),
    1000,
  );
  const { kept, skipped, rest } = await readAll(history, RANGE);
  assert.equal(skipped.length, 1);
  assert.ok(Math.abs((skipped[0] ?? 0) - (MORNING + 300 * 1700)) < 2 * SECOND);
  assert.deepEqual([kept.has('300'), kept.size >= 597, rest], [false, true, null]);
});

test('what was read before the provider failed is not read again', async () => {
  let calls = 0;
  const { history } = records(
    many(2000, () => 1),
    1000,
    () => ++calls % 3 === 0 || calls % 3 === 1,
  );
  const { kept, rest } = await readAll(history, RANGE, 40);
  assert.deepEqual([kept.size, rest], [2000, null]);
});

test('an answer that broke off is asked for in smaller parts, and nothing is skipped for it', async () => {
  let limitOfLast = 0;
  const history = {
    between: async (_domain: string, { limit }: { limit: number }) => {
      limitOfLast = limit;
      throw new PortError('cut', '200');
    },
  } as unknown as History;
  const { skipped, rest } = await readAll(history, RANGE, 2);
  assert.deepEqual([skipped, limitOfLast, rest], [[], 1, RANGE]);
});
