import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { hintsOf } from '../../src/store/notes/hints.ts';
import { MORNING } from '../support/clock.ts';
import { ask, type Running, SIGNING_KEY, start } from './support.ts';

const SECRET = 'a-secret-of-16-x';
const KEY = SIGNING_KEY;
const at = (minutes: number) => new Date(MORNING + minutes * MINUTE).toISOString();

const running = (t: TestContext) =>
  start(t, {
    statusPages: [
      { provider: 'mailgun', secret: SECRET },
      { provider: 'sendgrid', secret: `${SECRET}2` },
    ],
  });

const incident = (status: string, minutes: number, more: object = {}) => ({
  meta: { generated_at: at(minutes) },
  page: { id: 'page', status_indicator: 'none', status_description: 'All Systems Operational' },
  incident: {
    ...{ id: 'z3lct0r596n4', name: 'Delays in delivery', status, impact: 'major', updated_at: at(minutes) },
    ...{ incident_updates: [{ status, body: 'We look into it.' }], components: [], ...more },
  },
});

const post = ({ url }: Running, path: string, body: unknown, headers = {}) =>
  ask(`${url}/webhooks${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

test('an incident on a status page is a hint until it is resolved, in whatever order that is heard', async (t) => {
  const app = await running(t);
  const tell = async (body: unknown) => (await post(app, `/statuspage/${SECRET}`, body)).status;
  const said = () => hintsOf(app.store, 'mailgun', app.clock());
  assert.equal(await tell(incident('scheduled', -2)), 200, 'what has not begun is none');
  assert.deepEqual(await said(), []);
  assert.equal(await tell(incident('investigating', -1)), 200);
  assert.deepEqual(await said(), ['its status page tells of "Delays in delivery" (investigating, impact major)']);
  assert.deepEqual(await hintsOf(app.store, 'sendgrid', app.clock()), []);
  app.clock.advance(10 * MINUTE);
  await tell(incident('resolved', 8));
  assert.deepEqual(await said(), []);
  await tell(incident('identified', 5));
  assert.deepEqual(await said(), [], 'that was before');
});

test('a component that is in trouble is a hint, and one that nobody speaks of any more ends after two hours', async (t) => {
  const app = await running(t);
  const component = (status: string, minutes: number) => ({
    page: { id: 'page' },
    component: { id: 'c1', name: 'Outbound Delivery', status },
    component_update: { old_status: 'operational', new_status: status, component_id: 'c1', created_at: at(minutes) },
  });
  await post(app, `/statuspage/${SECRET}2`, component('partial_outage', 0));
  const said = () => hintsOf(app.store, 'sendgrid', app.clock());
  assert.deepEqual(await said(), ['its status page calls "Outbound Delivery" partial outage']);
  await post(app, `/statuspage/${SECRET}2`, component('operational', 0));
  assert.deepEqual(await said(), []);
  await post(app, `/statuspage/${SECRET}2`, component('major_outage', 0));
  app.clock.advance(2 * HOUR - 1);
  assert.equal((await said()).length, 1);
  app.clock.advance(1);
  assert.deepEqual(await said(), []);
});

test('without the secret nothing is taken, and what is no word of a status page changes nothing', async (t) => {
  const app = await running(t);
  for (const secret of ['wrong', `${SECRET}3`, 'x'.repeat(5000)])
    assert.equal((await post(app, `/statuspage/${secret}`, incident('identified', 0))).status, 401, secret);
  const bad = ['', 'x', '[', '{"incident":'.repeat(50_000), '{"a":1,"a":2}', `[${'1,'.repeat(30_000)}1]`];
  for (const body of bad) assert.equal((await post(app, `/statuspage/${SECRET}`, body)).status, 400, body.slice(0, 20));
  assert.equal((await post(app, `/statuspage/${SECRET}`, `"${'x'.repeat(1024 * 1024)}"`)).status, 413);
  const odd = [
    null,
    [],
    7,
    {},
    { incident: [] },
    { incident: { id: {}, status: 1 } },
    { component: {}, component_update: {} },
  ];
  for (const body of odd) assert.equal((await post(app, `/statuspage/${SECRET}`, body)).status, 200);
  assert.deepEqual(await hintsOf(app.store, 'mailgun', app.clock()), []);
  const without = await start(t);
  for (const path of ['/statuspage/', '/statuspage/undefined'])
    assert.ok([401, 404].includes((await post(without, path, incident('identified', 0))).status), path);
});

test('what others write acts on nothing, and a flood of incidents is kept within bounds', async (t) => {
  const app = await running(t);
  const name = `\u001b[31m${'x'.repeat(5000)}\u202e`;
  await post(app, `/statuspage/${SECRET}`, incident('identified', 0, { name, updated_at: '9999-01-01T00:00:00Z' }));
  const [says] = await hintsOf(app.store, 'mailgun', app.clock());
  assert.ok(says && says.length <= 300 && !/[\p{Cc}\p{Cf}]/u.test(says), says);
  app.clock.advance(MINUTE);
  await post(app, `/statuspage/${SECRET}`, incident('resolved', 1));
  assert.deepEqual(await hintsOf(app.store, 'mailgun', app.clock()), [], 'a clock that is ahead says nothing for ever');
  for (let n = 0; n < 120; n++) await post(app, `/statuspage/${SECRET}`, incident('identified', 1, { id: `i${n}` }));
  assert.equal((await app.store.db('hints')).length, 50);
  assert.equal((await hintsOf(app.store, 'mailgun', app.clock())).length, 3);
});

test('an alert of Mailgun is a hint when it is signed, and about how its mail arrives', async (t) => {
  const app = await running(t);
  const tell = (body: object, key = KEY) => {
    const raw = JSON.stringify(body);
    return post(app, '/mailgun-alerts', raw, { 'x-sign': createHmac('sha256', key).update(raw).digest('hex') });
  };
  const said = () => hintsOf(app.store, 'mailgun', app.clock());
  assert.equal((await ask(`${app.url}/webhooks/mailgun-alerts`)).status, 200, 'it asks before it saves the address');
  const alert = { event_type: 'threshold', data: { name: 'few arrive', metric: 'delivered_rate', limit: '0.9' } };
  assert.equal((await tell(alert, 'another-key')).status, 401);
  assert.equal((await post(app, '/mailgun-alerts', alert)).status, 401);
  assert.deepEqual(await said(), []);
  for (const other of [
    { metric: 'complained_rate' },
    { event_type: 'validation_job' },
    { event_type: 'ip_delisted' },
    {},
  ])
    assert.equal((await tell(other)).status, 200);
  assert.deepEqual(await said(), []);
  assert.equal((await tell(alert)).status, 200);
  app.clock.advance(MINUTE);
  const listed = { event_type: 'ip_listed', ip: '198.51.100.7' };
  assert.equal((await post(app, '/mailgun-alerts/wrong', listed)).status, 401);
  assert.equal((await post(app, `/mailgun-alerts/${SECRET}2`, listed)).status, 401, 'that is for SendGrid');
  assert.equal((await ask(`${app.url}/webhooks/mailgun-alerts/${SECRET}`)).status, 200);
  assert.equal((await post(app, `/mailgun-alerts/${SECRET}`, listed)).status, 200);
  assert.deepEqual(await said(), [
    'an alert of its own tells of ip_listed',
    'an alert of its own "few arrive" tells of delivered_rate',
  ]);
});
