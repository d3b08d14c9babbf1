import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { validate } from '@readme/openapi-parser';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { statusTokens } from '../../src/contract/status-token.ts';
import { HOUR } from '../../src/core/time.ts';
import { OPERATIONS } from '../../src/http/api-operations.ts';
import { openapi } from '../../src/http/openapi.ts';
import { claimPosts, settlePost } from '../../src/store/event-posts.ts';
import { nameEndpoints } from '../../src/store/notes/endpoints.ts';
import { addHold } from '../../src/store/notes/holds.ts';
import { mail } from '../events/support.ts';
import { MORNING } from '../support/clock.ts';
import { DOMAIN, get, post, type Running, SENT, start } from './support.ts';

const KEY = 'ab'.repeat(32);

test('the description of the API is valid OpenAPI, and served to everybody', async (t) => {
  const { valid, ...found } = await validate(structuredClone(openapi()) as Parameters<typeof validate>[0]);
  assert.ok(valid, JSON.stringify(found));
  const { url } = await start(t);
  const reply = await fetch(`${url}/openapi.json`);
  assert.deepEqual(await reply.json(), JSON.parse(JSON.stringify(openapi())));
  const page = await (await fetch(`${url}/openapi`)).text();
  for (const { method, path } of OPERATIONS)
    assert.ok(page.includes(`${method.toUpperCase()} ${path.replace(/:(\w+)/g, '{$1}')}`), path);
});

test('every route of the API that the documentation names is described, and every one that is described is there', async (t) => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/api.md'), 'utf8');
  const table = text.slice(text.indexOf('| route |'), text.indexOf('\n\n', text.indexOf('| route |')));
  const named = [...table.matchAll(/`(GET|POST|DELETE) (\/(?:api|v3|status|healthz|readyz|heartbeat)[^`]*)`/g)];
  const described = new Set(OPERATIONS.map(({ method, path }) => `${method.toUpperCase()} ${path}`));
  assert.deepEqual(
    named.map(([, method, path]) => `${method} ${path}`).filter((route) => !described.has(route)),
    [],
  );
  const { url } = await start(t);
  for (const { method, path, auth } of OPERATIONS) {
    const { status } = await fetch(url + path.replace(/:\w+/g, 'x'), { method: method.toUpperCase() });
    if (auth === 'none') assert.ok(status !== 405, `${path}: ${status}`);
    else assert.equal(status, 401, path);
  }
});

/** Holds what is answered to what is described: no field is missing, and none is new. */
function createChecker() {
  const { components } = openapi() as { components: { schemas: Record<string, object> } };
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'homing', components });
  return (name: string, body: unknown): void => {
    const check = ajv.getSchema(`homing#/components/schemas/${name}`);
    assert.ok(check, name);
    assert.ok(check(body), `${name}: ${JSON.stringify(check.errors)} in ${JSON.stringify(body)}`);
  };
}

async function someMail(running: Running): Promise<string> {
  const { body } = await post(running, '/api/messages', SENT);
  const form = { from: `Shop <shop@${DOMAIN}>`, to: 'ann@example.org', subject: 'Hello', text: 'Hi' };
  const authorization = `Basic ${Buffer.from('api:token-of-the-test').toString('base64')}`;
  await fetch(`${running.url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams(form),
  });
  return String(body['id']);
}

test('what is answered is what is described', async (t) => {
  const running = await start(t, { encryptionKey: KEY, providers: ['mailgun'] });
  const id = await someMail(running);
  const check = createChecker();
  await addHold(
    running.store,
    { provider: null, class: 'bulk', until: null, reason: null, who: 'ann' },
    running.clock(),
  );
  await nameEndpoints(running.store, [{ id: 'x', place: 1, host: 'app.example.com', kinds: ['accepted'] }], MORNING);
  const ann = await mail(running.store, 'told', MORNING - HOUR);
  const [told] = await claimPosts(running.store, 'x', 1, { now: MORNING, lease: HOUR });
  assert.equal(told?.deliveryId, ann);
  const refused = { isDone: false, againAt: MORNING, status: 500, detail: 'oops', took: 4 };
  await settlePost(running.store, told, refused, MORNING);
  const token = statusTokens([KEY]).make(id, running.clock() + 1_000_000);
  const asked: [name: string, path: string][] = [
    ['Search', '/api/messages'],
    ['Message', `/api/messages/${id}`],
    ['Support', '/api/support?recipient=ann@example.org'],
    ['Queue', '/api/queue'],
    ['Providers', '/api/providers'],
    ['Outages', '/api/outages'],
    ['Incidents', '/api/incidents'],
    ['Holds', '/api/holds'],
    ['Events', '/api/events?limit=1'],
    ['Endpoints', '/api/events/endpoints'],
    ['Suppressions', '/api/suppressions'],
    ['Status', '/api/status'],
    ['Waits', `/status/${token}`],
    ['Alive', '/healthz'],
    ['Ready', '/readyz'],
    ['AtWork', '/heartbeat'],
    ['Problem', '/api/messages/none'],
  ];
  for (const [name, path] of asked) check(name, (await get(running, path)).body);
  const posted: [name: string, path: string, body: object][] = [
    ['Recorded', '/api/messages', { ...SENT, messageId: `two@${DOMAIN}` }],
    ['Results', '/api/messages', [SENT]],
    ['MayResend', '/api/messages/may-resend', { key: 'k' }],
    ['Cancelled', `/api/messages/${id}/cancel`, {}],
    ['Enabled', '/api/events/endpoints/1/enable', {}],
    ['Replayed', '/api/events/replay', { since: '2026-11-25' }],
    ['Hold', '/api/holds', { class: 'notice', for: '2h' }],
  ];
  for (const [name, path, body] of posted) check(name, (await post(running, path, body)).body);
});
