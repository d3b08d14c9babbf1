import assert from 'node:assert/strict';
import { newId } from '../../src/base/ids.ts';
import { DAY, HOUR } from '../../src/core/time.ts';
import { attention } from '../../src/store/attention.ts';
import { MORNING } from '../support/clock.ts';
import { eachStore } from '../support/stores.ts';

const NOTHING = {
  ...{ abandoned: 0, expired: 0, senderFaults: 0, inboxAside: 0, unclear: 0 },
  ...{ alertsUnsent: 0, holds: 0, mistakes: 0 },
};

eachStore('what has to be looked at is counted up to a thousand, and what is older is not', async ({ store }) => {
  assert.deepEqual(await attention(store, MORNING), NOTHING);
  const times = [MORNING - 8 * DAY, ...Array.from({ length: 1001 }, (_, n) => MORNING - HOUR - n)];
  const unclear = times.map((at) => ({ delivery_id: newId(at), fact_key: 'x', at }));
  await store.db.batchInsert('unclear', unclear, 100);
  const alert = { incident: 'x', count: 1, avoid: '', subject: '', body: '', due_at: 1, tries: 0 };
  const alerts = [1, 1, 0].map((pending) => ({ ...alert, id: newId(MORNING), created_at: MORNING - HOUR, pending }));
  await store.db('alerts').insert([...alerts, { ...alert, id: newId(MORNING), created_at: MORNING, pending: 1 }]);
  assert.deepEqual(await attention(store, MORNING), { ...NOTHING, unclear: 1000, alertsUnsent: 2 });
});
