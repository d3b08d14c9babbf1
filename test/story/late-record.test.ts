// The application's own record comes after the events of its mail: by HTTP, in a list, or from a spool.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSpool } from '../../src/base/spool.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { fileSpool } from '../../src/intake/file-spool.ts';
import { BLOCKED_IP, NO_SUCH_USER, type Outcome } from '../../src/lab/sim/fates.ts';
import { cancelMessage } from '../../src/operate/operate.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { DOMAIN, type Homing, only, startByHand } from '../support/homing.ts';
import { eachDatabase } from '../support/stores.ts';

const NO_RELAY: Outcome = {
  fail: { code: 550, message: '5.7.1 Unable to relay for this recipient', reason: 'bounce', bounceType: 'soft' },
};

const told = (messageId: string, to: string, more: object = {}) => ({
  ...{ messageId, domain: DOMAIN, from: `team@${DOMAIN}`, to: [to], subject: 'Hello', state: 'accepted' },
  ...more,
});

async function post(homing: Homing, body: unknown): Promise<void> {
  const headers = { authorization: 'Bearer token', 'content-type': 'application/json' };
  const response = await fetch(`${homing.url}/api/messages`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.ok(response.ok, await response.text());
}

async function spooled(homing: Homing, body: object): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'homing-late-'));
  await openSpool({ folder, maxBytes: 1e6 }).append([JSON.stringify(body)]);
  const { store, settings } = homing.inside;
  assert.equal(await fileSpool({ store, settings, folder, now: homing.clock }), 1);
  rmSync(folder, { recursive: true });
}

/** The ways by which a record comes. */
const WAYS: Record<string, (homing: Homing, body: object) => Promise<void>> = {
  'by HTTP': post,
  'in a list': (homing, body) => post(homing, [body]),
  'from a spool': spooled,
};

/** An application's mail that was adopted from its events, some time after the last of them. */
async function adopted(homing: Homing, recipient: string, fate: Outcome | Outcome[]): Promise<string> {
  homing.sim.fate(recipient, fate);
  const messageId = await homing.send(recipient, { record: 'never' });
  await homing.play(homing.clock() + 10 * MINUTE);
  assert.equal((await only(homing, messageId)).origin, 'adopted');
  return messageId;
}

for (const [way, tell] of Object.entries(WAYS)) {
  eachDatabase(`what only events had told of is tried again when its record comes ${way}`, async (t, database) => {
    const homing = await startByHand(t, { database });
    const id = await adopted(homing, 'bela@inbox.test', [BLOCKED_IP, 'deliver']);
    assert.equal((await only(homing, id)).delivery.state, 'failed');
    await tell(homing, told(id, 'bela@inbox.test', { class: 'bulk', key: 'news:1' }));
    await homing.play(homing.clock() + HOUR);
    const { delivery, ...view } = await only(homing, id);
    assert.deepEqual([view.origin, view.class, view.key, delivery.state], ['recorded', 'bulk', 'news:1', 'delivered']);
    assert.equal(delivery.attempts.length, 2);
  });
}

eachDatabase('it falls back, gives up and alerts as if the record had been there', async (t, database) => {
  const homing = await startByHand(t, { database });
  const saved = await adopted(homing, 'dora@stubborn.test', BLOCKED_IP);
  const wrong = await adopted(homing, 'rolf@inbox.test', NO_RELAY);
  const late = await adopted(homing, 'lisa@inbox.test', [BLOCKED_IP, 'deliver']);
  assert.deepEqual(await homing.store.db('alert_items'), []);
  await post(homing, told(saved, 'dora@stubborn.test'));
  await post(homing, told(wrong, 'rolf@inbox.test'));
  await homing.play(homing.clock() + 12 * HOUR);
  await post(homing, told(late, 'lisa@inbox.test', { class: 'access' }));
  await homing.play(homing.clock() + HOUR);
  assert.equal((await only(homing, saved)).delivery.state, 'relayed');
  assert.equal(
    (await only(homing, late)).delivery.state,
    'expired',
    'its useful life is over: nothing is sent any more',
  );
  const kinds: string[] = await homing.store.db('alert_items').orderBy('at').pluck('kind');
  assert.deepEqual(kinds, ['refused', 'saved', 'expired']);
});

eachDatabase('what has arrived, is dead, suppressed or cancelled stays as it is', async (t, database) => {
  const homing = await startByHand(t, { database });
  const mails = {
    'anna@inbox.test': await adopted(homing, 'anna@inbox.test', 'deliver'),
    'dead@inbox.test': await adopted(homing, 'dead@inbox.test', NO_SUCH_USER),
    'bela@inbox.test': await adopted(homing, 'bela@inbox.test', [BLOCKED_IP, 'deliver']),
    'carl@inbox.test': await adopted(homing, 'carl@inbox.test', 'silence'),
  };
  const suppression = { address_key: 'bela@inbox.test', cause: 'operator', created_at: homing.clock() };
  await homing.store.db('suppressions').insert(suppression);
  const cancel = { message: mails['carl@inbox.test'], who: 'an operator', reason: 'by_operator' as const };
  assert.equal((await cancelMessage(homing.store, cancel, homing.clock())).cancelled, 1);
  for (const [recipient, id] of Object.entries(mails)) await post(homing, told(id, recipient));
  await homing.play(homing.clock() + DAY);
  const states = await Promise.all(Object.values(mails).map(async (id) => (await only(homing, id)).delivery.state));
  assert.deepEqual(states, ['delivered', 'failed', 'failed', 'cancelled']);
  assert.equal(homing.sim.handovers.length, 4);
  assert.equal(homing.sink.mails.filter((m) => !m.to.includes('admin@team.example')).length, 0);
});

eachDatabase('a recipient whom the record does not name gets nothing, until a record names it', async (t, database) => {
  const homing = await startByHand(t, { database });
  const id = await adopted(homing, 'bela@inbox.test', [BLOCKED_IP, 'deliver']);
  await post(homing, told(id, 'anna@inbox.test'));
  await homing.play(homing.clock() + DAY);
  const stateOfBela = async () => {
    const found = await findMessage(homing.store, id);
    return found?.views.find((v) => v.recipient === 'bela@inbox.test')?.delivery.state;
  };
  assert.equal(await stateOfBela(), 'failed');
  assert.equal(homing.sim.handovers.length, 1);
  await post(homing, told(id, 'bela@inbox.test', { class: 'bulk' }));
  await homing.play(homing.clock() + DAY);
  assert.notEqual(await stateOfBela(), 'failed', 'it is decided by the policy of its message');
});

eachDatabase('events that were given up are taken up when the record comes', async (t, database) => {
  const homing = await startByHand(t, { database, env: { ADOPT_UNKNOWN: 'off' } });
  homing.sim.fate('bela@inbox.test', [BLOCKED_IP, 'deliver']);
  homing.sim.fate('cleo@inbox.test', [BLOCKED_IP, 'deliver']);
  const first = await homing.send('bela@inbox.test', { record: 'never' });
  const second = await homing.send('cleo@inbox.test', { record: 'never' });
  await homing.play(homing.clock() + 10 * MINUTE);
  assert.equal((await homing.store.db('inbox').where({ outcome: 'unmatched' })).length, 4);
  await post(homing, told(first, 'bela@inbox.test'));
  // The first record of this message names somebody else.
  await post(homing, [told(second, 'anna@inbox.test')]);
  await homing.play(homing.clock() + MINUTE);
  await post(homing, [told(second, 'cleo@inbox.test')]);
  await homing.play(homing.clock() + HOUR);
  assert.equal((await only(homing, first)).delivery.state, 'delivered');
  const found = await findMessage(homing.store, second);
  const states = found?.views.map((v) => [v.recipient, v.delivery.state]);
  assert.deepEqual(states, [
    ['anna@inbox.test', 'accepted'],
    ['cleo@inbox.test', 'delivered'],
  ]);
});
