import assert from 'node:assert/strict';
import { addQueueCommand } from '../../src/commands/queue.ts';
import { SECOND } from '../../src/core/time.ts';
import { MORNING } from '../support/clock.ts';
import { seedQueued } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';
import { runHere } from './support.ts';

eachStore('says of each class what waits, and the same as JSON', async ({ store, url }) => {
  await seedQueued(store, { class: 'access', recipients: ['a@x.test', 'b@x.test', 'c@x.test'] });
  const run = (...args: string[]) =>
    runHere(addQueueCommand, ['queue', ...args], { DATABASE_URL: url }, () => MORNING + 7 * SECOND);
  const { code, out } = await run();
  assert.equal(code, 0);
  assert.match(out, /^access {2}3 wait, the oldest for 7 s; 3 due, and nothing has left in the last 5 min$/m);
  assert.match(out, /^bulk {4}nothing waits$/m);
  const { classes } = JSON.parse((await run('--json')).out) as { classes: Record<string, object> };
  assert.deepEqual(classes['access'], { waiting: 3, due: 3, oldestSeconds: 7, clearSeconds: null });
});
