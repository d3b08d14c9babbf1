import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { SECOND } from '../../../src/core/time.ts';
import { webhookChannel } from '../../../src/tell/channels/webhook.ts';
import { clockAt, MORNING } from '../../support/clock.ts';
import { say, startScript } from '../../support/http-script.ts';
import { aNotice } from '../../support/notice.ts';

test('a signed alert has one id on each try, the time of the try, and a signature of each secret', async (t) => {
  const server = await startScript(t, say(200, 'ok'));
  const clock = clockAt(MORNING + 700);
  const keys = [Buffer.alloc(24, 'new'), Buffer.alloc(32, 'old')];
  const secrets = keys.map((key) => `whsec_${key.toString('base64')}`);
  const channel = webhookChannel(server.url, { secrets, now: clock });
  await channel.send(aNotice({ body: 'ümlaut \u202e' }));
  clock.advance(30 * SECOND);
  await channel.send(aNotice({ tries: 1 }));
  assert.deepEqual(
    server.seen.map(({ headers }) => [headers['webhook-id'], headers['webhook-timestamp']]),
    [
      ['01ALERT', String(MORNING / SECOND)],
      ['01ALERT', String(MORNING / SECOND + 30)],
    ],
  );
  for (const { headers, body } of server.seen) {
    const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body.toString('utf8')}`;
    const expected = keys.map((key) => `v1,${createHmac('sha256', key).update(text).digest('base64')}`);
    assert.equal(headers['webhook-signature'], expected.join(' '));
  }
});

test('without a secret nothing is signed', async (t) => {
  const server = await startScript(t, say(200, 'ok'));
  await webhookChannel(server.url, { secrets: [], now: clockAt() }).send(aNotice());
  assert.deepEqual(
    Object.keys(server.seen[0]?.headers ?? {}).filter((name) => name.startsWith('webhook-')),
    [],
  );
});
