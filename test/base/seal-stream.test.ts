import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { sealed, unsealed } from '../../src/base/seal-stream.ts';

const KEY = 'ab'.repeat(32);
const OLD = 'cd'.repeat(32);
const PIECE = 64 * 1024;

async function bytesOf(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

const sealedWith = (body: Buffer, key = KEY, context = 'a'): Promise<Buffer> =>
  bytesOf(sealed(Readable.from([body]), key, context));
const opened = (body: Buffer, keys: readonly string[] = [KEY], context = 'a'): Promise<Buffer> =>
  bytesOf(unsealed(Readable.from([body]), keys, context));

test('what was sealed opens again, whatever its length and in whatever parts it comes', async () => {
  for (const length of [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 7]) {
    const body = randomBytes(length);
    const parts = Array.from({ length: Math.ceil(length / 1000) }, (_, n) => body.subarray(1000 * n, 1000 * (n + 1)));
    const closed = await bytesOf(sealed(Readable.from(parts), KEY, 'a'));
    assert.deepEqual(await opened(closed), body);
    const torn = Array.from({ length: Math.ceil(closed.length / 777) }, (_, n) =>
      closed.subarray(777 * n, 777 * (n + 1)),
    );
    assert.deepEqual(await bytesOf(unsealed(Readable.from(torn), [KEY], 'a')), body);
  }
});

test('an older key opens what it has sealed, and no other does', async () => {
  const body = await sealedWith(Buffer.from('hello'), OLD);
  assert.equal(String(await opened(body, [KEY, OLD])), 'hello');
  await assert.rejects(opened(body, [KEY]), /none of the keys/);
  await assert.rejects(opened(body, []), /none of the keys/);
});

test('nothing opens that was changed, cut off, put together otherwise, or belongs to something else', async () => {
  const body = await sealedWith(randomBytes(3 * PIECE));
  const head = 24;
  const piece = PIECE + 16;
  for (const at of [head, head + piece, body.length - 1]) {
    const changed = Buffer.from(body);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await assert.rejects(opened(changed), `byte ${at}`);
  }
  for (const length of [0, head - 1, head, head + 5, head + piece, head + 2 * piece, body.length - 1])
    await assert.rejects(opened(body.subarray(0, length)), `${length} bytes`);
  const [first, second, third] = [0, 1, 2].map((n) => body.subarray(head + n * piece, head + (n + 1) * piece));
  const swapped = [body.subarray(0, head), second, first, third] as Buffer[];
  await assert.rejects(opened(Buffer.concat(swapped)));
  await assert.rejects(opened(Buffer.concat([body, third ?? Buffer.alloc(0)])));
  await assert.rejects(opened(body, [KEY], 'b'));
});
