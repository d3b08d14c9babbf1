import assert from 'node:assert/strict';
import { HOUR, SECOND } from '../../src/core/time.ts';
import { createPresence } from '../../src/daemon/presence.ts';
import { clockAt, MORNING } from '../support/clock.ts';
import { onSqlite } from '../support/stores.ts';

onSqlite('a daemon that died with a clock that was ahead keeps its share from nobody', async ({ store }) => {
  const clock = clockAt();
  const joins = (id: string, now: () => number) => createPresence({ id, store, roles: ['dispatch'], now });
  const own = joins('a', clock);
  const close = joins('b', () => clock() + 3 * SECOND);
  await joins('c', () => MORNING + HOUR).look();
  await own.look();
  assert.deepEqual(own.share(), { index: 0, of: 1 });
  await close.look();
  await own.look();
  assert.deepEqual(own.share(), { index: 0, of: 2 });
});
