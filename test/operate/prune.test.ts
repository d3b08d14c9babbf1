import assert from 'node:assert/strict';
import { HOUR } from '../../src/core/time.ts';
import { prune } from '../../src/operate/prune.ts';
import { clockAt, MORNING } from '../support/clock.ts';
import { ended, seed, sent } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

eachStore('what has ended is forgotten after its time, what is open is kept', async ({ store }) => {
  const clock = clockAt();
  await seed(store, {
    messageId: 'old@mg.example.com',
    facts: [...sent(), ended(1, MORNING, 'failed', 'recipient_unknown')],
  });
  await seed(store, { messageId: 'open@mg.example.com', facts: sent() });
  const deps = { store, retentionDays: 90, now: clock };
  clock.advance(89 * 24 * HOUR);
  assert.equal(await prune(deps), 0);
  clock.advance(2 * 24 * HOUR);
  assert.equal(await prune(deps), 1);
  const left: { message_id: string }[] = await store.db('messages');
  assert.deepEqual(
    left.map((m) => m.message_id),
    ['open@mg.example.com'],
  );
  assert.equal((await store.db('facts').whereNotIn('delivery_id', store.db('deliveries').select('id'))).length, 0);
});
