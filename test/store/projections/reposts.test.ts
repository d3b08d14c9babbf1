import assert from 'node:assert/strict';
import type { Fact } from '../../../src/core/delivery.ts';
import { DAY, HOUR, MINUTE } from '../../../src/core/time.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { lastReposts } from '../../../src/store/projections/reposts.ts';
import { pruneMessages } from '../../../src/store/prune.ts';
import { MORNING } from '../../support/clock.ts';
import { accepted, claimed, failed, reported, seed } from '../../support/factory.ts';
import { eachStore } from '../../support/stores.ts';

const PLACE = 'example.net ip_block';
const on = (attempt: number, sendingIp: string) => ({ messageId: `m${attempt}@mg.example.com`, sendingIp });
const again = (n: number, at: number): Fact[] => [
  claimed(n, at, { since: at - MINUTE }),
  accepted(n, at, `m${n}@mg.example.com`),
];

eachStore(
  'the last re-posts of a place are known as they ended, latest first, and late news corrects them',
  async (g) => {
    const [view] = await seed(g.store);
    const tell = (...facts: Fact[]) => change(g.store, [view?.id ?? ''], MORNING, () => facts);
    const known = async (limit = 20) =>
      (await lastReposts(g.store, PLACE, limit)).map((r) => `${r.attempt} ${r.sendingIp} ${r.arrived}`);
    await tell(failed(MORNING + MINUTE, 'retry', { sendingIp: '198.51.100.1' }), ...again(2, MORNING + 5 * MINUTE));
    assert.deepEqual(await known(), [], 'still open');
    await tell(failed(MORNING + 6 * MINUTE, 'retry', on(2, '198.51.100.1')), ...again(3, MORNING + HOUR));
    assert.deepEqual(await known(), ['2 same false']);
    await tell(failed(MORNING + HOUR + MINUTE, 'retry', on(3, '198.51.100.2')));
    assert.deepEqual(await known(), ['3 changed false', '2 same false']);
    assert.deepEqual(await known(1), ['3 changed false']);
    assert.deepEqual(await lastReposts(g.store, 'example.net greylisted', 20), []);
    await tell(reported('delivered', MORNING + 7 * MINUTE, on(2, '198.51.100.1')));
    assert.deepEqual(await known(), ['3 changed false', '2 same true']);
    assert.equal(await pruneMessages(g.store, MORNING + DAY, 10), 1);
    assert.deepEqual(await known(), []);
  },
);
