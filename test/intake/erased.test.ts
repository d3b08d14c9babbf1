import assert from 'node:assert/strict';
import { isId } from '../../src/base/ids.ts';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { recordMessage } from '../../src/intake/record.ts';
import { recordBatch } from '../../src/intake/record-batch.ts';
import { erase } from '../../src/operate/erase.ts';
import { MORNING } from '../support/clock.ts';
import { telling } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const settings = settingsOf(readConfig({}, 'database'));
const ANN = 'ann@canary.example';
const BOB = 'bob@canary.example';
const LATER = MORNING + MINUTE;

eachStore(
  'what is told late of mail to somebody who was erased brings them not back, and is answered as ever',
  async ({ store }) => {
    await erase(ANN, { store, who: 'ops', now: () => MORNING });
    const before = { createdAt: MORNING - 1, to: [ANN.toUpperCase()] };
    const tellings = [
      telling(1, before),
      telling(2, { ...before, to: [ANN, BOB] }),
      telling(3, { ...before, to: [BOB], cc: [ANN] }),
      telling(4, { to: [ANN] }),
    ];
    const answers = await recordBatch(
      { store, settings },
      tellings.map((told) => ({ told, at: LATER })),
      LATER,
    );
    assert.deepEqual(answers, [null, null, null, null]);
    const { id, created } = await recordMessage({ store, settings }, telling(5, before), LATER);
    assert.ok(isId(id) && created);
    const own = '01M8000000000000000000000A';
    assert.equal((await recordMessage({ store, settings }, telling(6, { ...before, id: own }), LATER)).id, own);
    assert.deepEqual(await store.db('deliveries').pluck('recipient'), [BOB, BOB]);
    assert.equal((await store.db('messages')).length, 2);
  },
);

eachStore('what is sent to somebody after they were erased is recorded as any other mail', async ({ store }) => {
  await erase(ANN, { store, who: 'ops', now: () => MORNING });
  const tellings = [
    telling(1, { to: [ANN], createdAt: MORNING }),
    telling(2, { to: [ANN], state: 'sending' }),
    telling(3, { to: [BOB], createdAt: MORNING - 1 }),
  ];
  const told = tellings.map((one) => ({ told: one, at: LATER }));
  await recordBatch(
    { store, settings },
    [...told, { told: telling(4, { to: [ANN] }), at: MORNING + HOUR }],
    MORNING + HOUR,
  );
  assert.deepEqual((await store.db('deliveries').pluck('recipient')).sort(), [ANN, ANN, ANN, BOB]);
});
