import assert from 'node:assert/strict';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { DAY, MINUTE } from '../../src/core/time.ts';
import { recordMessage } from '../../src/intake/record.ts';
import { cancelMessage, reopenMessage } from '../../src/operate/operate.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { flowByClass } from '../../src/store/timeliness.ts';
import { MORNING } from '../support/clock.ts';
import { claimed, held, refused, seed } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const settings = settingsOf(readConfig({}, 'database'));
const QUIET = { late: 0, since: null, backup: null, moving: false, traffic: false, took: null };
const sent = { domain: 'example.com', from: 'shop@example.com', to: 'ann@example.org', messageId: 'one@example.com' };

eachStore('how late a class is comes from its own backlog', async ({ store }) => {
  const deps = { store, settings };
  await recordMessage(deps, { ...sent, class: 'access', state: 'sending' }, MORNING);
  await recordMessage(deps, { ...sent, messageId: 'two@example.com', state: 'accepted' }, MORNING);
  const flows = await flowByClass(store, MORNING + settings.lease + MINUTE);
  assert.deepEqual(flows, {
    access: { ...QUIET, late: MINUTE, since: MORNING + settings.lease, traffic: true },
    notice: { ...QUIET, traffic: true },
    bulk: QUIET,
  });
});

eachStore('a message to a thousand people is recorded, ended and opened again as a whole', async ({ store }) => {
  const to = Array.from({ length: 1000 }, (_, n) => `r${n}@example.org`);
  const { id, created } = await recordMessage({ store, settings }, { ...sent, to, state: 'accepted' }, MORNING);
  assert.equal(created, true);
  assert.equal((await recordMessage({ store, settings }, { ...sent, to, state: 'accepted' }, MORNING)).created, false);
  assert.equal((await findMessage(store, id))?.views.length, 1000);
  const wish = { message: id, who: 'test', reason: 'by_operator' as const };
  assert.equal((await cancelMessage(store, wish, MORNING)).cancelled, 1000);
  const { reopened } = await reopenMessage(store, { message: id, what: 'retry', who: 'test' }, MORNING + 1);
  assert.equal(reopened, 1000);
});

eachStore('mail that waits for its provider is late, as it is when an earlier version wrote so', async ({ store }) => {
  const until = MORNING + DAY;
  const facts = [claimed(1, MORNING), refused(1, MORNING, 'busy'), held(1, MORNING, 'refused', until)];
  const [view] = await seed(store, { facts });
  for (const reason of [view?.delivery.reason ?? null, 'busy', 'account', 'mailbox_full']) {
    await store.db('deliveries').update({ reason });
    const { late } = (await flowByClass(store, MORNING + MINUTE)).notice;
    assert.equal(late, reason === 'mailbox_full' ? 0 : MINUTE, `${reason}`);
  }
});
