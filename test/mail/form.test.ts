import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FormEntry, packForm, unpackForm } from '../../src/mail/form.ts';

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.nat(3).map((n) => '"ü\n\0'.repeat(30_000).slice(n)),
);
const file = fc.record(
  {
    filename: fc.string(),
    type: fc.string(),
    content: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  },
  { noNullPrototype: true },
);

test('a form is the same after it was kept, with long texts and files in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.oneof(text, file)), { maxLength: 8 }), (form: FormEntry[]) => {
      assert.deepEqual(unpackForm(Buffer.concat(packForm(form))), form);
    }),
    { numRuns: 50 },
  );
});

test('what is no form is none', () => {
  assert.equal(unpackForm(Buffer.from('Subject: Hi\r\n\r\nHi\r\n')), null);
});
