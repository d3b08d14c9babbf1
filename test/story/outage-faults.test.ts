// What an outage, a secondary and an operator do at the same time.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { type Sink, startSink } from '../../src/lab/sim/sink.ts';
import { watchProviders } from '../../src/outage/watch.ts';
import { healthChanges, standings } from '../../src/store/notes/health.ts';
import { addHold } from '../../src/store/notes/holds.ts';
import { type Options, only, queueMail, startByHand } from '../support/homing.ts';
import { RULES } from '../support/outage-rules.ts';
import * as from from '../support/returned.ts';

const ACCESS = { 'v:homing-class': 'access' };
const ANN = 'ann@inbox.test';
const json = { authorization: 'Bearer token', 'content-type': 'application/json' };
const isSend = (q: { method: string; path: string }) => q.method === 'POST' && /\/messages(\.mime)?$/.test(q.path);

async function open(t: TestContext, sinks: Sink[], options: Options = {}) {
  for (const sink of sinks) t.after(sink.close);
  const env = {
    ENCRYPTION_KEY: 'ab'.repeat(32),
    BOUNCE_DOMAIN: 'bounces.example.com',
    SECONDARY: sinks.map(({ url }) => url).join(','),
    ...options.env,
  };
  const w = await startByHand(t, { ...options, secondary: false, env });
  const watch = () => watchProviders({ ...w.inside, rules: RULES });
  const live = async (length: number, step = 5 * SECOND, each?: () => Promise<unknown>) => {
    for (const end = w.clock() + length; w.clock() < end; w.clock.advance(step)) {
      await each?.();
      await w.settle();
      if ((await watch()) > 0) await w.settle();
    }
  };
  let n = 0;
  const goDown = async () => {
    await w.sim.unplug();
    await live(40 * SECOND, 5 * SECOND, () => queueMail(w, `f${n++}@x${n % 5}.test`, ACCESS));
    assert.equal((await standings(w.store)).get('mailgun')?.state, 'down');
  };
  const sunk = (k: number, to = ANN) => (sinks[k] as Sink).mails.filter((m) => m.to.includes(to));
  const bounce = async (mail: { from: string } | undefined, recipient = ANN) => {
    assert.ok(mail);
    w.clock.advance(10 * SECOND);
    const r = await fetch(`${w.url}/webhooks/bounces`, {
      method: 'POST',
      headers: { 'x-envelope-to': mail.from, 'x-envelope-from': '' },
      body: from.exim({ to: mail.from, recipient }),
    });
    assert.equal(r.status, 200);
    await live(30 * SECOND);
  };
  return { ...w, sinks, live, goDown, sunk, bounce };
}

test('what was cancelled is not sent again when the secondary returns it', async (t) => {
  const w = await open(t, [await startSink(), await startSink()]);
  await w.goDown();
  const id = await queueMail(w, ANN, ACCESS);
  await w.live(10 * SECOND);
  const r = await fetch(`${w.url}/api/messages/${id}/cancel`, { method: 'POST', headers: json, body: '{}' });
  assert.match(await r.text(), /already_handed_over/);
  await w.bounce(w.sunk(0)[0]);
  assert.equal(w.sunk(1).length, 0);
});

test('an old link is not sent again after a newer one with the same key', async (t) => {
  const w = await open(t, [await startSink(), await startSink()]);
  await w.goDown();
  await queueMail(w, ANN, { ...ACCESS, 'v:homing-key': 'reset:ann', subject: 'old' });
  await w.live(10 * SECOND);
  await queueMail(w, ANN, { ...ACCESS, 'v:homing-key': 'reset:ann', subject: 'new' });
  await w.live(10 * SECOND);
  await w.bounce(w.sunk(0)[0]);
  assert.deepEqual(
    w.sunk(1).map((m) => /Subject: .*/.exec(m.raw)?.[0]),
    [],
  );
});

test('a secondary that puts off twice does not end an access mail after 30 s', async (t) => {
  const greylists = await startSink({ refuse: (r) => (r === ANN ? { code: 450, message: '4.2.0 greylisted' } : null) });
  const w = await open(t, [greylists, await startSink()]);
  await w.goDown();
  const id = await queueMail(w, ANN, ACCESS);
  await w.live(MINUTE);
  assert.notEqual((await only(w, id)).delivery.state, 'abandoned');
});

test('a hold on a provider that is down does not slow down access mail or keep notices', async (t) => {
  const w = await open(t, [await startSink()]);
  await w.goDown();
  await addHold(
    w.store,
    { provider: 'mailgun', class: null, until: w.clock() + 3 * HOUR, reason: null, who: 'me' },
    w.clock(),
  );
  await queueMail(w, ANN, ACCESS);
  await queueMail(w, 'nora@inbox.test', { 'v:homing-class': 'notice' });
  await w.live(20 * SECOND);
  const quick = w.sunk(0).length;
  await w.live(65 * MINUTE, 30 * SECOND);
  assert.deepEqual([quick, w.sunk(0, 'nora@inbox.test').length], [1, 1]);
});

test('access mail that begins at an SMTP server which gives no answer gets no second copy', async (t) => {
  const sink = await startSink({ misbehave: () => 'drop' });
  const w = await open(t, [sink], {
    env: { PROVIDER_SHARE: `mailgun:1,127.0.0.1:${sink.port}:99`, ACCESS_DUPLICATES: 'never' },
  });
  for (let i = 0; i < 4; i++) await queueMail(w, `ann${i}@inbox.test`, ACCESS);
  await w.live(3 * MINUTE);
  const twice = [0, 1, 2, 3].filter(
    (i) => w.sunk(0, `ann${i}@inbox.test`).length + w.sim.copies(`ann${i}@inbox.test`) > 1,
  );
  assert.deepEqual(twice, []);
  const asked: string[] = await w.store.db('facts').where({ kind: 'asked' }).pluck('body');
  assert.ok(asked.some((body) => JSON.parse(body).byOthers === true));
});

test('one failed question of a Mailgun that can be asked makes no double of a notice', async (t) => {
  const w = await open(t, [await startSink()], {
    env: { OUTAGE_PATIENCE: '5m' },
    sim: { quirks: { eventLag: 12 * MINUTE, lose: () => true } },
  });
  w.sim.misbehave((q) => isSend(q) && String(q.fields['to']).includes('ann'), 'dropBeforeAnswer', 1);
  await queueMail(w, ANN, { 'v:homing-class': 'notice' });
  await w.settle();
  w.sim.misbehave(isSend, { status: 500 });
  let n = 0;
  await w.live(40 * SECOND, 5 * SECOND, () => queueMail(w, `f${n++}@x${n % 5}.test`, ACCESS));
  const down = (await healthChanges(w.store, 0)).find((c) => c.after === 'down');
  assert.ok(down);
  await w.live(down.at + 5 * MINUTE - w.clock() - 3 * SECOND);
  w.sim.misbehave((q) => /events|logs|analytics/.test(q.path), { status: 429, headers: { 'Retry-After': '5' } }, 1);
  await w.live(2 * MINUTE);
  assert.equal(w.sunk(0).length + w.sim.copies(ANN), 1);
});

test('a probe that is answered 429 is no failed call, and a hint switches nothing', async (t) => {
  const secret = 'a-secret-of-16-x';
  const w = await open(t, [await startSink()], { env: { STATUSPAGE_SECRETS: secret } });
  w.sim.misbehave((q) => q.path.includes('sending_queues'), { status: 429 });
  await queueMail(w, ANN, ACCESS);
  await w.live(10 * SECOND);
  await fetch(`${w.url}/webhooks/statuspage/${secret}`, {
    method: 'POST',
    body: JSON.stringify({ incident: { id: 'i', name: 'UI slow', status: 'investigating' } }),
  });
  await w.live(3 * MINUTE);
  assert.equal((await standings(w.store)).get('mailgun')?.state, 'suspect');
});

test('a mail that was put off and then taken without an answer is not said to have failed', async (t) => {
  let k = 0;
  const w = await open(t, [
    await startSink({
      misbehave: (m) => (m.to[0] !== ANN ? null : k++ === 0 ? { code: 451, message: '4.3.0 later' } : 'drop'),
    }),
  ]);
  await w.goDown();
  const id = await queueMail(w, ANN, ACCESS);
  await w.live(2 * MINUTE);
  assert.equal(w.sunk(0).length, 1);
  assert.equal((await only(w, id)).delivery.reason, 'unconfirmed');
});
