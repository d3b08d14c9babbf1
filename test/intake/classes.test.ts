import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Mailgun from 'mailgun.js';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { createHoming, type Problem } from '../../src/index.ts';
import { DOMAIN, type Homing, startByHand } from '../support/homing.ts';

const CLASSES = {
  rules: [
    { tag: 'signup', class: 'access' },
    { template: 'hello', class: 'welcome' },
  ],
  classes: { welcome: { like: 'notice', life: '2h', attempts: 2 } },
};
const MAIL = { from: 'Shop <shop@mg.example.com>', to: 'ann@example.org', subject: 'Hello', text: 'Hi' };

async function setup(t: TestContext): Promise<Homing> {
  const folder = mkdtempSync(join(tmpdir(), 'homing-classes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'classes.json');
  writeFileSync(file, JSON.stringify(CLASSES));
  return startByHand(t, { env: { HOMING_CLASSES: file, ENCRYPTION_KEY: 'ab'.repeat(32), ADOPT_AFTER: '1m' } });
}

/** Class and useful life of each message, oldest first. */
async function classesIn({ store }: Homing): Promise<string[]> {
  const rows: { class: string; policy: string }[] = await store.db('messages').orderBy('id').select('class', 'policy');
  return rows.map(({ class: kind, policy }) => {
    const { named, usefulLife } = JSON.parse(policy) as { named?: string; usefulLife: number };
    return named === undefined ? kind : `${kind} (${named}, ${usefulLife / HOUR} h)`;
  });
}

test('recorded mail gets its class by the rules of the daemon, whichever way it is told', async (t) => {
  const homing = await setup(t);
  const { url, sim } = homing;
  const problems: Problem[] = [];
  const told = createHoming({ url, token: 'token', classes: ['welcome'], onProblem: (one) => problems.push(one) });
  t.after(told.close);
  const client = told.wrapMailgun(new Mailgun(FormData).client({ username: 'api', key: 'key-test', url: sim.url }));
  await client.messages.create(DOMAIN, { ...MAIL, 'o:tag': ['news', 'signup'] });
  await client.messages.create(DOMAIN, { ...MAIL, 'v:homing-class': 'welcome' });
  await client.messages.create(DOMAIN, { ...MAIL, 'v:homing-class': 'other', 'o:tag': 'signup' });
  await client.messages.create(DOMAIN, { ...MAIL, 'o:tag': 'signup', 'v:homing-class': 'bulk' });
  await client.messages.create(DOMAIN, MAIL);
  await told.flush();
  await homing.settle();
  assert.deepEqual(await classesIn(homing), ['access', 'notice (welcome, 2 h)', 'access', 'bulk', 'notice']);
  assert.deepEqual(
    problems.map(({ kind, detail }) => `${kind}: ${detail}`),
    ['untracked: a class must be one of access, notice, bulk, welcome: it is left out'],
  );
});

test('a class that the daemon does not know is refused, in the words of who was asked', async (t) => {
  const { url } = await setup(t);
  const authorization = `Basic ${Buffer.from('api:token').toString('base64')}`;
  const form = new URLSearchParams({ ...MAIL, 'v:homing-class': 'constructor' });
  const queued = await fetch(`${url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: { authorization },
    body: form,
  });
  assert.equal(queued.status, 400);
  assert.match(await queued.text(), /'v:homing-class' must be one of access, notice, bulk, welcome/);
  const record = { messageId: 'a@b.test', domain: DOMAIN, from: 'a@b.test', to: 'c@d.test', state: 'accepted' };
  const told = await fetch(`${url}/api/messages`, {
    method: 'POST',
    headers: { authorization: 'Bearer token', 'content-type': 'application/json' },
    body: JSON.stringify({ ...record, class: 'other' }),
  });
  assert.equal(told.status, 400);
  assert.match(await told.text(), /class must be one of access, notice, bulk, welcome/);
});

test('mail that is known by its events alone gets its class by the rules, too', async (t) => {
  const homing = await setup(t);
  const { sim, clock, play } = homing;
  const client = new Mailgun(FormData).client({ username: 'api', key: 'key-test', url: sim.url });
  await client.messages.create(DOMAIN, { ...MAIL, 'o:tag': 'signup' });
  await play(clock() + 10 * MINUTE);
  assert.deepEqual(await classesIn(homing), ['access']);
});
