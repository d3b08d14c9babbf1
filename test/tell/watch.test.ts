import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, type Ms } from '../../src/core/time.ts';
import { prune } from '../../src/operate/prune.ts';
import type { Store } from '../../src/store/db/open.ts';
import { keep } from '../../src/store/inbox/inbox.ts';
import { domains, rememberDomains } from '../../src/store/messages/domains.ts';
import { RECONCILED, setCursor } from '../../src/store/notes/cursors.ts';
import { learnRetention, watch } from '../../src/tell/watch.ts';
import { clockAt, MORNING } from '../support/clock.ts';
import { arrival, ended, seed, sent } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const at = (minutes: number) => MORNING + minutes * MINUTE;
const kinds = async (store: Store): Promise<string[]> =>
  (await store.db('alert_items').orderBy('kind')).map((r) => r.kind);
const watching = (store: Store, now: () => number) => ({
  store,
  reconcileSilence: 10 * MINUTE,
  webhookSilence: HOUR,
  now,
});

eachStore('a reconciler that stands still is told of once', async ({ store }) => {
  const clock = clockAt();
  await setCursor(store, RECONCILED, '', MORNING);
  await watch(watching(store, clock), MORNING);
  assert.deepEqual(await kinds(store), []);
  clock.advance(11 * MINUTE);
  await watch(watching(store, clock), MORNING);
  clock.advance(MINUTE);
  await watch(watching(store, clock), MORNING);
  assert.deepEqual(await kinds(store), ['reconciler_silent']);
});

eachStore('accepted mail without any webhook is told of, and a quiet night is not', async ({ store }) => {
  const clock = clockAt();
  const tick = async () => {
    await setCursor(store, RECONCILED, '', clock());
    await watch(watching(store, clock), MORNING);
  };
  clock.advance(5 * HOUR);
  await tick();
  assert.deepEqual(await kinds(store), [], 'nothing was sent, so nothing is missed');
  await seed(store, { facts: sent(clock()), createdAt: clock() }, clock());
  clock.advance(30 * MINUTE);
  await tick();
  assert.deepEqual(await kinds(store), [], 'its events may still come');
  clock.advance(HOUR);
  await tick();
  assert.deepEqual(await kinds(store), ['webhooks_silent']);
});

eachStore('a webhook since then is a sign of life', async ({ store }) => {
  const clock = clockAt(MORNING + 2 * HOUR);
  await seed(store, { facts: sent(MORNING + 1000), createdAt: MORNING + 1000 });
  await keep(store, [arrival('hook', { source: 'webhook', receivedAt: MORNING + 90 * MINUTE })]);
  await setCursor(store, RECONCILED, '', clock());
  await watch(watching(store, clock), MORNING);
  assert.deepEqual(await kinds(store), []);
});

/** Asks for the retention of our domains each minute, and says after how many minutes it was asked for. */
async function asking(store: Store, minutes: number, retention: () => Promise<Ms | null>): Promise<number[]> {
  const clock = clockAt();
  const asked: number[] = [];
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const ask = (): Promise<Ms | null> => {
    asked.push((clock() - MORNING) / MINUTE);
    return retention();
  };
  for (let minute = 0; minute <= minutes; minute++) {
    await learnRetention({ store, retention: ask, now: clock, log });
    clock.advance(MINUTE);
  }
  return asked;
}

const retentionOf = async (store: Store) => (await domains(store, ['mg.example.com'])).get('mg.example.com')?.retention;

eachStore('how long the provider keeps messages is asked once a day', async ({ store }) => {
  await rememberDomains(store, ['mg.example.com']);
  assert.deepEqual(await asking(store, 2 * 24 * 60, async () => 3 * DAY), [0, 1440, 2880]);
  assert.equal(await retentionOf(store), 3 * DAY);
});

eachStore('while the retention can not be asked what is known stays, and it is asked again soon', async ({ store }) => {
  await rememberDomains(store, ['mg.example.com']);
  await asking(store, 0, async () => 3 * DAY);
  await store.db('domains').update({ retention_due_at: MORNING });
  const down = () => Promise.reject(new Error('no answer'));
  assert.deepEqual(await asking(store, 300, down), [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
  assert.equal(await retentionOf(store), 3 * DAY);
  await asking(store, 303, async () => null);
  assert.equal(await retentionOf(store), null, 'and is forgotten when the provider does not say it any more');
});

eachStore('one domain that can not be asked does not keep the others from their turn', async ({ store }) => {
  await rememberDomains(store, ['a.example', 'b.example', 'c.example']);
  const asked: string[] = [];
  const retention = async (domain: string) => {
    asked.push(domain);
    if (domain !== 'c.example') throw new Error('no answer');
    return DAY;
  };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  for (const minute of [0, 1, 2]) await learnRetention({ store, retention, now: () => at(minute), log });
  assert.deepEqual(asked.slice(0, 3).sort(), ['a.example', 'b.example', 'c.example']);
  assert.equal((await domains(store, ['c.example'])).get('c.example')?.retention, DAY);
});

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
