import assert from 'node:assert/strict';
import type { Rate } from '../../../src/core/pace.ts';
import { SECOND } from '../../../src/core/time.ts';
import { paceLeft, spendPace } from '../../../src/store/notes/paces.ts';
import { MORNING } from '../../support/clock.ts';
import { eachStore } from '../../support/stores.ts';

const ALL: Rate = { provider: 'mailgun', class: null, perSecond: 100 };
const BULK: Rate = { provider: 'mailgun', class: 'bulk', perSecond: 0.5 };

eachStore('what several daemons spend at once is counted whole', async ({ store, open }) => {
  const others = [store, open(), open()];
  await Promise.all(
    others.flatMap((one) =>
      Array.from({ length: 4 }, () =>
        spendPace(
          one,
          [
            [ALL, 10],
            [BULK, 0],
          ],
          MORNING,
        ),
      ),
    ),
  );
  assert.deepEqual(await paceLeft(store, [ALL, BULK], MORNING), [80, 1]);
  assert.deepEqual(await paceLeft(store, [ALL, BULK], MORNING + SECOND / 2), [130, 1]);
  await spendPace(store, [[BULK, 1]], MORNING);
  assert.deepEqual(await paceLeft(store, [ALL, BULK], MORNING + SECOND), [180, 0]);
  assert.deepEqual(
    await paceLeft(store, [{ ...ALL, perSecond: 50 }], MORNING),
    [100],
    'a rate that was changed begins anew',
  );
});
