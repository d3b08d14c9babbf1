import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/time.ts';
import { foldPending } from '../../../src/store/figures/pending.ts';
import { rebuild } from '../../../src/store/figures/rebuild.ts';
import { createRefusals } from '../../../src/store/inbox/refusals.ts';
import { mayProbe, noteProbe } from '../../../src/store/notes/health.ts';
import { addReceiverSigns } from '../../../src/store/notes/receivers.ts';
import { addSigns } from '../../../src/store/notes/signs.ts';
import { addMailSigns } from '../../../src/store/thresholds/mail-signs.ts';
import { QUIET } from '../../events/support.ts';
import { MORNING } from '../../support/clock.ts';
import { seed, sent } from '../../support/factory.ts';
import { lossyStore } from '../../support/lossy-proxy.ts';
import { onMariaDb } from '../../support/stores.ts';

const moment = { now: MORNING, window: MINUTE };
const SIGN = { provider: 'mailgun', kind: 'taken', n: 3 } as const;

onMariaDb('what is counted is counted once, also after a COMMIT whose reply got lost', async ({ t, store, url }) => {
  const { store: lossy, proxy } = await lossyStore(t, url);
  const sum = async (table: string, column: string) =>
    Number((await store.db(table).sum({ n: column }).first())?.['n']);
  const losing = (add: () => Promise<void>) => {
    proxy.loseNextCommit();
    return add();
  };
  await losing(() => addSigns(lossy, [SIGN], moment));
  const putOff = { provider: 'mailgun', receiver: 'there.example', class: 'notice', what: 'putOff' } as const;
  await losing(() => addReceiverSigns(lossy, [putOff], moment));
  const party = { domain: 'mg.example.com', class: 'notice', receiver: 'there.example' } as const;
  await losing(() => addMailSigns(lossy, [{ ...party, signs: { bounced: 1 } }], MORNING));
  const refusals = createRefusals({ store: lossy, now: () => MORNING, log: QUIET });
  refusals.add('mailgun', 'forged');
  await losing(() => refusals.flush());
  assert.ok(await mayProbe(store, 'mailgun', MORNING, MINUTE));
  await losing(() => noteProbe(lossy, 'mailgun', false, MORNING));
  assert.equal(proxy.lost(), 5);
  assert.equal(await sum('health', 'probes_failed'), 1);
  assert.deepEqual(
    [await sum('signs', 'n'), await sum('receiver_signs', 'put_off'), await sum('webhook_refusals', 'n')],
    [3, 1, 1],
  );
  assert.equal(await sum('mail_signs', 'bounced'), 2, 'once in each span');
  await addSigns(lossy, [SIGN], moment);
  assert.equal(await sum('signs', 'n'), 6, 'and the next time again');
  assert.equal((await store.db('cursors').where('name', 'like', 'added:%')).length, 1, 'one mark serves them all');
});

onMariaDb('the figures are corrected once, also after a COMMIT whose reply got lost', async ({ t, store, url }) => {
  for (let n = 0; n < 3; n++) await seed(store, { messageId: `m${n}@mg.example.com`, facts: sent(0) });
  while ((await foldPending(store)) > 0);
  await store.db('rollups').update({ n: 7 });
  const { store: lossy, proxy } = await lossyStore(t, url);
  // What is read of the clock comes right before what is written.
  const now = () => {
    proxy.loseNextCommit();
    return MORNING;
  };
  const { differences } = await rebuild(lossy, { now, check: false, progress: () => {} });
  assert.ok(differences.length > 0);
  assert.ok(proxy.lost() >= 2, String(proxy.lost()));
  const again = await rebuild(store, { now: () => MORNING + MINUTE, check: true, progress: () => {} });
  assert.deepEqual(again.differences, []);
});
