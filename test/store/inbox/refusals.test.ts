import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE } from '../../../src/core/time.ts';
import { createRefusals, refusedSince } from '../../../src/store/inbox/refusals.ts';
import { clockAt, MORNING } from '../../support/clock.ts';
import { logInto } from '../../support/homing.ts';
import { eachStore } from '../../support/stores.ts';

const log = logInto([]);

eachStore('refusals are counted by reason and hour, by whichever process they came to', async ({ store }) => {
  const clock = clockAt();
  const [one, other] = [createRefusals({ store, now: clock, log }), createRefusals({ store, now: clock, log })];
  for (let n = 0; n < 3; n++) one.add('mailgun', 'the signature is wrong');
  other.add('mailgun', 'the signature is wrong');
  other.add('mailgun', 'not an event');
  await Promise.all([one.flush(), other.flush()]);
  clock.advance(HOUR);
  one.add('mailgun', 'the signature is wrong');
  await one.flush();
  await one.flush();
  assert.deepEqual(await refusedSince(store, MORNING), [
    { provider: 'mailgun', reason: 'the signature is wrong', n: 5, lastHour: MORNING + HOUR },
    { provider: 'mailgun', reason: 'not an event', n: 1, lastHour: MORNING },
  ]);
  assert.deepEqual(
    (await refusedSince(store, MORNING + HOUR)).map(({ n }) => n),
    [1],
  );
});

eachStore('whatever is posted, an hour has few rows, and those of a month ago are gone', async ({ store }) => {
  const clock = clockAt();
  const refusals = createRefusals({ store, now: clock, log });
  for (let n = 0; n < 5000; n++) refusals.add('mailgun', `reason ${n} \u0000${'x'.repeat(1000)}`);
  await refusals.flush();
  const all = await refusedSince(store, MORNING);
  assert.equal(all.length, 101);
  assert.deepEqual([all[0]?.reason, all[0]?.n], ['other reasons', 4900]);
  clock.advance(31 * DAY);
  refusals.add('mailgun', 'not an event');
  const written = refusals.flush();
  await refusals.flush();
  assert.equal((await store.db('webhook_refusals')).length, 1, 'also what another is about to write');
  await written;
});

eachStore('what could not be written down is not lost', async ({ store }) => {
  const refusals = createRefusals({ store, now: clockAt(), log });
  await store.db.schema.renameTable('webhook_refusals', 'elsewhere');
  refusals.add('mailgun', 'not an event');
  await assert.rejects(refusals.flush());
  refusals.add('mailgun', 'not an event');
  await store.db.schema.renameTable('elsewhere', 'webhook_refusals');
  await refusals.flush();
  assert.deepEqual(
    (await refusedSince(store, MORNING - MINUTE)).map(({ n }) => n),
    [2],
  );
});
