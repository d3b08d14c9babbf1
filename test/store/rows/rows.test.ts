import assert from 'node:assert/strict';
import { factWords } from '../../../src/core/words/facts.ts';
import { standingWords } from '../../../src/core/words/standing.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { load } from '../../../src/store/rows/rows.ts';
import { at } from '../../support/clock.ts';
import { ended, held, seed } from '../../support/factory.ts';
import { eachStore } from '../../support/stores.ts';

eachStore('facts of an earlier version, with free text for a reason, read as they did', async ({ store }) => {
  const [view] = await seed(store);
  assert.ok(view);
  const facts = [held(1, at(1), 'accepted', at(2)), ended(1, at(3), 'cancelled', 'superseded')];
  await change(store, [view.id], at(3), () => facts);
  const old = { wait: 'the provider could not be asked: time-out', end: 'the user has reset it' };
  await rewrite(facts[0]?.key ?? '', { why: old.wait });
  await rewrite(facts[1]?.key ?? '', { reason: old.end });
  const read = (await load(store.db, [view.id])).get(view.id);
  assert.equal(read?.delivery.reason, 'by_application');
  assert.equal(standingWords(read.delivery), `It was cancelled: ${old.end}. Homing sends no more of it.`);
  const words = read.facts.filter((f) => f.kind === 'held' || f.kind === 'ended').map((fact) => factWords(fact));
  assert.deepEqual(words, [`Ended as cancelled: ${old.end}.`, `Wait until 2026-11-25 09:02:00 UTC: ${old.wait}.`]);

  async function rewrite(fact_key: string, over: object): Promise<void> {
    const row = store.db('facts').where({ delivery_id: view?.id, fact_key });
    const { body } = await row.clone().first('body');
    await row.update({ body: JSON.stringify({ ...JSON.parse(body), ...over }) });
  }
});
