import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapedJson, safeJson, safeLine, safeLines, shortened, storable } from '../../src/core/safe-text.ts';

const UNSAFE = {
  'an escape sequence': '\x1b[2J',
  'a carriage return': '\r',
  'a NUL': '\0',
  'a C1 control': '\x9b31m',
  'a DEL': '\x7f',
  'an Arabic letter mark': '\u061c',
  'a direction override': '\u202e',
  'a direction isolate': '\u2066',
  'a direction mark': '\u200e',
  'a character without width': '\u200b',
  'a word joiner': '\u2060',
  'a byte order mark': '\ufeff',
  'a soft hyphen': '\u00ad',
  'an end of line of Unicode': '\u2028',
  'an end of paragraph of Unicode': '\u2029',
  'half a surrogate pair': '\ud800',
  'an invisible tag': '\u{e0041}',
  'an annotation anchor': '\ufff9',
  'a filler without ink': '\u3164',
  'a pattern of no dots': '\u2800',
  'a character that is left open to be ignored': '\ufff0',
};

for (const [what, text] of Object.entries(UNSAFE)) {
  const unsafe = text.slice(0, text === '\x1b[2J' || text === '\x9b31m' ? 1 : undefined);
  test(`${what} is taken out of a line, and is an escape in JSON`, () => {
    const given = `one${text}two`;
    assert.equal(safeLine(given).includes(unsafe), false);
    const json = safeJson({ given }, 2);
    assert.equal(json.includes(unsafe), false);
    assert.deepEqual(JSON.parse(json), { given });
  });
}

test('letters of all scripts, marks and pictures stay as they are', () => {
  const text = 'Grüße, Žluťoučký, Ελληνικά, русский, עברית, العربية, हिन्दी, 日本語, 한국어, 葛\u{e0100}, 👍🏽 ❤️ “—”';
  assert.equal(safeLine(text), text);
  assert.equal(safeJson(text), JSON.stringify(text));
});

test('the lines of a text stay lines, and only those', () => {
  assert.equal(safeLines('  one\n  two\rthree\u2028four'), '  one\n  two three four');
});

test('a pile of marks on one letter is cut', () => {
  assert.equal(safeLine(`a${'\u0301'.repeat(500)}b`), `a${'\u0301'.repeat(6)}b`);
});

test('a text is cut between characters, never within one', () => {
  assert.equal(shortened('👍👍👍', 3), '👍👍👍');
  assert.equal(shortened('👍👍👍👍', 3), '👍👍…');
  assert.equal(shortened('abcd', 3), 'ab…');
  assert.equal([...safeLine('👍'.repeat(10_000), 100)].length, 100);
});

test('the line ends of indented JSON stay, those in values are escapes', () => {
  assert.equal(safeJson({ a: 'x\ny' }, 2), '{\n  "a": "x\\ny"\n}');
  assert.equal(escapedJson('"\u{e0041}"'), '"\\udb40\\udc41"');
});

test('a text of megabytes takes no longer than its part that is kept', () => {
  const began = process.hrtime.bigint();
  safeLine('\u202e'.repeat(5_000_000));
  assert.ok(process.hrtime.bigint() - began < 200_000_000n);
});

test('a text for a column has no halves of pairs, no NUL, and its length in characters', () => {
  assert.equal(storable('a\ud800b\0c', 10), 'a\ufffdb\ufffdc');
  assert.equal([...storable('👍'.repeat(300), 191)].length, 191);
});
