import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE } from '../../src/core/time.ts';
import { INBOX_JOBS } from '../../src/inbox/jobs.ts';
import { keep } from '../../src/store/inbox/inbox.ts';
import { arrival, sighting } from '../support/factory.ts';
import { startByHand } from '../support/homing.ts';

test('while mail is being sent events are read in small batches, and else in large ones', async (t) => {
  const { inside, clock } = await startByHand(t);
  clock.advance(MINUTE);
  const body = JSON.stringify(sighting({ report: 'other' }));
  const arrivals = Array.from({ length: 300 }, (_, n) => arrival(`event-${n}`, { body }));
  await keep(inside.store, arrivals);
  let isWanted = true;
  const read = () => JSON.parse(body);
  const [digest] = INBOX_JOBS.map((job) => job.start({ ...inside, read, rightOfWay: { isWanted: () => isWanted } }));
  assert.ok(digest);
  assert.equal(await digest.run(), 20);
  isWanted = false;
  assert.equal(await digest.run(), 200);
});
