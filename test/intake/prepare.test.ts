import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../src/base/errors.ts';
import { unseal } from '../../src/base/seal.ts';
import { createPrepare } from '../../src/intake/prepare.ts';
import { prepareHere } from '../../src/intake/prepare-here.ts';
import { prepareInThread } from '../../src/intake/prepare-in-thread.ts';
import type { RawCall } from '../../src/intake/read-call.ts';
import { unpackForm } from '../../src/mail/form.ts';
import { SETTINGS } from '../http/support.ts';
import { MORNING } from '../support/clock.ts';

const KEY = 'ab'.repeat(32);
const TERMS = { settings: SETTINGS, encryptionKey: KEY, domains: ['mg.example.com'] };

const call = (fields: Record<string, string>, other: Partial<RawCall> = {}): RawCall => ({
  path: '/v3/mg.example.com/messages',
  domain: 'mg.example.com',
  contentType: 'application/x-www-form-urlencoded',
  raw: Buffer.from(new URLSearchParams(fields).toString()),
  caller: 'Basic x',
  idempotencyKey: 'order 17',
  ...other,
});

const MAIL = { from: 'shop@example.com', to: 'ann@example.org', subject: 'x', text: 'Hi '.repeat(300_000) };

test('a large call is read in a thread to what it would be here', async () => {
  const there = await createPrepare(TERMS)(call(MAIL), MORNING);
  const here = await prepareHere(TERMS)(call(MAIL), MORNING);
  assert.deepEqual(there.call, here.call);
  const { id, body, messageId, ...draft } = there.draft;
  const { id: _, body: __, messageId: ___, ...expected } = here.draft;
  assert.deepEqual(draft, expected);
  const form = unpackForm(await unseal(body, [KEY], id)) ?? [];
  assert.equal(Object.fromEntries(form)['text'], MAIL.text);
});

test('the bytes of a large call are moved and not copied; those that share their memory are copied', async () => {
  const prepare = prepareInThread(TERMS);
  const whole = call(MAIL, { raw: Buffer.concat([call(MAIL).raw]) });
  const shared = call(MAIL, { raw: Buffer.concat([Buffer.from('&'), call(MAIL).raw]).subarray(1) });
  await Promise.all([prepare(whole, MORNING), prepare(shared, MORNING)]);
  assert.equal(whole.raw.length, 0);
  assert.ok(shared.raw.length > 900_000, 'its memory is still here');
});

test('a large call that is refused is refused in the same words', async () => {
  const prepare = createPrepare(TERMS);
  const { to: _, ...nobody } = MAIL;
  await assert.rejects(prepare(call(nobody), MORNING), (error) => {
    assert.ok(error instanceof AppError, 'it is an AppError');
    assert.deepEqual([error.code, error.message], ['invalid', 'to parameter is missing']);
    return true;
  });
  assert.ok(await prepare(call(MAIL), MORNING), 'the next one is read');
});

test('when the thread breaks, its calls fail and the next one is read', async () => {
  const prepare = prepareInThread(TERMS);
  // More bytes than there are: no Buffer can be made of it.
  const raw = { buffer: new ArrayBuffer(8), byteOffset: 0, byteLength: 8, length: 9 } as unknown as Buffer;
  const broken = call(MAIL, { raw });
  await assert.rejects(prepare(broken, MORNING));
  assert.ok(await prepare(call(MAIL), MORNING), 'the next one is read');
});
