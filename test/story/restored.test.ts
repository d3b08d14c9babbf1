// A database that comes from a backup: what waited in it was sent since.
import assert from 'node:assert/strict';
import { addRestoredCommand } from '../../src/commands/restored.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { createDispatcher } from '../../src/dispatch/dispatch.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import { startSink } from '../../src/lab/sim/sink.ts';
import { pollEvents } from '../../src/reconcile/poll.ts';
import type { Store } from '../../src/store/db/open.ts';
import { runHere } from '../commands/support.ts';
import { type Homing, only, queueMail, startByHand } from '../support/homing.ts';
import { eachDatabase } from '../support/stores.ts';

const ENV = { ENCRYPTION_KEY: 'ab'.repeat(32), EVENTS_SETTLE: '5m' };

const TABLES = [
  ...['messages', 'message_bodies', 'deliveries', 'facts', 'due', 'handles', 'inbox', 'suppressions', 'alert_items'],
  ...['alerts', 'cursors', 'calls', 'reposts', 'rollup_pending', 'rollups'],
];

/** Takes a backup; the function that it gives restores it. */
async function backup({ db }: Store): Promise<() => Promise<void>> {
  const kept = await Promise.all(TABLES.map(async (table) => ({ table, rows: await db(table) })));
  return async () => {
    for (const { table, rows } of kept) {
      await db(table).delete();
      // What the database computes of a row is not put back.
      const kept = rows.map(({ aside_at: _, ...row }) => row);
      if (kept.length > 0) await db(table).insert(kept);
    }
  };
}

async function sayRestored(homing: Homing, url: string, env: Record<string, string> = {}): Promise<string> {
  const given = { ...env, DATABASE_URL: url };
  const { code, out, err } = await runHere(addRestoredCommand, ['restored'], given, homing.clock);
  assert.deepEqual([code, err], [0, '']);
  return out;
}

eachDatabase('after a restore the provider is asked first, and nothing is sent twice', async (t, database) => {
  const homing = await startByHand(t, { database, poll: true, env: ENV });
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) ids.push(await queueMail(homing, `p${n}@inbox.test`));
  ids.push(await queueMail(homing, 'reset@inbox.test', { 'v:homing-class': 'access' }));
  const restore = await backup(homing.store);
  await homing.play(homing.clock() + 5 * MINUTE);
  assert.equal(homing.sim.handovers.length, 6);
  await restore();
  const late = await queueMail(homing, 'late@inbox.test');
  assert.match(await sayRestored(homing, database), /^7 open deliveries are asked about before more is sent\.\n/);
  await homing.play(homing.clock() + 2 * HOUR);
  for (const id of ids) assert.equal((await only(homing, id)).delivery.state, 'delivered');
  assert.equal((await only(homing, late)).delivery.state, 'delivered', 'what the settled records do not know is sent');
  assert.equal(homing.sim.handovers.length, 7);
});

eachDatabase(
  'what may have begun at a secondary that can not be asked is not sent again, and says why',
  async (t, database) => {
    const other = await startSink();
    t.after(other.close);
    const name = other.url.replace('smtp://', '');
    const env = { ...ENV, SECONDARY: other.url, PROVIDER_SHARE: `mailgun:50,${name}:50` };
    const homing = await startByHand(t, { database, poll: true, env, secondary: false });
    const ids: string[] = [];
    for (let n = 0; n < 24; n++) ids.push(await queueMail(homing, `p${n}@inbox.test`, { 'v:homing-class': 'notice' }));
    const restore = await backup(homing.store);
    await homing.play(homing.clock() + 5 * MINUTE);
    const [byMailgun, byBackup] = [homing.sim.handovers.length, other.mails.length];
    assert.ok(byMailgun > 3 && byBackup > 3 && byMailgun + byBackup === 24, `${byMailgun} and ${byBackup}`);
    await restore();
    await sayRestored(homing, database, env);
    await homing.play(homing.clock() + 2 * HOUR);
    assert.deepEqual([homing.sim.handovers.length, other.mails.length], [byMailgun, byBackup]);
    const views = await Promise.all(ids.map((id) => only(homing, id)));
    const waiting = views.filter(({ delivery }) => delivery.state === 'unconfirmed');
    assert.equal(waiting.length, byBackup);
    assert.equal(views.filter(({ delivery }) => delivery.state === 'delivered').length, byMailgun);
    for (const { delivery } of waiting)
      assert.match(delivery.attempts[0]?.unanswered?.detail ?? '', new RegExp(`backup.*${name} can not be asked`));
  },
);

/** A mail that the secondary got after the backup: its copy from after the restore says that it may be a second one. */
async function saysDoubleAfterRestore(homing: Homing, id: string, database: string): Promise<void> {
  const restore = await backup(homing.store);
  await homing.play(homing.clock() + 5 * MINUTE);
  assert.equal((await only(homing, id)).delivery.state, 'relayed');
  await restore();
  await sayRestored(homing, database);
  await homing.play(homing.clock() + HOUR);
  const { delivery } = await only(homing, id);
  assert.match(delivery.attempts[1]?.claim.double ?? '', /comes from a backup/);
}

eachDatabase(
  'a failure that is heard of after a restore may have sent the mail elsewhere, and its copy says so',
  async (t, database) => {
    const homing = await startByHand(t, { database, poll: true, env: { ...ENV, RETRY_MAX_ATTEMPTS: '1' } });
    homing.sim.fate('dora@stubborn.test', BLOCKED_IP);
    const id = await queueMail(homing, 'dora@stubborn.test', { 'v:homing-class': 'notice' });
    await saysDoubleAfterRestore(homing, id, database);
  },
);

eachDatabase('what can not be asked about goes out again and says that it may be a double', async (t, database) => {
  const homing = await startByHand(t, { database, poll: true, env: { ...ENV, RETRY_MAX_ATTEMPTS: '1' } });
  homing.sim.fate('dora@stubborn.test', BLOCKED_IP);
  const id = await homing.send('dora@stubborn.test');
  await homing.sim.runDue();
  homing.clock.advance(2 * SECOND);
  await homing.sim.runDue();
  await saysDoubleAfterRestore(homing, id, database);
});

eachDatabase(
  'a retry from before a restore waits until the records were read, however new the backup is',
  async (t, database) => {
    const homing = await startByHand(t, { database, poll: true, env: { ...ENV, RETRY_SCHEDULE: 'local' } });
    homing.sim.fate('dora@stubborn.test', [BLOCKED_IP, 'deliver']);
    const id = await homing.send('dora@stubborn.test');
    await homing.play(homing.clock() + 3 * MINUTE);
    assert.equal(homing.sim.handovers.length, 1);
    const restore = await backup(homing.store);
    await homing.play(homing.clock() + 2 * MINUTE);
    assert.equal(homing.sim.handovers.length, 2, 'the retry has left since');
    await restore();
    await sayRestored(homing, database);
    await homing.dispatch();
    await homing.dispatch();
    assert.equal(homing.sim.handovers.length, 2, 'nothing was read yet');
    await homing.play(homing.clock() + 2 * HOUR);
    assert.equal((await only(homing, id)).delivery.state, 'delivered');
    assert.equal(homing.sim.handovers.length, 2);
  },
);

eachDatabase('an event of a mail that is taken for not sent counts as its hand-over', async (t, database) => {
  const homing = await startByHand(t, { database, env: ENV });
  const id = await queueMail(homing, 'anna@inbox.test');
  const restore = await backup(homing.store);
  await homing.dispatch();
  await restore();
  homing.clock.advance(5 * SECOND);
  await homing.play(homing.clock() + HOUR);
  const { delivery } = await only(homing, id);
  assert.deepEqual([delivery.state, delivery.attempts.length], ['delivered', 1]);
  assert.equal(homing.sim.handovers.length, 1);
});

eachDatabase('where nobody says so, the records are read before older mail is sent', async (t, database) => {
  const homing = await startByHand(t, { database, poll: true, env: ENV });
  await homing.play(homing.clock() + 5 * MINUTE);
  const id = await queueMail(homing, 'anna@inbox.test');
  const restore = await backup(homing.store);
  await homing.play(homing.clock() + 2 * MINUTE);
  await restore();
  homing.clock.advance(10 * MINUTE);
  const late = await queueMail(homing, 'late@inbox.test');
  await homing.dispatch();
  assert.deepEqual(
    homing.sim.handovers.map((h) => h.recipient),
    ['anna@inbox.test', 'late@inbox.test'],
    'what came since does not wait',
  );
  await homing.play(homing.clock() + HOUR);
  for (const each of [id, late]) assert.equal((await only(homing, each)).delivery.state, 'delivered');
  assert.equal(homing.sim.handovers.length, 2);
});

eachDatabase(
  'a daemon that starts reads the records before it sends mail that was there before it',
  async (t, database) => {
    const homing = await startByHand(t, { database, poll: true, env: ENV });
    await homing.play(homing.clock() + 5 * MINUTE);
    const id = await queueMail(homing, 'anna@inbox.test');
    const restore = await backup(homing.store);
    await homing.play(homing.clock() + 10 * SECOND);
    assert.equal(homing.sim.handovers.length, 1);
    await restore();
    homing.clock.advance(SECOND);
    const restarted = createDispatcher({ ...homing.inside, onFree: () => {} });
    await restarted.run();
    await restarted.idle();
    assert.equal(homing.sim.handovers.length, 1, 'nothing was read yet');
    await pollEvents(homing.inside);
    homing.clock.advance(MINUTE / 2);
    await restarted.run();
    await restarted.idle();
    await homing.play(homing.clock() + HOUR);
    assert.equal((await only(homing, id)).delivery.state, 'delivered');
    assert.equal(homing.sim.handovers.length, 1);
  },
);

eachDatabase(
  'mail that waited while no daemon ran is sent soon, also when the records can not be read',
  async (t, database) => {
    const homing = await startByHand(t, { database, poll: true, env: ENV });
    await homing.play(homing.clock() + 5 * MINUTE);
    const id = await queueMail(homing, 'anna@inbox.test', { 'v:homing-class': 'access' });
    homing.clock.advance(10 * MINUTE);
    homing.sim.misbehave(({ path }) => /\/events/.test(path), { status: 500 });
    await homing.play(homing.clock() + 2 * MINUTE);
    assert.equal((await only(homing, id)).delivery.state, 'delivered');
  },
);
