import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, MINUTE } from '../../../src/core/time.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { PROJECTIONS } from '../../../src/store/ledger/projections.ts';
import { record } from '../../../src/store/messages/messages.ts';
import { pruneMessages } from '../../../src/store/prune.ts';
import type { Projection } from '../../../src/store/rows/projection.ts';
import { MORNING } from '../../support/clock.ts';
import { draft, ended, seed, seedMany } from '../../support/factory.ts';
import { eachStore, type TestStore } from '../../support/stores.ts';

const at = (minutes: number) => MORNING + minutes * MINUTE;

test('each projection has a name of its own', () => {
  const names = PROJECTIONS.map((p) => p.name);
  assert.deepEqual(names, [...new Set(names)]);
});

/** Puts a projection at the end of the list for the time of one test. */
function join({ t }: Pick<TestStore, 't'>, projection: Projection): void {
  const list = PROJECTIONS as Projection[];
  list.push(projection);
  t.after(() => list.splice(list.indexOf(projection), 1));
}

eachStore('what is on the list of projections sees each delivery as it was and as it is', async (g) => {
  const seen: string[][] = [];
  join(g, {
    name: 'test',
    async project(_tx, moves, now) {
      const words = moves.map((m) => `${m.before?.state ?? 'new'} ${m.after.delivery.state} ${m.fresh.length}`);
      seen.push([...words, String(now - MORNING)]);
    },
  });
  const [view] = await seedMany(g.store, 1);
  const stop = () => [ended(1, at(1), 'abandoned', 'storage_gone')];
  for (const _ of [1, 2]) await change(g.store, [view?.id ?? ''], at(1), stop);
  assert.deepEqual(seen, [
    ['new accepted 2', '0'],
    ['accepted abandoned 1', String(MINUTE)],
  ]);
});

eachStore('what a projection writes stands or falls with the facts', async (g) => {
  join(g, {
    name: 'test',
    async project(tx, moves) {
      await tx('cursors').insert(moves.map((m) => ({ name: m.view.id, value: '', at: 0 })));
      if (moves.some((m) => m.view.recipient.startsWith('ben'))) throw new Error('ben is refused');
    },
  });
  await seed(g.store);
  await assert.rejects(record(g.store, draft({ messageId: 'm2', recipients: ['ben@example.net'] }), MORNING), /ben/);
  const [cursors, facts] = [await g.store.db('cursors'), await g.store.db('facts')];
  assert.deepEqual([cursors.length, facts.length], [1, 2]);
});

eachStore('a projection is told which messages are forgotten, with their deliveries', async (g) => {
  const gone: unknown[] = [];
  join(g, {
    name: 'test',
    async project() {},
    async forget(_tx, { messageIds, deliveryIds }) {
      gone.push([messageIds.length, deliveryIds.length]);
    },
  });
  const views = await seed(g.store, { recipients: ['ann@example.net', 'ben@example.net'] });
  await change(
    g.store,
    views.map((v) => v.id),
    at(1),
    () => [ended(1, at(1), 'failed', 'recipient_unknown')],
  );
  assert.equal(await pruneMessages(g.store, MORNING + DAY, 10), 1);
  assert.deepEqual(gone, [[1, 2]]);
});
