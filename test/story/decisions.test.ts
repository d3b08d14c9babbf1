import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { BLOCKED_IP, type Failure, NO_SUCH_USER, type Outcome } from '../../src/lab/sim/fates.ts';
import { reopenMessage } from '../../src/operate/operate.ts';
import { type Homing, only, queueMail, startByHand } from '../support/homing.ts';

const says = (message: string, more: Partial<Failure> = {}): Outcome => ({
  fail: { code: 550, message, reason: 'bounce', bounceType: 'soft', ...more },
});

const BARE_BLOCK = says('5.7.1 Message blocked');
const ACCESS_DENIED = says('Access denied');
const SPAM = says('5.7.1 This message was classified as spam');
const DMARC = says("5.7.26 Unauthenticated mail is not accepted due to the domain's DMARC policy");
const NO_RELAY = says('5.7.1 Unable to relay for this recipient');
const PUZZLE = says('Gruezi, computer says no 4711');
/** Without Mailgun's own list, so that ours alone decides. */
const DEAD: Outcome = says('5.1.1 The mailbox that you wrote to does not exist here', { suppress: false });

const api = async (homing: Homing, method: string, path: string) => {
  const response = await fetch(`${homing.url}${path}`, { method, headers: { authorization: 'Bearer token' } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

const listed = async (homing: Homing) =>
  (await api(homing, 'GET', '/api/suppressions')).body['suppressions'] as Record<string, unknown>[];

const secondaryCopies = (homing: Homing, to: string) => homing.sink.mails.filter((m) => m.to.includes(to)).length;

test('retry_new_ip: a bare block is sent again through the pool, four minutes after the failure', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('bo@inbox.test', [BARE_BLOCK, 'deliver']);
  const id = await homing.send('bo@inbox.test');
  await homing.play(homing.clock() + HOUR);
  const { delivery } = await only(homing, id);
  assert.deepEqual([delivery.state, delivery.attempt], ['delivered', 2]);
  const [repost] = homing.sim.handovers.filter((h) => h.kind === 'repost');
  assert.equal(Math.round(((repost?.deliverAt ?? 0) - (delivery.attempts[0]?.failure?.at ?? 0)) / MINUTE), 4);
  assert.deepEqual(await listed(homing), []);
});

test('switch_provider: the secondary gets it at once, and once', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('sam@inbox.test', ACCESS_DENIED);
  const id = await homing.send('sam@inbox.test');
  await homing.play(homing.clock() + 12 * HOUR);
  assert.equal((await only(homing, id)).delivery.state, 'relayed');
  assert.equal(homing.sim.handovers.length, 1);
  assert.equal(secondaryCopies(homing, 'sam@inbox.test'), 1);
  assert.match(homing.alerts()[0]?.text ?? '', /secondary provider/);
});

test('switch_provider without a secondary: spam is given up with an alert, an unexplained refusal tried again', async (t) => {
  const homing = await startByHand(t, { secondary: false });
  homing.sim.fate('sam@inbox.test', SPAM);
  homing.sim.fate('pat@inbox.test', [ACCESS_DENIED, 'deliver']);
  const [spam, refused] = [await homing.send('sam@inbox.test'), await homing.send('pat@inbox.test')];
  await homing.play(homing.clock() + HOUR);
  const { delivery } = await only(homing, spam);
  assert.deepEqual([delivery.state, delivery.reason], ['abandoned', 'spam_content']);
  assert.equal(homing.sim.handovers.filter((h) => h.recipient === 'sam@inbox.test').length, 1);
  assert.equal((await only(homing, refused)).delivery.state, 'delivered');
  assert.deepEqual(await homing.store.db('alert_items').select('kind'), [{ kind: 'gave_up' }]);
});

test('fix_sender: not sent again anywhere, and the alert names what to mend', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('dee@inbox.test', DMARC);
  const id = await homing.send('dee@inbox.test');
  await homing.play(homing.clock() + DAY);
  const { delivery } = await only(homing, id);
  assert.deepEqual([delivery.state, delivery.reason], ['failed', 'sender_auth']);
  assert.equal(homing.sim.handovers.length, 1);
  assert.equal(secondaryCopies(homing, 'dee@inbox.test'), 0);
  assert.equal(homing.alerts().length, 1);
  assert.match(homing.alerts()[0]?.text ?? '', /DMARC: send from an address of the domain/);
  assert.deepEqual(await listed(homing), []);
});

const withRules = (t: TestContext, rules: unknown): string => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-rules-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'rules.json'), JSON.stringify(rules));
  return join(folder, 'rules.json');
};

test('fix_sender: while it is reported, no mail of the domain that failed for it is sent again, until opened', async (t) => {
  const lenient = { name: 'lenient', match: 'not our spf', cause: 'sender_auth', decision: 'retry_new_ip' };
  const HOMING_RULES = withRules(t, [lenient]);
  const homing = await startByHand(t, { env: { HOMING_RULES, RETRY_SCHEDULE: 'local' } });
  homing.sim.fate('lee@lenient.test', [says('Not our SPF'), 'deliver']);
  homing.sim.fate('dee@inbox.test', DMARC);
  const waiting = await homing.send('lee@lenient.test');
  await homing.send('dee@inbox.test');
  await homing.play(homing.clock() + HOUR);
  const { delivery } = await only(homing, waiting);
  assert.deepEqual([delivery.state, delivery.reason], ['failed', 'sender_auth']);
  assert.equal(delivery.attempts[0]?.failure?.verdict?.evidence.rule, 'lenient');
  assert.equal(homing.sim.handovers.length, 2, 'nothing was sent again');
  await homing.send('new@inbox.test');
  await homing.play(homing.clock() + MINUTE);
  assert.equal(homing.sim.copies('new@inbox.test'), 1, "the application's first sends go on");
  await reopenMessage(homing.store, { message: waiting, who: 'test', what: 'retry' }, homing.clock());
  await homing.play(homing.clock() + HOUR);
  assert.equal((await only(homing, waiting)).delivery.state, 'delivered');
});

test('give_up_suppress: failed, and nothing is sent to that address until it is taken off the list', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('Carla@inbox.test', [DEAD, BLOCKED_IP, 'deliver']);
  const first = await homing.send('Carla@inbox.test');
  await homing.play(homing.clock() + HOUR);
  const [entry, ...others] = await listed(homing);
  assert.equal(others.length, 0);
  const { id: delivery, facts } = await only(homing, first);
  assert.deepEqual([entry?.['address'], entry?.['cause']], ['carla@inbox.test', 'recipient_unknown']);
  assert.equal(entry?.['delivery'], delivery);
  assert.match(String(entry?.['reply']), /^550 5\.1\.1 The mailbox|^550 5\.1\.1 5\.1\.1 The mailbox/);
  assert.ok(facts.some((f) => f.kind === 'reported' && f.suppress === 'recipient_unknown'));

  const second = await homing.send('carla@inbox.test');
  await homing.play(homing.clock() + DAY);
  const barred = await only(homing, second);
  assert.deepEqual([barred.delivery.state, barred.delivery.reason], ['failed', 'suppressed']);
  assert.ok(barred.facts.some((f) => f.kind === 'noted' && /our suppression list \(recipient_unknown\)/.test(f.what)));
  assert.equal(homing.sim.handovers.length, 2, 'only what the application sent');
  assert.equal(secondaryCopies(homing, 'carla@inbox.test'), 0);
  assert.equal(homing.alerts().length, 0);

  const retry = () =>
    reopenMessage(homing.store, { message: second, who: 'test', what: 'retry' }, homing.clock()).then(
      ({ reopened }) => reopened,
      (error: Error) => error.message,
    );
  assert.match(String(await retry()), /suppression list: take it off first/);
  const removed = await api(homing, 'DELETE', '/api/suppressions/CARLA@inbox.test');
  assert.equal(removed.status, 200);
  assert.equal((await api(homing, 'DELETE', '/api/suppressions/carla@inbox.test')).status, 404);
  assert.equal(await retry(), 1);
  await homing.play(homing.clock() + HOUR);
  assert.equal((await only(homing, second)).delivery.state, 'delivered');
  assert.deepEqual(await listed(homing), []);
  const trail = await homing.store.db('audit').where({ what: 'suppression_remove' }).first();
  assert.deepEqual([trail.who, trail.subject], ['api', 'c***@inbox.test']);
});

test('an address that comes onto the list while a re-post is prepared gets nothing', async (t) => {
  const homing = await startByHand(t, { env: { RETRY_SCHEDULE: 'local' } });
  homing.sim.fate('rae@inbox.test', [BLOCKED_IP, 'deliver']);
  const row = { address_key: 'rae@inbox.test', cause: 'operator', reply: null, delivery_id: null, created_at: 1 };
  let added: Promise<unknown> | null = null;
  homing.sim.misbehave(
    (request) => {
      // The last thing that is asked before the claim.
      if (/\/bounces\//.test(request.path)) added ??= homing.store.db('suppressions').insert(row).then();
      return false;
    },
    { status: 500 },
  );
  const id = await homing.send('rae@inbox.test');
  await homing.play(homing.clock() + HOUR);
  await added;
  const { delivery } = await only(homing, id);
  assert.ok(added, 'the bounce list was asked');
  assert.deepEqual([delivery.state, delivery.reason, delivery.attempt], ['failed', 'suppressed', 1]);
  assert.equal(homing.sim.handovers.length, 1);
});

test('give_up_no_suppress: failed and told, and the address stays free', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('rita@inbox.test', NO_RELAY);
  const id = await homing.send('rita@inbox.test');
  const bulk = await homing.send('rita@inbox.test', { class: 'bulk' });
  await homing.play(homing.clock() + DAY);
  assert.deepEqual((await only(homing, id)).delivery.reason, 'relay_denied');
  assert.equal((await only(homing, bulk)).delivery.state, 'failed');
  assert.equal(homing.alerts().length, 1);
  assert.match(homing.alerts()[0]?.subject ?? '', /1 mail was refused for good by the recipient's side/);
  assert.deepEqual(await listed(homing), []);
});

test('a complaint and an unsubscription put the address on the list, though the mail arrived', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('ann@inbox.test', { deliver: ['complained'] });
  homing.sim.fate('uma@inbox.test', { deliver: ['unsubscribed'] });
  const ids = [await homing.send('ann@inbox.test'), await homing.send('uma@inbox.test')];
  await homing.play(homing.clock() + HOUR);
  for (const id of ids) assert.equal((await only(homing, id)).delivery.state, 'delivered');
  const causes = (await listed(homing)).map((s) => [s['address'], s['cause'], s['reply']]);
  assert.deepEqual(causes, [
    ['ann@inbox.test', 'complained', null],
    ['uma@inbox.test', 'unsubscribed', null],
  ]);
});

test('a reply that nobody knows is tried a limited number of times, and never suppresses', async (t) => {
  const homing = await startByHand(t);
  homing.sim.fate('zoe@inbox.test', PUZZLE);
  const id = await homing.send('zoe@inbox.test');
  await homing.play(homing.clock() + 2 * DAY);
  const { delivery } = await only(homing, id);
  assert.deepEqual([delivery.state, delivery.attempt], ['relayed', 6]);
  assert.equal(homing.sim.handovers.length, 5);
  assert.deepEqual(await listed(homing), []);
});

test('RETRY_DECISIONS=codes: the code alone decides, and no reply puts an address on the list', async (t) => {
  const homing = await startByHand(t, { env: { RETRY_DECISIONS: 'codes' } });
  homing.sim.fate('dee@inbox.test', [DMARC, 'deliver']);
  homing.sim.fate('carla@inbox.test', NO_SUCH_USER);
  const [retried, dead] = [await homing.send('dee@inbox.test'), await homing.send('carla@inbox.test')];
  await homing.play(homing.clock() + HOUR);
  assert.equal((await only(homing, retried)).delivery.state, 'delivered');
  assert.equal((await only(homing, dead)).delivery.reason, 'recipient_unknown');
  assert.deepEqual(await listed(homing), []);
});

test('an account that Mailgun refuses is told of within a minute, once for all the mail, and no mail is consumed', async (t) => {
  const homing = await startByHand(t, { secondary: true, env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  homing.sim.misbehave((r) => r.path.endsWith('/messages'), { status: 401, body: 'Forbidden' }, 1000);
  for (const name of ['ann', 'ben', 'cid']) await queueMail(homing, `${name}@inbox.test`);
  await homing.play(homing.clock() + MINUTE);
  const alerts = homing.alerts().filter((a) => /refuses our account/.test(a.subject));
  assert.equal(alerts.length, 1);
  assert.match(alerts[0]?.text ?? '', /mailgun: 401: Forbidden/);
  await homing.play(homing.clock() + HOUR);
  const later = homing.alerts().filter((a) => /refuses our account/.test(a.subject));
  assert.deepEqual(
    later.map((a) => /\] still: /.test(a.subject)),
    [false, true, true],
    'that it goes on is told after 15 and 45 minutes',
  );
  const states = await homing.store.db('deliveries').pluck('state');
  assert.ok(!states.includes('abandoned') && !states.includes('failed'), states.join(' '));
});
