import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { addExplainCommand } from '../../src/commands/explain.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { addHold } from '../../src/store/notes/holds.ts';
import { runHere } from '../commands/support.ts';
import { queueMail, startByHand } from '../support/homing.ts';
import { ask, start } from './support.ts';

const headers = { authorization: 'Bearer token', 'content-type': 'application/json' };

type Answer = { status: number; body: Record<string, unknown> };

async function call(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const answer = await fetch(`${url}/api/holds${path}`, init);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const env = { ENCRYPTION_KEY: 'ab'.repeat(32) };

test('mail of a class that is held waits, and leaves soon after it is released', async (t) => {
  const homing = await startByHand(t, { env });
  const { url, sim, clock, play } = homing;
  const wish = { provider: 'mailgun', class: 'notice', reason: 'incident 17' };
  const { status, body: hold } = await call(url, 'POST', '', wish);
  assert.equal(status, 201);
  assert.deepEqual(hold, { id: hold['id'], ...wish, until: null, by: 'api', at: '2026-11-25T09:00:00.000Z' });
  await queueMail(homing, 'ann@example.org', { 'v:homing-class': 'notice' });
  await queueMail(homing, 'bob@example.org', { 'v:homing-class': 'bulk' });
  await play(clock() + 10 * MINUTE);
  assert.deepEqual([sim.copies('ann@example.org'), sim.copies('bob@example.org')], [0, 1]);
  assert.deepEqual((await call(url, 'GET', '')).body, { holds: [hold] });

  assert.deepEqual(await call(url, 'DELETE', `/${hold['id']}`), { status: 200, body: { released: hold } });
  await play(clock() + 2 * SECOND);
  assert.equal(sim.copies('ann@example.org'), 1, 'at once');
  assert.equal((await call(url, 'DELETE', `/${hold['id']}`)).status, 404);
  assert.deepEqual((await call(url, 'GET', '')).body, { holds: [] });
});

test('a hold ends by itself when its time is over', async (t) => {
  const homing = await startByHand(t, { env });
  const { url, sim, clock, play } = homing;
  await call(url, 'POST', '', { for: '1h' });
  await queueMail(homing, 'ann@example.org');
  await play(clock() + 59 * MINUTE);
  assert.equal(sim.copies('ann@example.org'), 0);
  await play(clock() + 2 * MINUTE);
  assert.equal(sim.copies('ann@example.org'), 1);
});

test('while one provider is held, access mail leaves through the other; while all is held it ends in its time', async (t) => {
  const homing = await startByHand(t, { env });
  const { url, sim, sink, clock, play, views } = homing;
  const { body: first } = await call(url, 'POST', '', { provider: 'mailgun' });
  await queueMail(homing, 'ann@example.org', { 'v:homing-class': 'access' });
  await play(clock() + 5 * MINUTE);
  const toAnn = () => sink.mails.filter((m) => m.to.includes('ann@example.org')).length;
  assert.deepEqual([sim.copies('ann@example.org'), toAnn()], [0, 1]);
  await call(url, 'DELETE', `/${first['id']}`);

  await call(url, 'POST', '', {});
  const id = await queueMail(homing, 'bob@example.org', { 'v:homing-class': 'access' });
  await play(clock() + HOUR);
  const [bob] = await views(id);
  assert.equal(bob?.delivery.state, 'expired');
  assert.equal(sim.copies('bob@example.org') + sink.mails.filter((m) => m.to.includes('bob@example.org')).length, 0);
});

test('what is no hold is refused, and a token is needed', async (t) => {
  const homing = await startByHand(t, { env });
  for (const wrong of [
    { class: 'urgent' },
    { for: 'long' },
    { for: '0s' },
    { provider: '' },
    { provider: 'Mailgun' },
    { until: 'x' },
    [],
    'x',
  ])
    assert.equal((await call(homing.url, 'POST', '', wrong)).status, 400, JSON.stringify(wrong));
  assert.deepEqual((await call(homing.url, 'GET', '')).body, { holds: [] });
  const running = await start(t);
  assert.equal((await ask(`${running.url}/api/holds`)).status, 401);
});

test('however many holds have ended by themselves, a new one holds', async (t) => {
  const homing = await startByHand(t, { env });
  const { url, sim, store, clock, play } = homing;
  for (let n = 0; n < 201; n++) {
    const wish = { provider: null, class: null, until: clock() + SECOND, reason: null, who: 'ops' };
    await addHold(store, wish, clock());
  }
  await play(clock() + MINUTE);
  const { body: hold } = await call(url, 'POST', '', {});
  await queueMail(homing, 'ann@example.org');
  await play(clock() + 2 * MINUTE);
  assert.equal(sim.copies('ann@example.org'), 0);
  assert.deepEqual((await call(url, 'GET', '')).body, { holds: [hold] });
});

test('whoever asks for a message that is held is told so, by the API, on its page and on the command line', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-holds-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const database = `sqlite:${join(folder, 'homing.sqlite')}`;
  const homing = await startByHand(t, { env, database });
  const { url, clock, play } = homing;
  const id = await queueMail(homing, 'ann@example.org');
  const told = async () => {
    const api = await fetch(`${url}/api/messages/${id}`, { headers });
    const { deliveries } = (await api.json()) as { deliveries: { explanation: string }[] };
    const page = await fetch(`${url}/messages/${id}`, { headers: { authorization: `Basic ${btoa(':token')}` } });
    const { out } = await runHere(addExplainCommand, ['explain', id], { DATABASE_URL: database }, clock);
    return [deliveries[0]?.explanation ?? '', await page.text(), out.replace(/\s+/g, ' ')];
  };
  const { body: other } = await call(url, 'POST', '', { class: 'bulk', reason: 'something else' });
  const { body: hold } = await call(url, 'POST', '', { for: '2h', reason: 'incident 17' });
  const words = /Held since 2026-11-25 09:00:00 UTC by api, until 2026-11-25 11:00:00 UTC: incident 17\./;
  await play(clock() + MINUTE);
  for (const text of await told()) assert.match(text, words);
  await call(url, 'DELETE', `/${hold['id']}`);
  for (const text of await told()) assert.doesNotMatch(text, /Held/);
  await call(url, 'DELETE', `/${other['id']}`);
});
