import assert from 'node:assert/strict';
import type { Fact } from '../../src/core/delivery.ts';
import { DAY, MINUTE, type Ms } from '../../src/core/time.ts';
import { prune } from '../../src/operate/prune.ts';
import { mayResend, resendMessage } from '../../src/operate/resend.ts';
import type { Store } from '../../src/store/db/open.ts';
import { MORNING } from '../support/clock.ts';
import { failed, reported, STORAGE, seed, seedQueued, sent, viewsOf } from '../support/factory.ts';
import { lossyStore } from '../support/lossy-proxy.ts';
import { eachStore, onMariaDb } from '../support/stores.ts';

const at = (minutes: number): Ms => MORNING + minutes * MINUTE;
const kept = (minutes: number): Fact => reported('accepted', at(minutes), { storage: STORAGE });

const resend = (store: Store, message: string, now: Ms, recipient?: string) =>
  resendMessage(store, { message, recipient, who: 'ann' }, { cooldown: MINUTE, now });
const may = (store: Store, key: string, now: Ms) => mayResend(store, key, { cooldown: MINUTE, now });
const states = async (store: Store, id: string) => (await viewsOf(store, id)).map((view) => view.delivery.state);

eachStore(
  'a mail that Mailgun keeps is sent again from there, and one of which no copy is known is not',
  async ({ store }) => {
    const [stored] = await seed(store, { facts: [...sent(), kept(0)] });
    const [bare] = await seed(store, { messageId: 'bare@mg.example.com', facts: sent() });
    assert.equal((await resend(store, stored?.messageId ?? '', at(2))).result, 'resent');
    const { result, reopened, availableAt } = await resend(store, bare?.messageId ?? '', at(2));
    assert.deepEqual([result, reopened, availableAt], ['not_possible', 0, null]);
    assert.deepEqual(await states(store, bare?.messageId ?? ''), ['accepted']);
  },
);

eachStore(
  'of several recipients those are sent to whom it did not reach, or the one that is named',
  async ({ store }) => {
    const recipients = ['ann@example.net', 'bob@example.net', 'cid@example.net'];
    const [view] = await seed(store, { recipients, facts: [...sent(), kept(0)] });
    const id = view?.messageId ?? '';
    await assert.rejects(resend(store, id, at(2), 'eve@example.net'), { code: 'not_found' });
    assert.equal((await resend(store, id, at(2), 'BOB@example.net')).reopened, 1);
    assert.deepEqual(await states(store, id), ['accepted', 'queued', 'accepted']);
    assert.equal((await resend(store, id, at(10))).reopened, 2);
    const audits = await store.db('audit').where({ what: 'resend' }).orderBy('id').select('who', 'subject');
    assert.deepEqual(audits, [
      { who: 'ann', subject: id },
      { who: 'ann', subject: id },
    ]);
  },
);

eachStore('what failed for good, or goes to nobody whom we mail, is left alone', async ({ store }) => {
  const [view] = await seed(store, { facts: [...sent(), kept(0), failed(at(1), 'stop')] });
  assert.equal((await resend(store, view?.messageId ?? '', at(2))).result, 'not_possible');
  assert.deepEqual(await states(store, view?.messageId ?? ''), ['failed']);
});

eachStore('what has not left for long is on its way all the same, and can not be sent again', async ({ store }) => {
  const [view] = await seedQueued(store);
  const { result, availableAt } = await resend(store, view?.messageId ?? '', at(9));
  assert.deepEqual([result, availableAt], ['waiting', null]);
});

eachStore('a day after the last time the wait begins anew, and nothing is kept of it', async ({ store }) => {
  assert.equal((await may(store, 'reset:1', at(0))).answer, 'yes');
  assert.equal((await may(store, 'reset:1', at(0) + 1)).answer, 'wait');
  assert.equal((await may(store, 'reset:2', at(0) + DAY)).answer, 'yes');
  await prune({ store, retentionDays: 90, now: () => at(1) + DAY });
  assert.equal((await store.db('resends')).length, 1);
});

onMariaDb('what was asked for, and whose COMMIT got no reply, is done once and says so', async (g) => {
  const [view] = await seed(g.store, { facts: [...sent(), kept(0)] });
  const { store: shaky, proxy } = await lossyStore(g.t, g.url);
  proxy.loseNextCommit();
  const { result, reopened, availableAt } = await resend(shaky, view?.messageId ?? '', at(2));
  assert.deepEqual([result, reopened, availableAt], ['resent', 1, at(4)]);
  proxy.loseNextCommit();
  assert.equal((await may(shaky, 'reset:1', at(2))).answer, 'yes');
  assert.equal(proxy.lost(), 2);
  assert.equal((await g.store.db('facts').where({ kind: 'reopened' })).length, 1);
});
