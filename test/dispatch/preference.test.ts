import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { startSink } from '../../src/lab/sim/sink.ts';
import { queueMail, startByHand } from '../support/homing.ts';

const env = { ENCRYPTION_KEY: 'ab'.repeat(32) };

test('by its share a secondary gets mail first while all is well, and that is no rescue', async (t) => {
  const backup = await startSink();
  t.after(backup.close);
  const name = backup.url.replace('smtp://', '');
  const shares = { ...env, SECONDARY: backup.url, PROVIDER_SHARE: `mailgun:50,${name}:50` };
  const homing = await startByHand(t, { env: shares, secondary: false });
  const { sim, clock, play, alerts } = homing;
  for (let n = 0; n < 40; n++) await queueMail(homing, `p${n}@example.org`, { 'v:homing-class': 'notice' });
  const only = await queueMail(homing, 'test@example.org', { 'o:testmode': 'yes' });
  await play(clock() + MINUTE);
  const byBackup = backup.mails.length;
  const byMailgun = sim.handovers.length;
  assert.ok(byBackup > 8 && byMailgun > 8, `${byBackup} and ${byMailgun}`);
  assert.equal(byBackup + byMailgun, 41, 'each once');
  assert.ok(
    !backup.mails.some(({ to }) => to.includes('test@example.org')),
    `a test of Mailgun goes there alone: ${only}`,
  );
  await play(clock() + HOUR);
  assert.deepEqual(alerts(), []);
  await sim.unplug();
  for (let n = 0; n < 10; n++) await queueMail(homing, `a${n}@example.org`, { 'v:homing-class': 'access' });
  await play(clock() + 5 * MINUTE);
  assert.equal(backup.mails.filter(({ to }) => to.some((one) => /^a\d@/.test(one))).length, 10);
});

test('secondaries take turns when they are to', async (t) => {
  const sinks = await Promise.all([startSink(), startSink()]);
  for (const { close } of sinks) t.after(close);
  const turns = { ...env, SECONDARY: sinks.map(({ url }) => url).join(','), SECONDARY_MODE: 'round-robin' };
  const homing = await startByHand(t, { env: turns, secondary: false });
  await homing.sim.unplug();
  for (let n = 0; n < 30; n++) await queueMail(homing, `p${n}@example.org`, { 'v:homing-class': 'access' });
  await homing.play(homing.clock() + 5 * MINUTE);
  const counts = sinks.map(({ mails }) => mails.filter(({ to }) => to.some((one) => /^p\d/.test(one))).length);
  assert.equal(
    counts.reduce((sum, n) => sum + n),
    30,
  );
  assert.ok(
    counts.every((n) => n > 5),
    counts.join(' and '),
  );
});
