import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { keyName, seal, sealedBy, unseal } from '../../src/base/seal.ts';

const [OLD, NEW] = ['01'.repeat(32), '02'.repeat(32)];
const BODY = Buffer.from('Subject: Hi\r\n\r\nHi\r\n');

test('a body opens with the key that it was sealed with, wherever that stands among the keys', async () => {
  const sealed = await seal(BODY, OLD, 'a');
  for (const keys of [[OLD], [NEW, OLD], [OLD, NEW]]) assert.deepEqual(await unseal(sealed, keys, 'a'), BODY);
  for (const keys of [[NEW], []]) await assert.rejects(unseal(sealed, keys, 'a'), /none of the keys/);
});

test('a body says by which key it is sealed, and tells nothing else of it', async () => {
  assert.equal(sealedBy(await seal(BODY, OLD, 'a')), keyName(OLD));
  assert.notEqual(keyName(OLD), keyName(NEW));
  assert.equal(keyName('AB'.repeat(32)), keyName('ab'.repeat(32)));
  assert.ok(!(await seal(BODY, OLD, 'a')).includes(Buffer.from(OLD, 'hex').subarray(0, 8)));
});

test('a body of the version without names opens with any of the keys', async () => {
  const nonce = Buffer.alloc(12, 7);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(OLD, 'hex'), nonce).setAAD(Buffer.from('a'));
  const content = Buffer.concat([cipher.update(deflateRawSync(BODY)), cipher.final()]);
  const sealed = Buffer.concat([Buffer.from([1]), nonce, cipher.getAuthTag(), content]);
  assert.equal(sealedBy(sealed), null);
  for (const keys of [[OLD], [NEW, OLD], [OLD, NEW]]) assert.deepEqual(await unseal(sealed, keys, 'a'), BODY);
  for (const keys of [[NEW], []]) await assert.rejects(unseal(sealed, keys, 'a'));
});

test('a body that was changed, or moved to another message, does not open', async () => {
  const sealed = await seal(BODY, OLD, 'a');
  await assert.rejects(unseal(sealed, [OLD], 'b'));
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await assert.rejects(unseal(changed, [OLD], 'a'), `byte ${at}`);
  }
  await assert.rejects(unseal(sealed.subarray(0, 20), [OLD], 'a'));
});

test('a body that comes to more than can be opened is refused, however often it is tried', async () => {
  const packsBadly = Buffer.from(randomBytes(3 * 1024 * 1024).toString('base64'));
  const sealed = await seal(
    Array.from({ length: 17 }, () => packsBadly),
    OLD,
    'a',
  );
  for (let n = 0; n < 20; n++) await assert.rejects(unseal(sealed, [OLD], 'a'), { code: 'ERR_BUFFER_TOO_LARGE' });
});
