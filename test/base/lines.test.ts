import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { linesOf } from '../../src/base/lines.ts';

async function* chunked(text: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let n = 0; at < text.length; n++) {
    const size = sizes[n % sizes.length] ?? 1;
    yield text.subarray(at, at + size);
    at += size;
  }
}

const read = async (text: string, sizes: readonly number[], most = 1000) => {
  const lines = [];
  for await (const line of linesOf(chunked(Buffer.from(text), sizes), most)) lines.push(line);
  return lines;
};

test('a text comes out line by line, wherever it is broken on its way', async () => {
  const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }).map((s) => s.replace(/[\r\n]/g, 'ä')));
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(texts, sizes, fc.boolean(), async (lines, chunks, crlf) => {
      const ending = crlf ? '\r\n' : '\n';
      const got = await read(lines.map((line) => line + ending).join(''), chunks);
      assert.deepEqual(
        got.map(({ text }) => text),
        lines,
      );
      assert.deepEqual(
        got.map(({ number }) => number),
        lines.map((_, i) => i + 1),
      );
    }),
  );
});

test('a line that is too long is told and left out, and the next one is whole', async () => {
  const got = await read(`${'x'.repeat(5000)}\nshort\nlast`, [7], 100);
  assert.deepEqual(
    got.map(({ number, text }) => [number, text]),
    [
      [1, null],
      [2, 'short'],
      [3, 'last'],
    ],
  );
  assert.equal(got.at(-2)?.bytes, 5007);
});
