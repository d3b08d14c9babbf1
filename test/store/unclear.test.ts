import assert from 'node:assert/strict';
import { classify } from '../../src/classifier/classify.ts';
import { parseRules } from '../../src/classifier/own-rules.ts';
import { DAY, HOUR } from '../../src/core/time.ts';
import type { Store } from '../../src/store/db/open.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { pruneMessages } from '../../src/store/prune.ts';
import type { View } from '../../src/store/rows/rows.ts';
import { unknownReplies } from '../../src/store/unclear.ts';
import { at, MORNING } from '../support/clock.ts';
import { bounce, ended, failed, seedMany, verdict } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const unclear = verdict('undetermined', 'give_up_no_suppress');

const hear = (store: Store, view: View, minute: number, message: string, code = 550) =>
  change(store, [view.id], at(minute), () => [
    failed(at(minute), 'retry', { verdict: unclear, bounce: bounce({ code, enhancedCode: null, message }) }),
  ]);

eachStore(
  'unclear replies are grouped whatever numbers and addresses they hold, with what was done',
  async ({ store }) => {
    const [a, b, c] = await seedMany(store, 3);
    assert.ok(a && b && c);
    await hear(store, a, 1, 'Gruezi ann@example.net, computer 17 says no (id x4f-99)');
    await hear(store, b, 2, 'Gruezi bob@example.net, computer 4 says no (id x5f-00)');
    await hear(store, c, 3, 'Nope');
    await change(store, [c.id], at(4), () => [failed(at(4), 'stop')]);
    const [first, second, ...more] = await unknownReplies(store, at(0), 100);
    assert.ok(first && second);
    assert.deepEqual([first.count, second.count, more.length], [2, 1, 0]);
    assert.deepEqual([first.domains, first.done], [['example.net'], ['sent again: 2 queued']]);
    assert.deepEqual(first.deliveries.length, 2);
    assert.match(second.reply, /^550 Nope$/);
  },
);

eachStore('the rule to paste is a rule, and holds for the next reply of the kind', async ({ store }) => {
  const [view] = await seedMany(store, 1);
  assert.ok(view);
  await hear(store, view, 1, 'Gruezi ann@example.net, computer 17 says no');
  const [found] = await unknownReplies(store, at(0), 100);
  const { rules, problems } = parseRules(JSON.stringify([{ ...found?.rule, decision: 'switch_provider' }]));
  assert.deepEqual(problems, []);
  const judged = classify({ code: 550, message: 'Gruezi zoe@example.org, computer 99 says no' }, rules);
  assert.deepEqual([judged.evidence.rule, judged.decision], ['reply 1', 'switch_provider']);
});

eachStore('only what is young enough is listed, the latest first, and what is deleted is not', async ({ store }) => {
  const [a, b] = await seedMany(store, 2);
  assert.ok(a && b);
  await hear(store, a, 1, 'old words');
  await hear(store, b, 90, 'new words');
  const replies = async (since: number, limit: number) =>
    (await unknownReplies(store, since, limit)).map((r) => r.reply);
  assert.deepEqual(await replies(at(0), 1), ['550 new words']);
  assert.deepEqual(await replies(at(60), 9), ['550 new words']);
  assert.equal((await replies(at(0), 9)).length, 2);
  for (const view of [a, b])
    await change(store, [view.id], at(99), () => [ended(1, at(99), 'abandoned', 'undetermined')]);
  await pruneMessages(store, MORNING + DAY, 10);
  assert.deepEqual(await replies(at(0) - HOUR, 9), []);
  assert.deepEqual(await store.db('unclear'), []);
});

eachStore('the list is found by an index and does not walk the facts', async ({ store }) => {
  const sql = store.db('unclear').where('at', '>=', at(0)).orderBy('at', 'desc').limit(10).toQuery();
  const answer = await store.db.raw(`explain ${store.kind === 'sqlite' ? 'query plan ' : ''}${sql}`);
  assert.match(JSON.stringify(answer), /unclear_at_index/);
});
