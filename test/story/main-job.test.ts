import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { GREYLISTED, MAILBOX_FULL } from '../../src/lab/campaign/outcomes.ts';
import { BLOCKED_IP, BLOCKED_IP_LISTED, NO_SUCH_USER } from '../../src/lab/sim/fates.ts';
import { DOMAIN, only, queueMail, startByHand } from '../support/homing.ts';

const VARIANTS = {
  'the re-post gets a new id': { repostId: 'new' },
  'the re-post keeps the id': { repostId: 'same' },
  'the re-post gets a new id and drops our variable': { repostId: 'new', repostKeepsVariables: false },
  'webhooks overtake the answers': { webhookBeforeAnswer: true },
  'webhooks overtake the answers of re-posts with a new id': { webhookBeforeAnswer: true, repostId: 'new' },
  'webhooks come three times and shuffled': { repeat: 3, shuffle: { seed: 7, within: 20 * SECOND } },
  'the storage host refuses and the API base works': { storageHostAnswers: 404 },
} as const;

for (const [name, quirks] of Object.entries(VARIANTS)) {
  test(`five attempts at 4, 16, 64 and 256 minutes, then the secondary, one alert: ${name}`, async (t) => {
    const homing = await startByHand(t, {
      env: { EVENTS_SETTLE: '1m' },
      sim: { quirks, ...('storageHostAnswers' in quirks ? { storagePort: 'own' as const } : {}) },
    });
    homing.sim.fate('dora@stubborn.test', BLOCKED_IP);
    const id = await homing.send('dora@stubborn.test');
    await homing.play(homing.clock() + 12 * HOUR);
    const { delivery } = await only(homing, id);
    assert.equal(delivery.state, 'relayed');
    assert.equal(delivery.attempt, 6);
    assert.equal(delivery.provider, `127.0.0.1:${homing.sink.port}`);
    const reposts = homing.sim.handovers.filter((h) => h.kind === 'repost');
    assert.equal(reposts.length, 4);
    const failures = delivery.attempts.map((a) => a.failure?.at ?? 0);
    const waits = reposts.map((h, i) => Math.round(((h.deliverAt ?? h.at) - (failures[i] ?? 0)) / MINUTE));
    assert.deepEqual(waits, [4, 16, 64, 256]);
    assert.equal(homing.sink.mails.filter((m) => m.to.includes('dora@stubborn.test')).length, 1);
    assert.equal(homing.alerts().length, 1);
    assert.match(homing.alerts()[0]?.subject ?? '', /1 mail went out through the secondary provider/);
    assert.equal(homing.sim.copies('dora@stubborn.test'), 0);
  });
}

test('a delivery time that Mailgun ignores switches the domain to local waits, which are then kept', async (t) => {
  const homing = await startByHand(t, { sim: { quirks: { honoursDeliveryTime: false } } });
  homing.sim.fate('dora@stubborn.test', BLOCKED_IP);
  const id = await homing.send('dora@stubborn.test');
  await homing.play(homing.clock() + 12 * HOUR);
  const { delivery } = await only(homing, id);
  assert.equal(delivery.state, 'relayed');
  const reposts = homing.sim.handovers.filter((h) => h.kind === 'repost');
  const sentAfter = reposts.map((h, i) => Math.round((h.at - (delivery.attempts[i]?.failure?.at ?? 0)) / MINUTE));
  assert.deepEqual(sentAfter, [0, 16, 64, 256]);
  const domain = await homing.store.db('domains').where({ domain: DOMAIN }).first();
  assert.equal(domain.schedule, 'local');
  assert.match(domain.schedule_why, /before its delivery time/);
  assert.equal(homing.alerts().length, 1, 'the switch is for the report, and no alert');
});

test('blocked once and cured by the re-post, which is taken off the bounce list first', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('bela@inbox.test', [BLOCKED_IP_LISTED, 'deliver']);
  const id = await homing.send('bela@inbox.test');
  await homing.play(homing.clock() + HOUR);
  const { delivery, facts } = await only(homing, id);
  assert.equal(delivery.state, 'delivered');
  assert.deepEqual(delivery.arrivedOn, [2]);
  assert.equal(homing.sim.copies('bela@inbox.test'), 1);
  assert.ok(facts.some((f) => f.kind === 'noted' && /bounce list/.test(f.what)));
  assert.equal(homing.sim.suppressed(DOMAIN, 'bounces').length, 0);
  assert.equal((await homing.store.db('audit').where({ what: 'unsuppress' })).length, 1);
});

test('a re-post that dies on the bounce list, because the removal was not done, is not the end', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('bela@inbox.test', [BLOCKED_IP_LISTED, 'deliver']);
  homing.sim.misbehave(({ path, method }) => /\/bounces\//.test(path) && method === 'DELETE', { status: 200 }, 1);
  const id = await homing.send('bela@inbox.test');
  await homing.play(homing.clock() + HOUR);
  const { delivery } = await only(homing, id);
  assert.equal(delivery.attempts[1]?.failure?.bounce?.code, 605);
  assert.deepEqual([delivery.state, delivery.arrivedOn], ['delivered', [3]]);
  assert.equal(homing.sim.copies('bela@inbox.test'), 1);
  assert.equal((await homing.store.db('suppressions')).length, 0);
});

test('no such mailbox is never tried again', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('carla@inbox.test', NO_SUCH_USER);
  const id = await homing.send('carla@inbox.test');
  await homing.play(homing.clock() + 24 * HOUR);
  const { delivery } = await only(homing, id);
  assert.equal(delivery.state, 'failed');
  assert.equal(delivery.reason, 'recipient_unknown');
  assert.equal(homing.sim.handovers.length, 1);
  assert.equal(homing.alerts().length, 0);
});

test('a temporary failure is left to Mailgun, however often it comes', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('greta@inbox.test', { defer: GREYLISTED, next: { defer: GREYLISTED, next: 'deliver' } });
  const id = await homing.send('greta@inbox.test');
  await homing.play(homing.clock() + 24 * HOUR);
  assert.equal((await only(homing, id)).delivery.state, 'delivered');
  assert.equal(homing.sim.handovers.length, 1);
  assert.equal(homing.sim.copies('greta@inbox.test'), 1);
});

test('a full mailbox waits longer and its bounce entry is not touched', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('fill@inbox.test', [MAILBOX_FULL, 'deliver']);
  const id = await homing.send('fill@inbox.test');
  await homing.play(homing.clock() + 3 * HOUR);
  const { delivery } = await only(homing, id);
  assert.equal(delivery.state, 'delivered');
  const [repost] = homing.sim.handovers.filter((h) => h.kind === 'repost');
  assert.equal(Math.round(((repost?.deliverAt ?? 0) - (delivery.attempts[0]?.failure?.at ?? 0)) / MINUTE), 16);
});

test('the secondary refuses as well: abandoned, with exactly one alert that says why', async (t) => {
  const homing = await startByHand(t, {
    sink: { refuse: (r) => (r.startsWith('emil') ? { code: 550, message: '5.7.1 no' } : null) },
  });
  homing.sim.fate('emil@closed.test', BLOCKED_IP);
  const id = await homing.send('emil@closed.test');
  await homing.play(homing.clock() + 24 * HOUR);
  const { delivery } = await only(homing, id);
  assert.equal(delivery.state, 'abandoned');
  assert.equal(delivery.reason, 'secondary_refused');
  const [alert, ...others] = homing.alerts();
  assert.equal(others.length, 0);
  assert.match(alert?.text ?? '', /given up/);
  assert.match(alert?.text ?? '', /homing explain/);
});

test('without a secondary the fifth failure is the end', async (t) => {
  const homing = await startByHand(t, { secondary: false });
  homing.sim.fate('dora@stubborn.test', BLOCKED_IP);
  const id = await homing.send('dora@stubborn.test');
  await homing.play(homing.clock() + 24 * HOUR);
  const { delivery } = await only(homing, id);
  assert.equal(delivery.state, 'abandoned');
  assert.equal(delivery.attempt, 5);
});

test('a lost delivered webhook is found by polling, and nothing is sent again', async (t) => {
  const homing = await startByHand(t, { poll: true, sim: { quirks: { lose: (e) => e.event === 'delivered' } } });
  const id = await homing.send('fritz@inbox.test');
  await homing.play(homing.clock() + HOUR);
  const { delivery, facts } = await only(homing, id);
  assert.equal(delivery.state, 'delivered');
  assert.ok(facts.some((f) => f.kind === 'reported' && f.report === 'delivered' && f.foundBy === 'poll'));
});

test('a delivered webhook lost after a failure is found by asking before the re-post', async (t) => {
  const homing = await startByHand(t, {
    env: { RETRY_SCHEDULE: 'local' },
    sim: { quirks: { lose: (e) => e.event === 'delivered' } },
  });
  homing.sim.fate('bela@inbox.test', [BLOCKED_IP, 'deliver']);
  const id = await homing.send('bela@inbox.test');
  await homing.play(homing.clock() + 20 * HOUR);
  const { delivery } = await only(homing, id);
  assert.equal(delivery.state, 'delivered');
  assert.equal(homing.sim.copies('bela@inbox.test'), 1);
});

test('a re-post whose answer is lost is looked up and not made again', async (t) => {
  for (const repostId of ['same', 'new'] as const) {
    const homing = await startByHand(t, {
      env: { EVENTS_SETTLE: '5m' },
      sim: { quirks: { repostId, lose: (e) => e.event !== 'failed' } },
    });
    homing.sim.fate('bela@inbox.test', [BLOCKED_IP, 'deliver']);
    homing.sim.misbehave((r) => r.method === 'POST' && r.path.includes('/messages/'), 'dropBeforeAnswer', 1);
    const id = await homing.send('bela@inbox.test');
    await homing.play(homing.clock() + 20 * HOUR);
    const { delivery, facts } = await only(homing, id);
    assert.ok(facts.some((f) => f.kind === 'unanswered'));
    assert.equal(delivery.state, 'delivered');
    assert.equal(homing.sim.copies('bela@inbox.test'), 1, repostId);
  }
});

test('an application that died before its call leaves a delivery that is looked up and given up', async (t) => {
  const homing = await startByHand(t, { env: { EVENTS_SETTLE: '5m' } });
  homing.sim.misbehave((r) => r.method === 'POST', 'dropBeforeWork', 1);
  const id = await homing.send('gone@inbox.test', { record: 'before' });
  await homing.play(homing.clock() + 20 * HOUR);
  const { delivery } = await only(homing, id);
  assert.equal(delivery.state, 'abandoned');
  assert.equal(delivery.reason, 'never_reached_provider');
  assert.equal(homing.sim.copies('gone@inbox.test'), 0);
});

test('an application that died after its call is found accepted', async (t) => {
  const homing = await startByHand(t, { sim: { quirks: { lose: () => true } } });
  const id = await homing.send('lucky@inbox.test', { record: 'before' });
  await homing.play(homing.clock() + 20 * HOUR);
  assert.equal((await only(homing, id)).delivery.state, 'delivered');
  assert.equal(homing.sim.handovers.length, 1);
});

test('a re-post that got a new id and no variable is found though its answer was lost, and is no silent double', async (t) => {
  const homing = await startByHand(t, {
    env: { EVENTS_SETTLE: '5m' },
    sim: { quirks: { repostId: 'new', repostKeepsVariables: false } },
  });
  homing.sim.fate('bela@inbox.test', [BLOCKED_IP, 'deliver']);
  homing.sim.misbehave((r) => r.method === 'POST' && r.path.includes('/messages/'), 'dropBeforeAnswer', 1);
  const id = await homing.send('bela@inbox.test');
  await homing.play(homing.clock() + 20 * HOUR);
  assert.equal((await only(homing, id)).delivery.state, 'delivered');
  assert.equal(homing.sim.copies('bela@inbox.test'), 1);
  assert.equal((await homing.store.db('messages')).length, 1, 'nothing was adopted as a stranger');
});

test('what a re-post got before its answer came is not adopted as a message of its own', async (t) => {
  const homing = await startByHand(t, {
    env: { ADOPT_AFTER: '1ms', EVENTS_SETTLE: '5m' },
    sim: { quirks: { repostId: 'new', repostKeepsVariables: false, webhookBeforeAnswer: true } },
  });
  homing.sim.fate('dora@stubborn.test', BLOCKED_IP);
  const id = await homing.send('dora@stubborn.test');
  await homing.play(homing.clock() + 12 * HOUR);
  assert.equal((await only(homing, id)).delivery.state, 'relayed');
  assert.equal((await homing.store.db('messages')).length, 1);
});

test('many that fail one after the other are one alert', async (t) => {
  const homing = await startByHand(t, { secondary: true, env: { RETRY_MAX_ATTEMPTS: '1' } });
  const ids: string[] = [];
  for (let n = 0; n < 12; n++) {
    homing.sim.fate(`dora${n}@stubborn.test`, BLOCKED_IP);
    ids.push(await homing.send(`dora${n}@stubborn.test`));
    await homing.play(homing.clock() + 5 * SECOND);
  }
  await homing.play(homing.clock() + HOUR);
  for (const id of ids) assert.equal((await only(homing, id)).delivery.state, 'relayed');
  assert.equal(homing.alerts().length, 1);
  assert.match(homing.alerts()[0]?.subject ?? '', /12 mails/);
});

test('webhooks alone are enough to track a domain', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('dora@stubborn.test', BLOCKED_IP);
  const good = await homing.send('anna@inbox.test', { record: 'never' });
  const bad = await homing.send('dora@stubborn.test', { record: 'never' });
  await homing.play(homing.clock() + 24 * HOUR);
  assert.equal((await only(homing, good)).delivery.state, 'delivered');
  assert.equal((await only(homing, bad)).delivery.state, 'failed');
  assert.equal(homing.sim.handovers.length, 2);
});

test('ADOPT_UNKNOWN=retry takes an adopted message through the whole plan', async (t) => {
  const homing = await startByHand(t, { env: { ADOPT_UNKNOWN: 'retry' } });
  homing.sim.fate('dora@stubborn.test', BLOCKED_IP);
  const id = await homing.send('dora@stubborn.test', { record: 'never' });
  await homing.play(homing.clock() + 24 * HOUR);
  const { delivery } = await only(homing, id);
  assert.equal(delivery.state, 'relayed');
  assert.equal(delivery.attempt, 6);
});

test('access mail is retried after 30 s and falls back within its 15 minutes', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('reset@stubborn.test', BLOCKED_IP);
  const start = homing.clock();
  const id = await homing.send('reset@stubborn.test', { class: 'access' });
  await homing.play(start + HOUR);
  const { delivery } = await only(homing, id);
  assert.equal(delivery.state, 'relayed');
  assert.equal(delivery.attempt, 3);
  const mail = homing.sink.mails.find((m) => m.to.includes('reset@stubborn.test'));
  assert.ok(mail && mail.at - start < 2 * MINUTE, 'the fallback went out within two minutes');
  const [repost] = homing.sim.handovers.filter((h) => h.kind === 'repost');
  assert.equal(repost?.deliverAt ?? null, null, 'the wait is kept here');
});

test('accepted and then silence: asked about, and not sent again, as Mailgun has it', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('mute@inbox.test', ['silence', 'deliver']);
  const id = await homing.send('mute@inbox.test');
  await homing.play(homing.clock() + 30 * HOUR);
  const { delivery } = await only(homing, id);
  assert.deepEqual([delivery.state, delivery.reason, delivery.attempt], ['expired', 'silent_accepted', 1]);
  assert.match(homing.alerts()[0]?.text ?? '', /never told what became of it/);
});

test('accepted and then lost without a trace: asked about, and sent again', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  homing.sim.fate('lost@inbox.test', ['lost', 'deliver']);
  const id = await queueMail(homing, 'lost@inbox.test');
  await homing.play(homing.clock() + 30 * HOUR);
  const { delivery } = await only(homing, id);
  assert.deepEqual([delivery.state, delivery.attempt], ['delivered', 2]);
  assert.equal(delivery.attempts[1]?.claim.double, null, 'by all that can be known it is no double');
});

test('mail that was asked for later arrives once, at its time, and nobody asks after it before', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  const wanted = homing.clock() + 20 * HOUR;
  const id = await queueMail(homing, 'ann@inbox.test', {
    'o:deliverytime': new Date(wanted).toUTCString().replace('GMT', '+0000'),
  });
  await homing.play(wanted - MINUTE);
  const before = await only(homing, id);
  assert.equal(before.delivery.state, 'accepted');
  assert.equal(before.facts.filter((f) => f.kind === 'asked').length, 0);
  await homing.play(homing.clock() + 30 * HOUR);
  const { delivery } = await only(homing, id);
  assert.deepEqual([delivery.state, delivery.attempt], ['delivered', 1]);
  assert.equal(homing.sim.copies('ann@inbox.test'), 1);
});

test('storage that forgets too early leads to the secondary at once', async (t) => {
  const homing = await startByHand(t, { sim: { retention: 30 * MINUTE } });
  homing.sim.fate('dora@stubborn.test', BLOCKED_IP);
  const id = await homing.send('dora@stubborn.test');
  await homing.play(homing.clock() + 24 * HOUR);
  const { delivery } = await only(homing, id);
  assert.equal(delivery.state, 'relayed');
  assert.ok(delivery.attempt < 6, `it took ${delivery.attempt} attempts`);
});

test('a storage URL that our own check refuses ends in an alert that says which setting allows it', async (t) => {
  const homing = await startByHand(t, { trustStorage: false, sim: { storagePort: 'own' } });
  homing.sim.fate('dora@stubborn.test', BLOCKED_IP);
  const id = await homing.send('dora@stubborn.test');
  await homing.play(homing.clock() + 24 * HOUR);
  const { delivery } = await only(homing, id);
  assert.equal(delivery.state, 'abandoned');
  assert.equal(delivery.reason, 'storage_refused');
  assert.equal(delivery.tries, 1, 'what never left uses up no try');
  assert.equal(homing.sim.requests.filter((r) => r.path.includes('/messages/')).length, 0);
  const [alert, ...others] = homing.alerts();
  assert.equal(others.length, 0);
  assert.match(alert?.text ?? '', /MAILGUN_STORAGE_HOSTS/);
  assert.doesNotMatch(alert?.text ?? '', new RegExp(new URL(homing.sim.storageOrigin).host));
});
