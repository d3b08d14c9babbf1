import assert from 'node:assert/strict';
import { DAY, MINUTE } from '../../src/core/time.ts';
import { reportOf } from '../../src/drill/judge/report.ts';
import { beginDrill, endDrill, keepDrill, lastDrill } from '../../src/store/drills.ts';
import { good } from '../drill/judge/support.ts';
import { MORNING } from '../support/clock.ts';
import { eachStore } from '../support/stores.ts';

const NOW = MORNING + DAY;
const TURN = { turn: `cron:${MORNING}`, fault: 'down', ground: 'demo' } as const;

eachStore('of all who begin the drill of one time one does, whatever their clocks say', async ({ store, open }) => {
  const stores = [store, open(), open(), open()];
  const begun = await Promise.all(stores.map((one, n) => beginDrill(one, TURN, MORNING + n * MINUTE)));
  assert.equal(begun.filter((id) => id !== null).length, 1);
  assert.equal(await beginDrill(store, TURN, MORNING + DAY), null);
  assert.notEqual(await beginDrill(store, { ...TURN, turn: `cron:${MORNING + DAY}` }, MORNING + DAY), null);
});

eachStore('the last drill is the one that ended last, and how it ended is said once', async ({ store }) => {
  assert.equal(await lastDrill(store, NOW), null);
  const id = await beginDrill(store, TURN, MORNING);
  assert.ok(id);
  const kept = { id, fault: 'down', ground: 'demo', startedAt: MORNING };
  assert.deepEqual(await lastDrill(store, NOW), { ...kept, endedAt: null, passed: null, failed: [] });
  const failed = ['one_copy', `"'\\\u0000${'x'.repeat(5000)}`, ...Array(50).fill('ß'.repeat(500))];
  await endDrill(store, id, { endedAt: MORNING + MINUTE, passed: false, failed });
  await endDrill(store, id, { endedAt: MORNING + DAY, passed: true, failed: [] });
  await beginDrill(store, { ...TURN, turn: 'cron:later' }, MORNING + DAY);
  const last = await lastDrill(store, NOW);
  assert.deepEqual([last?.id, last?.endedAt, last?.passed, last?.failed[0]], [id, MORNING + MINUTE, false, 'one_copy']);
});

eachStore('a drill that was begun and never ended is the last one when it can not end any more', async ({ store }) => {
  await keepDrill(store, reportOf(good(), 'demo', false));
  const id = await beginDrill(store, TURN, MORNING + MINUTE);
  assert.equal((await lastDrill(store, MORNING + DAY))?.passed, true);
  const { id: last, passed } = (await lastDrill(store, MORNING + DAY + 2 * MINUTE)) ?? {};
  assert.deepEqual([last, passed], [id, null]);
});

eachStore('a drill that was made by hand is kept as it was', async ({ store }) => {
  const report = reportOf(good({ arrivals: good().arrivals.slice(1) }), 'staging', false);
  const others: string[] = [];
  store.db.on('query', ({ sql }: { sql: string }) => void (sql.startsWith('insert') || others.push(sql)));
  await keepDrill(store, report);
  assert.deepEqual(others, [], 'nobody finds it half written');
  const { id: _, ...last } = (await lastDrill(store, NOW)) ?? { id: '' };
  const { startedAt, endedAt } = report;
  assert.deepEqual(last, {
    fault: 'down',
    ground: 'staging',
    startedAt,
    endedAt,
    passed: false,
    failed: ['failed_over', 'one_copy'],
  });
});
