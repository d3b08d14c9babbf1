import assert from 'node:assert/strict';
import { addEventsCommand } from '../../src/commands/events.ts';
import { HOUR } from '../../src/core/time.ts';
import { disable, nameEndpoints } from '../../src/store/notes/endpoints.ts';
import { hear, mail } from '../events/support.ts';
import { MORNING } from '../support/clock.ts';
import { eachStore } from '../support/stores.ts';
import { runHere } from './support.ts';

eachStore('events are listed, posted once more, and an endpoint is enabled from the command line', async (g) => {
  const { store, url } = g;
  const run = (...args: string[]) =>
    runHere(addEventsCommand, ['events', ...args], { DATABASE_URL: url }, () => MORNING + HOUR);
  assert.match((await run('endpoints')).out, /EVENTS_WEBHOOK_URL is not set/);
  assert.match((await run('list')).out, /Nothing that applications/);
  assert.equal((await run('replay', '--since', '2h')).code, 1);
  await nameEndpoints(store, [{ id: 'abc', place: 1, host: 'app.example.com', kinds: ['delivered'] }], MORNING);
  await hear(store, await mail(store, 'ann', MORNING), 'delivered', MORNING);
  await disable(store, 'abc', 'it answered 410', MORNING);
  assert.match((await run('list', '--since', '2h')).out, /09:00:00 UTC {2}delivered {2}ann@example\.net/);
  assert.equal(JSON.parse((await run('list', '--json', '--since', '2026-11-25')).out).type, 'message.delivered');
  assert.match((await run('endpoints')).out, /1 {2}app\.example\.com {2}disabled, 1 event waits\n {2}it answered 410/);
  assert.match((await run('enable', '1')).out, /posted to app\.example\.com again/);
  assert.equal(JSON.parse((await run('endpoints', '--json')).out).endpoints[0].state, 'well');
  assert.match((await run('replay', '--since', '2h', '--endpoint', '1')).out, /1 event is posted once more/);
  assert.equal((await run('replay', '--since', '2h', '--endpoint', '2')).code, 1);
  for (const wrong of [
    ['list', '--since', 'x'],
    ['replay'],
    ['enable', 'x'],
    ['replay', '--since', '1h', '--endpoint', '0'],
  ])
    assert.equal((await run(...wrong)).code, 2, wrong.join(' '));
});
