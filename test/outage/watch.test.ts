import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Health } from '../../src/core/health.ts';
import { HOUR, MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import { createDispatcher } from '../../src/dispatch/dispatch.ts';
import type { Outcome } from '../../src/lab/sim/fates.ts';
import type { SimRequest } from '../../src/lab/sim/world.ts';
import { type WatchDeps, watchProviders } from '../../src/outage/watch.ts';
import { changeHealth } from '../../src/store/change-health.ts';
import { healthChanges, standings } from '../../src/store/notes/health.ts';
import { addHold, releaseHold } from '../../src/store/notes/holds.ts';
import { putOffsNow } from '../../src/store/notes/receivers.ts';
import { outagesSince, tollOf } from '../../src/store/outages.ts';
import { DOMAIN, type Options, queueMail, startByHand } from '../support/homing.ts';
import { RULES } from '../support/outage-rules.ts';

const env = { ENCRYPTION_KEY: 'ab'.repeat(32) };
const STEP: Ms = 5 * SECOND;
const isSend = ({ method, path }: SimRequest): boolean => method === 'POST' && /\/messages(\.mime)?$/.test(path);

async function setup(t: TestContext, options: Options = {}) {
  const homing = await startByHand(t, { ...options, env: { ...env, ...options.env } });
  const { store, clock, inside, settle, sink, sim } = homing;
  const { OUTAGE_PROBE_FROM: trialFrom } = inside.config;
  const found: WatchDeps['found'] = new Map();
  const watch = () => watchProviders({ ...inside, rules: RULES, trialFrom, found });
  let mails = 0;
  return {
    ...homing,
    watch,
    /** A daemon at work for so long; `each` comes before every five seconds of it. */
    async live(length: Ms, each?: () => Promise<unknown>) {
      // When nothing comes in, less happens.
      const step = each || length <= MINUTE ? STEP : 3 * STEP;
      for (const end = clock() + length; clock() < end; clock.advance(step)) {
        await each?.();
        await settle();
        if ((await watch()) > 0) await settle();
      }
    },
    async mail(kind: string, count = 1, fate: Outcome = 'deliver') {
      for (let n = 0; n < count; n++) {
        const recipient = `${kind}${mails++}@r${mails % 7}.example`;
        sim.fate(recipient, fate);
        await queueMail(homing, recipient, { 'v:homing-class': kind });
      }
    },
    state: async (provider = 'mailgun') => (await standings(store)).get(provider)?.state ?? 'healthy',
    changes: async () => (await healthChanges(store, 0)).map(({ before, after }) => `${before} > ${after}`),
    elsewhere: (kind: string) => sink.mails.filter(({ to }) => to.some((one) => one.startsWith(kind))).length,
    byMailgun: (kind: string) => sim.handovers.filter(({ recipient }) => recipient.startsWith(kind)).length,
  };
}

test('an outage: access mail leaves at once, notices after their patience, bulk waits; and all comes back in steps', async (t) => {
  const world = await setup(t, { env: { OUTAGE_PATIENCE: '10m' } });
  const { sim, live, mail, state, elsewhere, byMailgun, changes, alerts, clock } = world;
  await live(MINUTE, () => mail('access'));
  assert.equal(await state(), 'healthy');
  await sim.unplug();
  const before = byMailgun('access');
  await live(30 * SECOND, () => mail('access', 2));
  assert.equal(await state(), 'down');
  await mail('access', 3);
  await mail('notice', 3);
  await mail('bulk', 3);
  await live(10 * SECOND);
  assert.equal(elsewhere('access'), 15, 'also those that came before anybody knew');
  assert.equal(byMailgun('access'), before);
  await live(11 * MINUTE);
  assert.deepEqual([elsewhere('notice'), elsewhere('bulk')], [3, 0]);

  await sim.plug();
  await mail('bulk', 200);
  await live(9 * MINUTE);
  assert.deepEqual([await state(), byMailgun('bulk')], ['down', 0]);
  // With a share of 5: of one mail in a hundred there may be none among these.
  await live(4 * MINUTE);
  assert.equal(await state(), 'recovering');
  const first = byMailgun('bulk');
  assert.ok(first > 0 && first < 30, `${first} of 203`);
  await live(6 * MINUTE);
  assert.equal(await state(), 'healthy');
  assert.equal(byMailgun('bulk'), 203);
  assert.deepEqual(await changes(), [
    'healthy > suspect',
    'suspect > down',
    'down > recovering',
    'recovering > recovering',
    'recovering > recovering',
    'recovering > healthy',
  ]);
  await live(10 * MINUTE);
  const told = alerts().map(({ subject }) => subject);
  assert.ok(
    told.some((subject) => /a provider is down/.test(subject)),
    told.join('\n'),
  );
  assert.ok(told.some((subject) => /is back/.test(subject)));
  assert.ok(clock() > 0);
});

test('no single failing receiver, and no single failed call, switches anything', async (t) => {
  const world = await setup(t);
  const { sim, live, mail, changes } = world;
  const stop = sim.misbehave((r) => isSend(r) && String(r.fields['to']).includes('@r3.'), { status: 500 });
  await live(3 * MINUTE, () => mail('notice', 2));
  stop();
  assert.ok(!(await changes()).includes('suspect > down'), (await changes()).join(', '));
});

test('a provider that takes mail slowly is suspected until it is quick again, and mail leaves through it all the while', async (t) => {
  const world = await setup(t);
  const { sim, live, mail, state, changes, clock, elsewhere } = world;
  let length = SECOND / 10;
  sim.misbehave((request) => {
    if (isSend(request)) clock.advance(length);
    return false;
  }, 'hang');
  await live(4 * MINUTE, () => mail('access', 2));
  assert.equal(await state(), 'healthy');
  length = 6 * SECOND;
  await live(10 * MINUTE, () => mail('access', 3));
  assert.equal(await state(), 'suspect');
  length = SECOND / 10;
  await live(3 * MINUTE, () => mail('access'));
  assert.deepEqual(await changes(), ['healthy > suspect', 'suspect > healthy']);
  assert.equal(elsewhere('access'), 0);
});

test('large mail takes long because it is large, and says nothing of its provider', async (t) => {
  const world = await setup(t);
  const { sim, live, changes, clock } = world;
  sim.misbehave((request) => {
    if (isSend(request)) clock.advance(8 * SECOND);
    return false;
  }, 'hang');
  let n = 0;
  await live(2 * MINUTE, () => queueMail(world, `p${n++}@r${n % 7}.example`, { text: 'x'.repeat(140_000) }));
  assert.ok(sim.handovers.length > 5);
  assert.deepEqual(await changes(), []);
});

const PUT_OFF: Outcome = {
  defer: { code: 421, enhanced: '4.7.28', message: '4.7.28 unusual rate of unsolicited mail', severity: 'temporary' },
  after: HOUR,
  next: 'deliver',
};

test('a receiver that puts off all its mail switches nothing, and people are told of it once', async (t) => {
  const world = await setup(t);
  const { live, changes, store, clock } = world;
  let n = 0;
  await live(8 * MINUTE, async () => {
    const recipient = `p${n++}@gmail.example`;
    world.sim.fate(recipient, PUT_OFF);
    await queueMail(world, recipient);
    await world.mail('notice');
  });
  assert.deepEqual(await changes(), []);
  const told: string[] = await store.db('alert_items').where({ kind: 'put_off' }).pluck('detail');
  assert.deepEqual(told, ['mailgun: gmail.example put off 10 of 10 mails within 15 min.']);
  assert.ok(world.alerts().some(({ text }) => text.replace(/\s+/g, ' ').includes(told[0] ?? '?')));
  const [putOff, ...more] = await putOffsNow(store, { now: clock(), window: MINUTE });
  assert.deepEqual([putOff?.name, putOff?.arrived, more.length], ['gmail.example', 0, 0]);
});

test('several receivers that put off their mail make the provider suspect, and mail leaves through it', async (t) => {
  const world = await setup(t);
  await world.live(3 * MINUTE, () => world.mail('notice', 3, PUT_OFF));
  assert.equal(await world.state(), 'suspect');
  await world.live(5 * MINUTE, () => world.mail('notice', 1, PUT_OFF));
  assert.deepEqual(await world.changes(), ['healthy > suspect']);
  assert.equal(world.elsewhere('notice'), 0);
});

test('a status page makes a provider suspect and probed, whatever it says, and mail leaves through it', async (t) => {
  const secret = 'a-secret-of-16-x';
  const world = await setup(t, { env: { STATUSPAGE_SECRETS: secret } });
  const { live, mail, url, clock, state, changes, sim, elsewhere } = world;
  const tell = (status: string) =>
    fetch(`${url}/webhooks/statuspage/${secret}`, {
      method: 'POST',
      body: JSON.stringify({ incident: { id: 'i1', name: 'All is lost', impact: 'critical', status } }),
    });
  assert.equal((await tell('investigating')).status, 200);
  const probes = () => sim.requests.filter(({ path }) => path.endsWith('/sending_queues')).length;
  assert.equal(probes(), 0);
  await live(10 * MINUTE, () => mail('access'));
  assert.equal(await state(), 'suspect');
  assert.ok(probes() > 10);
  clock.advance(1);
  await tell('resolved');
  await live(MINUTE);
  assert.deepEqual(await changes(), ['healthy > suspect', 'suspect > healthy']);
  assert.equal(elsewhere('access'), 0);
});

test('a Mailgun that is doubted, and has sending disabled for every domain, is down before any mail fails', async (t) => {
  const secret = 'a-secret-of-16-x';
  const { sim, live, url, state, store } = await setup(t, { env: { STATUSPAGE_SECRETS: secret } });
  const isOff = { is_disabled: true, disabled: { until: '', reason: 'complaints' } };
  const body = JSON.stringify({ regular: isOff, scheduled: isOff });
  sim.misbehave((r) => r.path.includes('/sending_queues'), { status: 200, body });
  const component = { id: 'c1', name: 'Outbound Delivery' };
  await fetch(`${url}/webhooks/statuspage/${secret}`, {
    method: 'POST',
    body: JSON.stringify({ component, component_update: { new_status: 'major_outage' } }),
  });
  await live(MINUTE);
  assert.equal(await state(), 'down');
  const down = (await healthChanges(store, 0)).find(({ after }) => after === 'down');
  assert.equal(
    down?.evidence,
    '2 of our own calls in a row failed; its status page calls "Outbound Delivery" major outage',
  );
});

test('an outage that applications alone run into is noticed, and one of their own network is not taken for it', async (t) => {
  const world = await setup(t);
  const { sim, live, url, clock, state } = world;
  let n = 0;
  const tell = async () => {
    const record = { messageId: `own${n++}@${DOMAIN}`, domain: DOMAIN, from: `a@${DOMAIN}`, to: 'ann@example.org' };
    const outcome = { state: 'refused', error: { notSent: true, message: 'connect ECONNREFUSED' } };
    const response = await fetch(`${url}/api/messages`, {
      method: 'POST',
      headers: { authorization: 'Bearer token', 'content-type': 'application/json' },
      // As a list, which is counted when it is filed and not after a second of the machine's own time.
      body: JSON.stringify([{ ...record, ...outcome, createdAt: new Date(clock()).toISOString() }]),
    });
    assert.equal(response.status, 200);
  };
  // What Homing sends itself for them is taken, and so speaks for Mailgun.
  await live(3 * MINUTE, tell);
  assert.notEqual(await state(), 'down');
  await sim.unplug();
  await live(MINUTE, tell);
  assert.equal(await state(), 'down');
});

test('one failed call is one sign, however many recipients it was for', async (t) => {
  const world = await setup(t);
  const { sim, live, changes } = world;
  const all = Array.from({ length: 40 }, (_, n) => `p${n}@r${n}.example`).join(', ');
  for (const status of [500, 401]) {
    sim.misbehave(isSend, { status }, 1);
    await queueMail(world, all);
    await live(2 * MINUTE);
  }
  assert.ok(!(await changes()).includes('suspect > down'), (await changes()).join(', '));
});

test('a provider that wants fewer calls is not down, whether it says for how long or not', async (t) => {
  const { sim, live, mail, state } = await setup(t);
  sim.misbehave(isSend, { status: 429, body: '{"message":"Too many requests"}' }, 40);
  await mail('notice', 60);
  await live(MINUTE);
  assert.equal(await state(), 'healthy');
});

test('a domain that may not send keeps no mail of another domain waiting', async (t) => {
  const other = 'other.example.com';
  const world = await setup(t, {
    sim: { domains: [DOMAIN, other] },
    env: { MAILGUN_DOMAIN: `${DOMAIN},${other}` },
  });
  const { sim, live, mail, state } = world;
  sim.misbehave((r) => isSend(r) && r.path.includes(other), { status: 403, body: '{"message":"Domain is disabled"}' });
  for (let n = 0; n < 5; n++) await queueMail(world, `p${n}@example.org`, {}, other);
  await live(30 * SECOND);
  assert.equal(await state(), 'healthy');
  await mail('notice', 2);
  await live(10 * SECOND);
  assert.equal(world.byMailgun('notice'), 2);
});

test('a disabled domain does not make the probes of a doubtful provider fail', async (t) => {
  const disabled = 'disabled.example.com';
  const { sim, live, mail, state } = await setup(t, {
    sim: { domains: [disabled, DOMAIN] },
    env: { MAILGUN_DOMAIN: `${disabled},${DOMAIN}` },
  });
  const isOff = { is_disabled: true, disabled: { until: '', reason: 'complaints' } };
  const body = JSON.stringify({ regular: isOff, scheduled: isOff });
  sim.misbehave((r) => r.path.includes(`${disabled}/sending_queues`), { status: 200, body });
  sim.misbehave(isSend, { status: 500 }, 1);
  await mail('notice');
  await live(2 * MINUTE + 30 * SECOND);
  assert.equal(await state(), 'healthy');
});

test('mail that is slow to be heard of is not held back where nobody else could take it', async (t) => {
  const world = await setup(t, { poll: true, secondary: false });
  const { live, mail, state } = world;
  await live(4 * MINUTE, () => mail('notice', 2, 'silence'));
  assert.equal(await state(), 'healthy');
});

test('an account that may not send for any domain is an outage', async (t) => {
  const { sim, live, mail, state } = await setup(t);
  sim.misbehave(isSend, { status: 401, body: 'Forbidden' });
  await mail('notice', 5);
  await live(30 * SECOND);
  assert.equal(await state(), 'down');
});

test('a provider that takes mail and never delivers it is noticed within three minutes', async (t) => {
  const world = await setup(t, { poll: true });
  const { live, mail, state, elsewhere } = world;
  await live(2 * MINUTE, () => mail('notice', 2));
  const from = world.clock();
  await live(4 * MINUTE, async () => {
    if ((await state()) !== 'down') await mail('notice', 2, 'silence');
  });
  assert.equal(await state(), 'down');
  const [down] = (await healthChanges(world.store, 0)).filter(({ after }) => after === 'down');
  assert.ok(down && down.at - from <= 3 * MINUTE, `${down && (down.at - from) / SECOND} s`);
  await mail('access', 2);
  await live(10 * SECOND);
  assert.equal(elsewhere('access'), 2);
});

test('a provider whose mail vanished does not come back while its records are not read', async (t) => {
  const { live, mail, state, watch, clock } = await setup(t, { poll: true });
  await live(2 * MINUTE, () => mail('notice', 2));
  await live(4 * MINUTE, async () => {
    if ((await state()) !== 'down') await mail('notice', 2, 'silence');
  });
  assert.equal(await state(), 'down');
  for (let n = 0; n < 60; n++) {
    clock.advance(15 * SECOND);
    await watch();
  }
  assert.equal(await state(), 'down');
  await live(15 * MINUTE);
  assert.notEqual(await state(), 'down');
});

/** Twelve mails that Mailgun took and never delivered, and it is taken back all the same. */
async function backAfterSilence(t: TestContext) {
  const world = await setup(t, { poll: true });
  const { live, mail, store, clock } = world;
  await live(2 * MINUTE, () => mail('notice', 2));
  await mail('notice', 12, 'silence');
  await live(30 * SECOND);
  const turn = async (state: Health, share: number) => {
    const before = (await standings(store)).get('mailgun') ?? USUAL;
    const change = { state, share, evidence: 'of the test' };
    assert.ok(await changeHealth(store, 'mailgun', { before, change, alert: null, backlog: null }, clock()));
  };
  await turn('down', 0);
  await turn('recovering', 25);
  return world;
}

const USUAL = { state: 'healthy', since: 0, share: 100, wellSince: null, probesFailed: 0 } as const;

test('what vanished before a provider came back does not send it away again', async (t) => {
  const { live, changes } = await backAfterSilence(t);
  await live(12 * MINUTE);
  assert.deepEqual((await changes()).slice(0, 2), ['healthy > down', 'down > recovering']);
  assert.equal((await changes()).filter((change) => change.endsWith('> down')).length, 1);
});

test('what vanishes after it came back does', async (t) => {
  const { live, mail, state } = await backAfterSilence(t);
  await mail('notice', 80, 'silence');
  await live(2 * MINUTE);
  assert.equal(await state(), 'down');
});

test('good and bad minutes in turn do not make it go back and forth', async (t) => {
  const world = await setup(t);
  const { sim, live, mail, store } = world;
  for (let minute = 0; minute < 14; minute++) {
    if (minute % 2 === 0) await sim.unplug();
    else await sim.plug();
    await live(MINUTE, () => mail('notice'));
  }
  const downs = (await healthChanges(store, 0)).filter(({ after }) => after === 'down');
  assert.equal(downs.length, 1);
});

test('when every provider looks sick nothing is switched', async (t) => {
  const world = await setup(t);
  const { sim, sink, live, mail, state } = world;
  await sim.unplug();
  await sink.close();
  await live(2 * MINUTE, () => mail('notice', 2));
  assert.equal(await state(), 'suspect');
});

test('mail that no provider took leaves through the first one that is back', async (t) => {
  const world = await setup(t);
  const { sim, sink, live, mail, byMailgun } = world;
  await sim.unplug();
  await sink.close();
  await live(3 * MINUTE, () => mail('access'));
  await sim.plug();
  await live(6 * MINUTE);
  assert.equal(byMailgun('access'), 36);
});

test('a notice that got no answer leaves elsewhere once Mailgun is down for longer than its patience, and says that it may be a double', async (t) => {
  const { sim, live, mail, elsewhere, byMailgun, store } = await setup(t, { env: { OUTAGE_PATIENCE: '20m' } });
  sim.quirks.lose = () => true;
  sim.misbehave(() => true, 'dropBeforeAnswer');
  await live(MINUTE, async () => {
    await mail('notice', 2);
    await mail('bulk');
  });
  await sim.unplug();
  const taken = byMailgun('notice');
  assert.ok(taken > 0);
  await live(15 * MINUTE);
  assert.equal(elsewhere('notice'), 0);
  await live(15 * MINUTE);
  assert.equal(elsewhere('notice'), 24);
  assert.equal(elsewhere('bulk'), 0);
  const claims: string[] = await store.db('facts').where({ kind: 'claimed' }).pluck('body');
  assert.equal(claims.filter((body) => typeof JSON.parse(body).double === 'string').length, taken);
});

test('without another provider mail waits, uses up no attempt, and leaves soon after the provider is back', async (t) => {
  const world = await setup(t, { secondary: false });
  const { sim, live, mail, state, byMailgun, store } = world;
  await sim.unplug();
  await live(MINUTE, () => mail('notice', 2));
  assert.equal(await state(), 'down');
  await mail('notice', 20);
  await live(HOUR / 4);
  const attempts: number[] = await store.db('deliveries').pluck('attempt');
  assert.ok(attempts.filter((n) => n > 5).length === 0, `${Math.max(...attempts)} attempts`);
  await sim.plug();
  await live(3 * MINUTE);
  assert.deepEqual([await state(), byMailgun('notice')], ['healthy', 44]);
});

test('what a backlog took is told beside what was expected', async (t) => {
  const world = await setup(t, { secondary: false, env: { SEND_RATES: 'mailgun=12/m' } });
  const { sim, live, mail, state, store, clock, byMailgun } = world;
  await sim.unplug();
  await live(MINUTE, () => mail('notice'));
  await mail('notice', 40);
  await sim.plug();
  await live(6 * MINUTE, async () => {});
  assert.deepEqual([await state(), byMailgun('notice')], ['healthy', 52]);
  const [outage] = await outagesSince(store, 0);
  assert.ok(outage);
  const { drain, expected } = await tollOf(store, outage, clock());
  assert.ok(drain && expected && Math.abs(drain - expected) < 0.2 * drain, `${drain} of ${expected} ms`);
});

test('a question that is out of order alone does not keep a provider away', async (t) => {
  const { sim, live, mail, state } = await setup(t);
  sim.misbehave(({ path }) => path.endsWith('/sending_queues'), { status: 500 });
  const stop = sim.misbehave(isSend, { status: 500 });
  await live(MINUTE, () => mail('notice', 2));
  assert.equal(await state(), 'down');
  stop();
  await live(12 * MINUTE);
  assert.notEqual(await state(), 'down');
});

test('a provider that answers and takes no mail is tried out with a mail that nobody gets, before real mail comes back', async (t) => {
  const from = `homing@${DOMAIN}`;
  const world = await setup(t, {
    poll: true,
    env: { OUTAGE_PROBE_FROM: from, ADOPT_UNKNOWN: 'retry', ADOPT_AFTER: '1m' },
  });
  const { sim, live, mail, state, changes, store, byMailgun } = world;
  const trials = () => sim.requests.filter((r) => isSend(r) && String(r.fields['o:testmode']) === 'yes').length;
  const stop = sim.misbehave(isSend, { status: 500 });
  await live(MINUTE, () => mail('notice', 2));
  assert.equal(await state(), 'down');
  await live(8 * MINUTE);
  assert.equal(trials(), 0, 'it costs money');
  await live(25 * MINUTE);
  assert.equal(await state(), 'down');
  assert.ok(trials() >= 2 && trials() <= 4, `${trials()} trials`);
  const before = trials();
  const sent = byMailgun('notice');
  stop();
  await live(12 * MINUTE);
  assert.notEqual(await state(), 'down');
  assert.ok(trials() - before <= 6, `${trials() - before} trials`);
  await live(3 * MINUTE);
  assert.ok(byMailgun('notice') >= sent);
  assert.equal((await changes()).filter((change) => change.endsWith('> down')).length, 1);
  assert.ok(sim.handovers.some(({ recipient }) => recipient === from));
  assert.equal(sim.copies(from), 0);
  assert.deepEqual(await store.db('deliveries').where({ recipient: from }), [], 'nor is it taken for mail of anybody');
  assert.deepEqual(await store.db('inbox').where({ pending: 1 }), []);
});

test('a trial that is refused as a mail says nothing of the provider', async (t) => {
  const world = await setup(t, { env: { OUTAGE_PROBE_FROM: `homing@${DOMAIN}` } });
  const { sim, live, mail, state } = world;
  await sim.unplug();
  await live(MINUTE, () => mail('notice', 2));
  await sim.plug();
  const isTrial = (r: SimRequest) => isSend(r) && String(r.fields['o:testmode']) === 'yes';
  sim.misbehave(isTrial, { status: 400, body: '{"message":"from is not allowed"}' });
  await live(12 * MINUTE);
  assert.notEqual(await state(), 'down');
  assert.match(world.lines.join('\n'), /a provider was tried out/);
});

test('mail that was looked at while its provider was down, and is put aside when it is back, leaves at once', async (t) => {
  const { store, clock, dispatch, mail, byMailgun } = await setup(t);
  const to = async (before: Health, state: Health) => {
    const standing = { state: before, since: 0, share: 100, wellSince: null, probesFailed: 0 };
    const change = { state, share: 100, evidence: 'seen' };
    await changeHealth(store, 'mailgun', { before: standing, change }, clock());
  };
  await to('healthy', 'down');
  await mail('bulk');
  let back: Promise<void> | null = null;
  // Whoever brings it back has what is held looked at, and this is not held yet.
  store.db.on('query-response', (_, { sql }: { sql: string }) => {
    if (/^select \* from `health`$/.test(sql)) back ??= to('down', 'healthy');
  });
  await dispatch();
  assert.ok(back);
  await back;
  await dispatch();
  assert.equal(byMailgun('bulk'), 1);
});

test('a daemon that starts looks at what is held: what kept it may have ended unseen', async (t) => {
  const { store, clock, inside, mail, dispatch, byMailgun } = await setup(t);
  const hold = await addHold(store, { provider: null, class: 'bulk', until: null, reason: null, who: 'ops' }, clock());
  await mail('bulk');
  await dispatch();
  await releaseHold(store, hold.id, 'ops', clock());
  await dispatch();
  assert.equal(byMailgun('bulk'), 0);
  const other = createDispatcher({ ...inside, onFree: () => {} });
  await other.run();
  await other.idle();
  assert.equal(byMailgun('bulk'), 1);
});
