import assert from 'node:assert/strict';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import { recordMessage } from '../../src/intake/record.ts';
import { recordBatch } from '../../src/intake/record-batch.ts';
import type { Store } from '../../src/store/db/open.ts';
import { signsOf } from '../../src/store/notes/signs.ts';
import { MORNING } from '../support/clock.ts';
import { telling } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const settings = settingsOf(readConfig({}, 'database'));

const refused = (n: number, error: object, at: Ms = MORNING) =>
  telling(n, { state: 'refused', error, createdAt: new Date(at).toISOString() });

async function seen(store: Store, now: Ms = MORNING) {
  const { taken, failed, barred, unreached } = await signsOf(store, 'mailgun', { now, window: MINUTE });
  return { taken, failed, barred, unreached };
}

eachStore(
  'what became of the calls that applications made themselves counts, as far as it says something',
  async ({ store }) => {
    const at = new Date(MORNING).toISOString();
    const told = [
      telling(1, { state: 'sending', createdAt: at }),
      telling(2, { state: 'accepted', createdAt: at }),
      telling(3, { state: 'accepted', createdAt: at, via: 'smtp.example.com:25' }),
      refused(4, { status: 503, message: 'Service Unavailable' }),
      refused(5, { status: 400, message: 'to is not a valid address' }),
      refused(6, { status: 429, message: 'slow down' }),
      refused(7, { status: 401, message: 'Forbidden' }),
      refused(8, { smtp: 550, message: 'no' }),
      refused(9, { notSent: true, message: 'connect ECONNREFUSED' }),
      refused(10, { message: 'socket hang up' }),
      { torn: true },
    ];
    await recordBatch(
      { store, settings },
      told.map((one) => ({ told: one, at: MORNING })),
      MORNING,
    );
    assert.deepEqual(await seen(store), { taken: 2, failed: 1, barred: 0, unreached: 2 });
    const { sign } = await recordMessage({ store, settings }, refused(11, { status: 500, message: '' }), MORNING);
    assert.deepEqual(sign, { provider: 'mailgun', kind: 'failed', at: MORNING });
  },
);

eachStore('a record that comes late counts at the time of its call, or not at all', async ({ store }) => {
  const error = { status: 503, message: '' };
  const told = [
    refused(1, error, MORNING),
    refused(2, error, MORNING - 10 * MINUTE),
    refused(3, error, MORNING + MINUTE),
  ];
  const now = MORNING + 40 * SECOND;
  await recordBatch(
    { store, settings },
    told.map((one) => ({ told: one, at: now })),
    now,
  );
  assert.equal((await seen(store, now)).failed, 2);
  assert.equal(
    (await seen(store, MORNING + 70 * SECOND)).failed,
    1,
    'that of a clock that is ahead counts from now on',
  );
});
