// What the library has for the person who waits for a mail: by the daemon and by the database alike.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createHoming, type Homing } from '../../src/index.ts';
import { DOMAIN, freshFolder } from '../client/support.ts';
import { startByHand } from '../support/homing.ts';
import { freshDatabase } from '../support/stores.ts';

const KEY = 'ab'.repeat(32);
const MAIL = { from: `Shop <shop@${DOMAIN}>`, to: 'ann@example.org', subject: 'Hello', text: 'Hi' };

/** A daemon, and the library on it and on its database. */
async function both(t: TestContext, env: Record<string, string>) {
  const database = await freshDatabase(t, 'sqlite');
  const daemon = await startByHand(t, { database, env });
  // The database's side goes by the real clock.
  daemon.clock.set(Date.now());
  const common = { spool: { folder: freshFolder(t) }, patience: 5000 };
  const ways: Record<string, Homing> = {
    url: createHoming({ url: daemon.url, token: 'token', ...common }),
    database: createHoming({ database, ...(env['ENCRYPTION_KEY'] ? { encryptionKey: KEY } : {}), ...common }),
  };
  for (const homing of Object.values(ways)) t.after(homing.close);
  return { daemon, ways };
}

const stateAt = async (url: string, token: string | undefined): Promise<unknown> =>
  ((await (await fetch(`${url}/status/${token}`)).json()) as { state?: string }).state;

test('a queued mail has a token that the daemon knows, and so has a wrapped send', async (t) => {
  const { daemon, ways } = await both(t, { ENCRYPTION_KEY: KEY });
  for (const [way, homing] of Object.entries(ways)) {
    const { statusToken } = await homing.deliverLater(DOMAIN, MAIL);
    assert.equal(await stateAt(daemon.url, statusToken), 'accepted', way);
    const create = async (_domain: string, _data: object) => ({ status: 200, id: '<x@y>', message: 'Queued.' });
    const client = homing.wrapMailgun({ messages: { create } });
    const id = `${way}@${DOMAIN}`;
    const answer = await client.messages.create(DOMAIN, { ...MAIL, 'h:Message-Id': `<${id}>` } as never);
    assert.deepEqual(answer, { status: 200, id: '<x@y>', message: 'Queued.' }, 'the answer stays that of mailgun.js');
    await homing.flush();
    assert.equal(await stateAt(daemon.url, (await homing.status(id))?.statusToken), 'sent', way);
  }
});

test('without a key there is no token', async (t) => {
  const { ways } = await both(t, {});
  for (const [way, homing] of Object.entries(ways)) {
    const create = async (_domain: string, _data: object) => ({ status: 200, id: '<x@y>' });
    const id = `${way}@${DOMAIN}`;
    await homing
      .wrapMailgun({ messages: { create } })
      .messages.create(DOMAIN, { ...MAIL, 'h:Message-Id': id } as never);
    await homing.flush();
    assert.equal((await homing.status(id))?.statusToken, undefined, way);
  }
});

test('of all that ask whether they may send anew one may, whichever way they ask', async (t) => {
  const { ways } = await both(t, { ENCRYPTION_KEY: KEY, RESEND_COOLDOWN: '1h' });
  const all = Object.values(ways).flatMap((homing) => Array.from({ length: 5 }, () => homing));
  const answers = await Promise.all(all.map((homing) => homing.mayResend('reset:42')));
  assert.deepEqual(answers.map(({ answer }) => answer).sort(), [...Array(9).fill('wait'), 'yes']);
  for (const { resendAvailableAt } of answers)
    assert.ok(Date.parse(resendAvailableAt ?? '') > Date.now() + 3_500_000, 'by the cooldown of the daemon');
  for (const homing of Object.values(ways)) {
    await homing.deliverLater(DOMAIN, { ...MAIL, 'v:homing-key': 'reset:43' });
    assert.equal((await homing.mayResend(' reset:43')).answer, 'wait');
    await homing.cancel({ key: 'reset:43' });
    assert.deepEqual(await homing.mayResend('reset:43'), { answer: 'cancelled', resendAvailableAt: null });
    await assert.rejects(homing.mayResend(''), { code: 'invalid' });
    await assert.rejects(homing.mayResend(undefined as never), { code: 'invalid' });
  }
});

test('in a test everything may be sent anew, and nothing is asked', async () => {
  const homing = createHoming({ url: 'http://127.0.0.1:9', token: 'none' });
  homing.testing();
  assert.deepEqual(await homing.mayResend('reset:42'), { answer: 'yes', resendAvailableAt: null });
});
