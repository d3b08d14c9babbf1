import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { readDkim } from '../../../src/core/care/dkim.ts';

const keyOf = (bits: number, type: 'spki' | 'pkcs1' = 'spki') =>
  generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'der', type }).toString('base64');

test('the length of a key is read, in both of its forms and with spaces in it', () => {
  for (const bits of [1024, 2048]) {
    const read = readDkim(`k=rsa; p=${keyOf(bits).replace(/(.{60})/g, '$1 ')}`);
    assert.equal(read?.kind === 'key' && read.bits, bits);
  }
  const bare = readDkim(`v=DKIM1; p=${keyOf(1024, 'pkcs1')}`);
  assert.equal(bare?.kind === 'key' && bare.bits, 1024);
});

test('a key that is empty was revoked, and one that can not be read is broken', () => {
  assert.deepEqual(readDkim('v=DKIM1; k=rsa; p='), { kind: 'revoked' });
  assert.equal(readDkim('v=DKIM1; p=bm90aGluZw==')?.kind, 'broken');
  assert.equal(readDkim('v=DKIM1; k=dsa; p=bm90aGluZw==')?.kind, 'broken');
});

test('another kind of key is taken, and another kind of record is none', () => {
  assert.deepEqual(readDkim('v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='), {
    ...{ kind: 'key', type: 'ed25519', bits: null, key: '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=' },
  });
  for (const text of ['v=spf1 -all', 'v=DKIM2; p=abc', '', 'hello']) assert.equal(readDkim(text), null);
});
