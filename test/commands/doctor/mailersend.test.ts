import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSimMailersend } from '../../../src/lab/sim/mailersend.ts';
import { clockAt } from '../../support/clock.ts';
import { examine, healthy } from './support.ts';

const TOKEN = 'mlsn.token-for-the-doctor-0123456789';

test('MailerSend is asked whether it takes our token, and the token is not shown', async (t) => {
  const { env } = await healthy(t);
  const sim = await startSimMailersend({ token: TOKEN, secret: 'signing-secret', domains: [], clock: clockAt() });
  t.after(sim.close);
  const said = async (SECONDARY: string) => {
    const { of, text } = await examine({ ...env, SECONDARY }, '--patience', '1s');
    assert.ok(!text.includes(TOKEN) && !text.includes('another-token') && !text.includes('signing-secret'));
    const [finding, ...others] = of('secondaries');
    assert.deepEqual(others, []);
    return `${finding?.status}: ${finding?.says}`;
  };
  assert.equal(await said(sim.secondary), 'ok: mailersend knows our key and takes our mail');
  assert.match(await said(sim.secondary.replace(/signing=[^&]*&/, '')), /^warning: .*can not tell what becomes of it/);
  assert.match(await said(sim.secondary.replace(TOKEN, 'another-token')), /^problem: .*401: Unauthenticated/);
  sim.misbehave(() => true, 'hang');
  assert.match(await said(sim.secondary), /^problem: .*did not answer in time/);
});
