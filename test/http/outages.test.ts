import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkWork } from '../../src/commands/doctor/work.ts';
import { addExplainCommand } from '../../src/commands/explain.ts';
import { addOutagesCommand } from '../../src/commands/outages.ts';
import type { AddCommand } from '../../src/commands/program.ts';
import { addQueueCommand } from '../../src/commands/queue.ts';
import type { Config } from '../../src/config/config.ts';
import { MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import { watchProviders } from '../../src/outage/watch.ts';
import { addReceiverSigns } from '../../src/store/notes/receivers.ts';
import { runHere } from '../commands/support.ts';
import { queueMail, startByHand } from '../support/homing.ts';
import { RULES } from '../support/outage-rules.ts';
import { ask, start } from './support.ts';

const headers = { authorization: 'Bearer token' };

/** A daemon by hand on a file that commands can read, too. */
async function setup(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'homing-outages-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const database = `sqlite:${join(folder, 'homing.sqlite')}`;
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) }, database });
  const { inside, settle, clock, url } = homing;
  return {
    ...homing,
    async live(length: Ms) {
      for (const end = clock() + length; clock() < end; clock.advance(5 * SECOND)) {
        await settle();
        if ((await watchProviders({ ...inside, rules: { ...RULES, steady: MINUTE } })) > 0) await settle();
      }
    },
    get: (path: string, more = {}) => fetch(`${url}${path}`, { headers: { ...headers, ...more } }),
    run: (command: AddCommand, ...args: string[]) => runHere(command, args, { DATABASE_URL: database }, clock),
  };
}

type Shown = { id: string; state: string; endedAt: string | null; seconds: number; held: number; moved: object[] };

test('an outage is told of while it lasts and afterwards, as JSON, as text and as Markdown', async (t) => {
  const world = await setup(t);
  const { sim, live, get } = world;
  const run = (...args: string[]) => world.run(addOutagesCommand, 'outages', ...args);
  assert.match((await run()).out, /^No provider was down in the last 30 days\.$/m);
  await sim.unplug();
  for (let n = 0; n < 6; n++) await queueMail(world, `a${n}@example.org`, { 'v:homing-class': 'access' });
  for (let n = 0; n < 2; n++) await queueMail(world, `b${n}@example.org`, { 'v:homing-class': 'bulk' });
  await live(MINUTE);
  const outages = async () => ((await (await get('/api/outages')).json()) as { outages: Shown[] }).outages;
  const [open] = await outages();
  assert.ok(open);
  assert.deepEqual([open.state, open.endedAt, open.held], ['down', null, 2]);
  assert.deepEqual(open.moved, [{ provider: new URL(world.sink.url).host, class: 'access', n: 6 }]);
  assert.match((await run(open.id)).out, /so far, now down\n.*6 access mails left through 127\.0\.0\.1:\d+\.\n/);

  await sim.plug();
  await live(5 * MINUTE);
  const [ended, ...more] = await outages();
  assert.ok(ended?.endedAt && more.length === 0);
  assert.deepEqual([ended.id, ended.state, ended.held], [open.id, 'healthy', 0]);
  const { out } = await run('--json');
  assert.deepEqual(JSON.parse(out), { outages: [ended], putOff: [] });
  assert.deepEqual(await (await get(`/api/outages/${open.id}`)).json(), ended);

  const page = await get(`/api/outages/${open.id}`, { accept: 'text/markdown' });
  assert.match(page.headers.get('content-type') ?? '', /^text\/markdown/);
  const text = await page.text();
  assert.match(text, /^# mailgun was down\n/);
  assert.match(text, /^\| 2026-11-25 \d\d:\d\d:\d\d UTC \| down \| 0 \| .* hand-overs within 60 s failed/m);
  assert.equal((await run(open.id, '--markdown')).out.trim(), text.trim());
});

test('while a provider is down the queue and the doctor say so, and of a mail that waits for it all that tell of it', async (t) => {
  const world = await setup(t);
  const { sim, live, get, run, store, inside, clock, url } = world;
  await sim.unplug();
  for (let n = 0; n < 6; n++) await queueMail(world, `a${n}@example.org`, { 'v:homing-class': 'access' });
  const id = await queueMail(world, 'b@example.org', { 'v:homing-class': 'bulk' });
  const told = async () => {
    const queue = (await (await get('/api/queue')).json()) as { providers: { since: string }[] };
    const api = (await (await get(`/api/messages/${id}`)).json()) as { deliveries: { explanation: string }[] };
    const page = await fetch(`${url}/messages/${id}`, { headers: { authorization: `Basic ${btoa(':token')}` } });
    const doctor = await checkWork(store, inside.config as Config, clock());
    return {
      providers: queue.providers,
      queue: (await run(addQueueCommand, 'queue')).out,
      doctor: doctor.filter(({ check }) => check === 'providers').map(({ says }) => says),
      mail: [
        api.deliveries[0]?.explanation ?? '',
        await page.text(),
        (await run(addExplainCommand, 'explain', id)).out.replace(/\s+/g, ' '),
      ],
    };
  };
  await live(MINUTE);
  const { providers, queue, doctor, mail } = await told();
  assert.deepEqual(providers, [{ name: 'mailgun', state: 'down', share: 0, since: providers[0]?.since }]);
  assert.match(queue, /^mailgun is down since 2026-11-25 09:00:\d\d UTC\.\naccess /);
  assert.match(doctor.join(), /^mailgun is down since 2026-11-25 09:00:\d\d UTC$/);
  for (const text of mail) assert.match(text, /It waits because mailgun is down since 2026-11-25 09:00:\d\d UTC\./);

  await sim.plug();
  await live(5 * MINUTE);
  const after = await told();
  assert.deepEqual([after.providers, after.doctor], [[], []]);
  assert.doesNotMatch(after.queue, /mailgun/);
  for (const text of after.mail) assert.doesNotMatch(text, /It waits/);
});

test('the receivers that put off most of their mail are named by all that tell of outages', async (t) => {
  const { store, clock, get, run, inside } = await setup(t);
  const sign = { provider: 'mailgun', receiver: 'gmail.example', class: 'notice' } as const;
  const signs = [...Array(40).fill({ ...sign, what: 'putOff' }), ...Array(2).fill({ ...sign, what: 'arrived' })];
  await addReceiverSigns(store, signs, { now: clock(), window: MINUTE });
  const putOff = { provider: 'mailgun', receiver: 'gmail.example', class: null, putOff: 40, mails: 42 };
  const expected = { outages: [], putOff: [putOff] };
  assert.deepEqual(await (await get('/api/outages')).json(), expected);
  assert.deepEqual(JSON.parse((await run(addOutagesCommand, 'outages', '--json')).out), expected);
  const words = 'mailgun: gmail.example put off 40 of 42 mails within 15 min';
  assert.match((await run(addOutagesCommand, 'outages')).out, new RegExp(`^${words}\\.\nNo provider was down`));
  const doctor = await checkWork(store, inside.config as Config, clock());
  assert.deepEqual(
    doctor.filter(({ check }) => check === 'receivers').map(({ says }) => says),
    [words],
  );
});

test('the outages need a token, and what is no search and no outage is refused', async (t) => {
  const world = await setup(t);
  const run = (...args: string[]) => world.run(addOutagesCommand, 'outages', ...args);
  assert.equal((await ask(`${(await start(t)).url}/api/outages`)).status, 401);
  for (const wrong of ['days=0', 'days=x', 'days=1000', 'since=1', 'days=1&days=2'])
    assert.equal((await world.get(`/api/outages?${wrong}`)).status, 400, wrong);
  for (const id of ['x', '01KB2X7Q9T4M3N5P6R8S0V1W2Y'])
    assert.equal((await world.get(`/api/outages/${id}`)).status, 404, id);
  assert.deepEqual(await (await world.get('/api/outages?days=999')).json(), { outages: [], putOff: [] });
  assert.equal((await run('--days', 'x')).code, 2);
  assert.equal((await run('--markdown')).code, 2);
  assert.equal((await run('01KB2X7Q9T4M3N5P6R8S0V1W2Y')).code, 1);
});
