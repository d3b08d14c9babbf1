import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withSafeFiles } from '../../src/intake/form-files.ts';
import { composeMime } from '../../src/mail/compose.ts';

const cleaned = (filename: string, type: string) => {
  const [[, file] = []] = withSafeFiles([['attachment', { filename, type, content: Buffer.from('x') }]]);
  return file !== undefined && typeof file !== 'string' ? file : assert.fail();
};
const typeOf = (type: string) => cleaned('a', type).type;
const nameOf = (name: string) => cleaned(name, '').filename;

test('a type stays as it is, with all that its parameters may hold', () => {
  for (const type of [
    '',
    'application/pdf',
    'application/pdf; name="Rechnung (1).pdf"',
    'text/csv; charset=utf-8; name="a,b.csv"',
    'image/png; name="a:b.png"',
    'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
    'application/pdf; name="Übersicht März.pdf"',
    'application/pdf;\tname=Übersicht März.pdf',
    'text/plain; x="a;\\"b\\\\";y=\'z\'',
    'application/vnd.oasis.opendocument.text;',
  ])
    assert.equal(typeOf(type), type);
  assert.equal(typeOf('application/pdf;\r\n\tname="a.pdf"'), 'application/pdf;\tname="a.pdf"');
});

test('of a type that is broken its first half stays, and what has none is bytes', () => {
  for (const broken of [
    'text/plain; name="a',
    'text/plain; name="a\\"',
    'text/plain; name="a\0"',
    'text/plain; name="a\u2028"',
    'text/plain;\r\nX-Own: 1\r\n\r\nbody',
    'text/plain\r\n; a=b',
    'text/plain a=b',
    `text/plain; name="${'a'.repeat(1000)}"`,
    `text/plain;${'"a"'.repeat(1_000_000)}`,
  ])
    assert.equal(typeOf(broken), 'text/plain', broken.slice(0, 40));
  for (const none of ['weird', 'text/', '/plain', ' text/plain', '"text/plain"', 'text /plain', 'ä/b'])
    assert.equal(typeOf(none), 'application/octet-stream', none);
});

test('a name has no folders before it, whichever system it comes from', () => {
  for (const name of ['C:\\dir\\a.txt', '/var/tmp/a.txt', '\\\\server\\share\\a.txt', 'dir\\sub/a.txt', '../a.txt'])
    assert.equal(nameOf(name), 'a.txt', name);
  for (const none of ['/', 'C:\\dir\\']) assert.equal(nameOf(none), 'file', none);
});

test('of a name only what ends a header, or turns the text round, becomes another character', () => {
  for (const name of [
    '👨\u200d👩\u200d👧.png',
    'می\u200cخواهم.txt',
    'soft\u00adhyphen.txt',
    '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}.png',
    "a;b,c'(1)%41 .txt",
  ])
    assert.equal(nameOf(name), name);
  assert.equal(nameOf('a"b.txt'), 'a_b.txt');
  for (const wrong of ['\0', '\t', '\r', '\n', '\x7f', '\x85', '\u2028', '\u200f', '\u202e', '\u2066', '\ud83d'])
    assert.equal(nameOf(`a${wrong}b.txt`), 'a_b.txt', escape(wrong));
});

test('a name of more than 255 characters is cut before its ending', () => {
  assert.equal(nameOf(`${'x'.repeat(300)}.pdf`), `${'x'.repeat(251)}.pdf`);
  assert.equal(nameOf(`${'👩'.repeat(300)}.docx`), `${'👩'.repeat(250)}.docx`);
  assert.equal(nameOf('x'.repeat(300)), 'x'.repeat(255));
  assert.equal(nameOf(`a.${'x'.repeat(300)}`), `a.${'x'.repeat(253)}`);
  for (const whole of [`${'x'.repeat(251)}.pdf`, `${'👩'.repeat(251)}.pdf`]) assert.equal(nameOf(whole), whole);
  assert.equal(nameOf('x/'.repeat(5_000_000)), 'file');
});

test('names and types that stay break no header of the mail that is composed of them', async () => {
  const files = [
    cleaned('می\u200cخواهم.txt', 'text/plain; name="می\u200cخواهم.txt"'),
    cleaned('a.pdf', 'application/pdf; name="a;\\"b (1).pdf"; x=y z'),
  ];
  const form = [['text', 'Hi'] as const, ...files.map((file) => ['attachment', file] as const)];
  const mime = String(await composeMime(form, 'ann@example.org', 'm1@mg.example.com'));
  const types = mime.replace(/\r\n[ \t]/g, ' ').match(/^Content-Type: .*$/gm);
  assert.match(String(types?.[2]), /^Content-Type: text\/plain; name="=\?UTF-8\?B\?[^"\s]+\?="$/);
  assert.equal(types?.[3], 'Content-Type: application/pdf; x="y z"; name=a.pdf');
});
