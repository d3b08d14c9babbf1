import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkUnsubscribing } from '../../src/commands/doctor/unsubscribing.ts';
import { dayOf } from '../../src/core/care/sendings.ts';
import { transact } from '../../src/store/db/transact.ts';
import { addSendings } from '../../src/store/figures/sendings.ts';
import { type Homing, queueMail, startByHand } from '../support/homing.ts';

const env = { ENCRYPTION_KEY: 'ab'.repeat(32) };
const BULK = { 'v:homing-class': 'bulk' };
const ONE_CLICK = {
  'h:List-Unsubscribe': '<https://example.com/u>',
  'h:List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
};

const notesIn = async ({ store }: Homing): Promise<string[]> => {
  const rows: { body: string }[] = await store.db('facts').where({ kind: 'noted' }).orderBy('delivery_id');
  return rows.map(({ body }) => (JSON.parse(body) as { what: string }).what.split(':')[0] ?? '');
};

const find = ({ store, clock }: Homing) => checkUnsubscribing(store, clock());

test('bulk mail that nobody can unsubscribe from with one click is noted, and the doctor counts it', async (t) => {
  const homing = await startByHand(t, { env });
  await queueMail(homing, 'a@example.org', { 'v:homing-class': 'access' });
  assert.deepEqual(await find(homing), []);
  await queueMail(homing, 'b@example.org', { ...BULK, ...ONE_CLICK });
  await queueMail(homing, 'c@example.org', { 'v:homing-class': 'notice' });
  assert.deepEqual(await notesIn(homing), []);
  assert.equal((await find(homing))[0]?.status, 'ok');
  await queueMail(homing, 'd@example.org', BULK);
  await queueMail(homing, 'e@example.org', { ...BULK, 'h:List-Unsubscribe': '<mailto:u@example.com>' });
  assert.deepEqual((await notesIn(homing)).toSorted(), [
    'it has no List-Unsubscribe',
    'its List-Unsubscribe is not for one click',
  ]);
  const [finding] = await find(homing);
  assert.equal(finding?.status, 'warning');
  assert.match(
    finding?.says ?? '',
    /^2 of 3 bulk mails of the last 7 days can not be unsubscribed from with one click$/,
  );
});

test('who asks for it is named when a day had so much mail for it', async (t) => {
  const homing = await startByHand(t, { env });
  await queueMail(homing, 'd@example.org', BULK);
  const day = dayOf(homing.clock());
  const add = (mailbox: 'google' | 'other', ip: string, arrived: number) =>
    transact(homing.store, (tx) => addSendings(tx, [[day, 'mailgun', ip, mailbox, arrived, 0, 0, 0, 0, 0]]));
  await add('other', '192.0.2.1', 9000);
  await add('google', '192.0.2.1', 3000);
  assert.doesNotMatch((await find(homing))[0]?.says ?? '', /wants it of/);
  await add('google', '192.0.2.2', 2000);
  assert.match(
    (await find(homing))[0]?.says ?? '',
    /; google got 5 000 on one day, and wants it of bulk senders \(Gmail from 5 000 a day on, Yahoo without a number\)$/,
  );
});
