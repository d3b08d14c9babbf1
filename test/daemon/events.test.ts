import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifiedWebhook } from '../../src/client/verify-webhook.ts';
import { until } from '../../src/lab/campaign/application.ts';
import { createWorld, DOMAIN, TOKEN } from '../../src/lab/campaign/world.ts';
import { SECRET } from '../events/support.ts';
import { say, startScript } from '../support/http-script.ts';

const COUNT = 12;

test('applications hear what has become of their mail, while one of them hangs and a daemon is stopped', async (t) => {
  const hanging = await startScript(t, () => {});
  const server = await startScript(t, say(204, ''));
  const env = {
    ENCRYPTION_KEY: 'ab'.repeat(32),
    EVENTS_WEBHOOK_URL: `${hanging.url}/hook,${server.url}/hook`,
    EVENTS_WEBHOOK_SECRET: SECRET,
    EVENTS_WEBHOOK_ALLOW_PRIVATE: 'on',
  };
  const world = await createWorld({ env, sim: { otherwise: () => 'deliver' } });
  t.after(world.close);
  const daemons = [await world.start(), await world.start()] as const;
  const url = `http://127.0.0.1:${await daemons[1].up}`;
  await daemons[0].up;
  const authorization = `Basic ${Buffer.from(`api:${TOKEN}`).toString('base64')}`;
  const handIn = async (n: number) => {
    const fields = { from: `a@${DOMAIN}`, to: `p${n}@there.example`, subject: 'Hello', text: 'Hi' };
    const body = new URLSearchParams({ ...fields, 'v:homing-key': `key-${n}` });
    const reply = await fetch(`${url}/v3/${DOMAIN}/messages`, { method: 'POST', headers: { authorization }, body });
    assert.equal(reply.status, 200);
  };
  // The daemons know within seconds that somebody wants to be told.
  await until('an event to come', async () => {
    await handIn(0);
    return server.seen.length > 0;
  });
  for (let n = 1; n <= COUNT; n++) {
    await handIn(n);
    if (n === COUNT / 2) daemons[0].signal('SIGTERM');
  }
  const events = () =>
    server.seen.map(({ headers, body }) =>
      verifiedWebhook(headers, body, SECRET, Number(headers['webhook-timestamp']) * 1000),
    );
  const heardOf = () => new Set(events().map(({ type, data }) => `${type} ${data.key}`));
  await until('all to be told', () => {
    const heard = heardOf();
    return Array.from({ length: COUNT }, (_, n) => `message.delivered key-${n + 1}`).every((one) => heard.has(one));
  });
  assert.ok(hanging.seen.length > 0);
  const api = { headers: { authorization: `Bearer ${TOKEN}` } };
  const answer = await fetch(`${url}/api/events/endpoints`, api);
  const { endpoints } = (await answer.json()) as { endpoints: { state: string; waiting: number }[] };
  assert.equal(endpoints[1]?.state, 'well');
  assert.ok((endpoints[0]?.waiting ?? 0) >= COUNT);
});
