import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TOUR as OUTAGE } from '../../../src/lab/demo/outage.ts';
import { TOUR } from '../../../src/lab/demo/play.ts';
import { loggedIn, startDashboard } from '../../dashboard/support.ts';

test('the tour of the demo leads to pages that there are, each once', async (t) => {
  const running = await startDashboard(t);
  running.clock.set(Date.now());
  const owner = await loggedIn(running, 'owner');
  for (const tour of [TOUR, OUTAGE]) {
    assert.equal(new Set(tour.map(([, page]) => page)).size, tour.length);
    for (const [question, page] of tour) assert.equal((await owner.get(page)).status, 200, `${question} ${page}`);
  }
});
