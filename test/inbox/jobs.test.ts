import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE } from '../../src/core/time.ts';
import { INBOX_JOBS } from '../../src/inbox/jobs.ts';
import { keep } from '../../src/store/inbox/inbox.ts';
import { arrival, sighting } from '../support/factory.ts';
import { startByHand } from '../support/homing.ts';

test('events are read in small batches at first and while mail is being sent, and else in larger and larger ones', async (t) => {
  const { inside, clock } = await startByHand(t);
  clock.advance(MINUTE);
  const body = JSON.stringify(sighting({ report: 'other' }));
  const arrivals = Array.from({ length: 850 }, (_, n) => arrival(`event-${n}`, { body }));
  await keep(inside.store, arrivals);
  let isWanted = true;
  const read = () => JSON.parse(body);
  const [digest] = INBOX_JOBS.map((job) => job.start({ ...inside, read, rightOfWay: { isWanted: () => isWanted } }));
  assert.ok(digest);
  const handled = async (runs: number) => {
    const sizes: number[] = [];
    while (sizes.length < runs) sizes.push(await digest.run());
    return sizes;
  };
  assert.deepEqual(await handled(2), [20, 20]);
  isWanted = false;
  assert.deepEqual(await handled(6), [40, 80, 160, 200, 200, 130]);
  await keep(
    inside.store,
    arrivals.slice(0, 100).map((one) => ({ ...one, replayKey: `${one.replayKey} again` })),
  );
  assert.deepEqual(await handled(2), [64, 36]);
});
