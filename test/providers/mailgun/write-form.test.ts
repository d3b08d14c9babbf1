import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FormEntry } from '../../../src/mail/form.ts';
import { formTypeOf, readForm } from '../../../src/mail/read-form.ts';
import { writeForm } from '../../../src/providers/mailgun/write-form.ts';

const LIMITS = { parts: 100, partSize: 10_000 };

function readBack(form: readonly FormEntry[]): FormEntry[] | string {
  const { headers, body } = writeForm(form);
  const type = formTypeOf(headers['content-type']);
  assert.ok(type);
  return readForm(Buffer.concat(body), type, LIMITS);
}

test('what is written is read as what was given: line ends, signs of all kinds, files with and without a type', () => {
  const form: FormEntry[] = [
    ['text', 'one\ntwo\r\nthree\rfour'],
    ['v:note', '{\n"ä": "✓"\n}'],
    ['subject', ''],
    ['attachment', { filename: 'Übersicht März.csv', type: '', content: Buffer.from('a\nb') }],
    [
      'attachment',
      { filename: 'b.bin', type: 'application/x-test; a=b', content: Buffer.from([0, 255, 13, 10, 45, 45]) },
    ],
  ];
  assert.deepEqual(readBack(form), form);
});

test('no name and no type breaks out of its header', () => {
  const file = { filename: 'a"; name="to\r\n\r\nx', type: 'text/plain\r\nX-Own: yes', content: Buffer.from('x') };
  const { body } = writeForm([
    ['o:"\r\n\r\ntag', 'x'],
    ['attachment', file],
  ]);
  assert.deepEqual(
    Buffer.concat(body)
      .toString()
      .split('\r\n')
      .filter((line) => line.startsWith('Content-')),
    [
      'Content-Disposition: form-data; name="o:%22%0D%0A%0D%0Atag"',
      'Content-Disposition: form-data; name="attachment"; filename="a%22; name=%22to%0D%0A%0D%0Ax"',
      'Content-Type: text/plainX-Own: yes',
    ],
  );
});

test('two forms never share a boundary, which nobody could know before', () => {
  const boundaries = Array.from({ length: 20 }, () => writeForm([['a', 'b']]).headers['content-type']);
  assert.equal(new Set(boundaries).size, 20);
});

test('whatever charset a form came in, it is written in UTF-8', () => {
  const given = Buffer.from('subject=Gr%FC%DFe+\x80&_charset_=windows-1252', 'latin1');
  const form = readForm(given, { kind: 'urlencoded', charset: null }, LIMITS);
  assert.ok(typeof form !== 'string');
  const bytes = Buffer.concat(writeForm(form).body);
  assert.ok(bytes.includes(Buffer.from('name="subject"\r\n\r\nGr\xc3\xbc\xc3\x9fe \xe2\x82\xac\r\n', 'latin1')));
});
