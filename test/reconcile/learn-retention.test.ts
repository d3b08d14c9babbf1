import assert from 'node:assert/strict';
import { DAY, MINUTE, type Ms } from '../../src/core/time.ts';
import { learnRetention } from '../../src/reconcile/learn-retention.ts';
import type { Store } from '../../src/store/db/open.ts';
import { domains, rememberDomains } from '../../src/store/messages/domains.ts';
import { clockAt, MORNING } from '../support/clock.ts';
import { eachStore } from '../support/stores.ts';

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
  for (const minute of [0, 1, 2]) await learnRetention({ store, retention, now: () => MORNING + minute * MINUTE, log });
  assert.deepEqual(asked.slice(0, 3).sort(), ['a.example', 'b.example', 'c.example']);
  assert.equal((await domains(store, ['c.example'])).get('c.example')?.retention, DAY);
});
