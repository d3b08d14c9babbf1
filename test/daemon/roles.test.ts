import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkWork } from '../../src/commands/doctor/work.ts';
import { readConfig } from '../../src/config/config.ts';
import { settled, until } from '../../src/lab/campaign/application.ts';
import { copiesOf } from '../../src/lab/campaign/verdict.ts';
import { createWorld, DOMAIN, TOKEN, type World } from '../../src/lab/campaign/world.ts';
import { openStore } from '../../src/store/db/open.ts';
import { daemonsSince } from '../../src/store/notes/daemons.ts';

async function handIn(url: string, to: string): Promise<number> {
  const authorization = `Basic ${Buffer.from(`api:${TOKEN}`).toString('base64')}`;
  const body = new URLSearchParams({ from: `Shop <shop@${DOMAIN}>`, to, subject: 'Hello', text: 'Hi' });
  const reply = await fetch(`${url}/v3/${DOMAIN}/messages`, { method: 'POST', headers: { authorization }, body });
  await reply.arrayBuffer();
  return reply.status;
}

const worldOf = (): Promise<World> =>
  createWorld({ env: { ENCRYPTION_KEY: 'ab'.repeat(32) }, sim: { otherwise: () => 'deliver' } });

test('daemons of one role each do together what one does, and the doctor names a role that nobody has', async (t) => {
  const world = await worldOf();
  t.after(world.close);
  const store = openStore(world.database);
  t.after(store.close);
  const [web] = [await world.start({ HOMING_ROLES: 'web,tell' })];
  const url = `http://127.0.0.1:${await web.up}`;
  assert.equal(await handIn(url, 'reader@there.example'), 200);
  const doctor = async () => {
    const config = readConfig(world.env, 'database');
    return (await checkWork(store, config, Date.now())).filter(({ check }) => check === 'daemons');
  };
  await until('it to say that it is there', async () => (await daemonsSince(store, 0)).length === 1);
  const [{ status, says } = { status: '', says: '' }] = await doctor();
  assert.equal(status, 'problem');
  assert.match(says, /none does what is of digest, dispatch, reconcile$/);
  assert.equal(copiesOf(world, 'reader@there.example'), 0);

  const other = await world.start({ HOMING_ROLES: 'dispatch' });
  await until('the mail to leave', () => copiesOf(world, 'reader@there.example') === 1);
  const apart = `http://127.0.0.1:${await other.up}`;
  assert.equal((await fetch(`${apart}/readyz`)).status, 200);
  assert.equal(await handIn(apart, 'nobody@there.example'), 404);
  assert.equal((await fetch(`${apart}/webhooks/mailgun`, { method: 'POST', body: '{}' })).status, 404);
  await world.start({ HOMING_ROLES: 'digest,reconcile' });
  await settled(url);
  await until('all to be there', async () => (await doctor())[0]?.status === 'ok');
  // By the daemon that reads events, which has nothing to do with alerts.
  const counted = () =>
    store.db('mail_signs').where({ domain: DOMAIN, receiver: 'there.example' }).max({ n: 'arrived' }).first();
  await until('what became of it to be counted', async () => Number((await counted())?.['n']) === 1);
});

test('one of two daemons reads the records of the provider, and the other one takes over when it dies', async (t) => {
  const world = await worldOf();
  t.after(world.close);
  const store = openStore(world.database);
  t.after(store.close);
  const env = { DUE_POLL: '1s' };
  const first = await world.start(env);
  const owner = () => store.db('cursors').where({ name: 'turn:reconcile' }).first('value', 'at');
  await until('the first one to reconcile', async () => ((await owner())?.at ?? 0) > 0);
  const { value } = await owner();
  await world.start(env);
  const ticks = async (count: number) => {
    const at = async () => Number((await store.db('cursors').where({ name: 'reconciled' }).first('at'))?.at ?? 0);
    for (let n = 0, last = await at(); n < count; n++) {
      await until('another tick', async () => (await at()) > last);
      last = await at();
    }
  };
  await ticks(3);
  assert.equal((await owner()).value, value, 'the second one leaves it to the first');
  await first.kill();
  await until('the second one to have it', async () => (await owner()).value !== value);
  await ticks(2);
});
