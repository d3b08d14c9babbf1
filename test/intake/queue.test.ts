import assert from 'node:assert/strict';
import { newId } from '../../src/base/ids.ts';
import { createQueue } from '../../src/intake/queue.ts';
import { MORNING } from '../support/clock.ts';
import { queueDraft } from '../support/factory.ts';
import { eachStore, onSqlite } from '../support/stores.ts';

const mail = (key: string, fingerprint = 'same') => {
  const id = newId(MORNING);
  const draft = queueDraft({ id, recipients: [`${key}@example.net`], messageId: `${id}@mg.example.com` });
  return { draft, call: { scope: 'token', key, fingerprint } };
};

onSqlite('mail that comes at the same time is kept in one commit', async ({ store }) => {
  const commits: number[] = [];
  store.heard = (turns) => commits.push(turns.length);
  const queue = createQueue(store);
  const mails = ['ann', 'bee', 'cid'].map((name) => mail(name));
  const made = await Promise.all(mails.map((one) => queue(one, MORNING)));
  assert.deepEqual(
    made.map(({ id, isRepeat }) => [id, isRepeat]),
    mails.map(({ draft }) => [draft.id, false]),
  );
  assert.deepEqual(commits, [3]);
});

eachStore(
  'of mail that comes at the same time a repeat gets the first, and one that is refused stops no other',
  async ({ store }) => {
    const queue = createQueue(store);
    const [ann, again, other, bee] = [mail('ann'), mail('ann'), mail('ann', 'other'), mail('bee')];
    const first = await queue(ann, MORNING);
    const results = await Promise.allSettled([again, other, bee].map((one) => queue(one, MORNING)));
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value.id : result.reason.code)),
      [first.id, 'mismatch', bee.draft.id],
    );
  },
);
