import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSimSendGrid } from '../../../src/lab/sim/sendgrid.ts';
import { examine, healthy } from './support.ts';

const KEY = 'SG.key-for-the-doctor-0123456789';

test('SendGrid is asked whether our key may send, and the key is not shown', async (t) => {
  const { env } = await healthy(t);
  const sendgrid = await startSimSendGrid({ apiKey: KEY });
  t.after(sendgrid.close);
  const said = async (SECONDARY: string) => {
    const { of, text } = await examine({ ...env, SECONDARY }, '--patience', '1s');
    assert.ok(!text.includes(KEY) && !text.includes('another-key'));
    const [finding, ...others] = of('secondaries');
    assert.deepEqual(others, []);
    return `${finding?.status}: ${finding?.says}`;
  };
  assert.equal(await said(sendgrid.secondary), 'ok: sendgrid knows our key and takes our mail');
  assert.match(
    await said(sendgrid.secondary.replace(/signing=[^&]*&/, '')),
    /^warning: .*can not tell what becomes of it/,
  );
  assert.match(
    await said(sendgrid.secondary.replace(KEY, 'SG.another-key')),
    /^problem: .*401: The provided authorization/,
  );
  sendgrid.misbehave(() => true, 'hang');
  assert.match(await said(sendgrid.secondary), /^problem: .*did not answer in time/);
});
