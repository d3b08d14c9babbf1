import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyWithoutOthers, valueWithoutOthers, withoutOthers } from '../../src/core/others.ts';

const ANNA = 'anna@example.com';

const TEXTS: [string, string][] = [
  ['to Anna <anna@example.com>, bob@example.com.', 'to Anna <anna@example.com>, (somebody else).'],
  ['550 <bob@example.com>: no; ANNA@Example.com: yes', '550 <(somebody else)>: no; ANNA@Example.com: yes'],
  ['"bob smith"@example.com', '(somebody else)'],
  ['bounce+bob=example.com@list.example.org', '(somebody else)'],
  ['bob=40example.com and anna=40example.com', '(somebody else) and anna=40example.com'],
  ['https://x.example/u?to=bob%40example.com&z=1', 'https://x.example/u?(somebody else)&z=1'],
  ['https://x.example/u?to=anna%40example.com', 'https://x.example/u?to=anna%40example.com'],
  ['joanna@example.com anna@example.com.au', '(somebody else) (somebody else)'],
  ["o'brien@b\u00fccher.example", '(somebody else)'],
  ['%3Cbob@example.com %zzbob@example.com', '(somebody else) (somebody else)'],
  ['nobody here @ all', 'nobody here @ all'],
];

for (const [text, left] of TEXTS)
  test(`everybody but one is taken out of: ${text}`, () => assert.equal(withoutOthers(text, ANNA), left));

test('a person is known in each spelling of the domain', () => {
  const text = 'x@b\u00fccher.example x@xn--bcher-kva.example';
  assert.equal(withoutOthers(text, 'x@b\u00fccher.example'), text);
});

test('ids of messages stay, and addresses in names of fields go', () => {
  const event = {
    recipient: ANNA,
    message: { headers: { 'message-id': '1@mg.example.com', to: `${ANNA}, bob@example.com` } },
    'bob@example.com': ['eve@example.com', 1, null],
  };
  assert.deepEqual(valueWithoutOthers(event, ANNA), {
    recipient: ANNA,
    message: { headers: { 'message-id': '1@mg.example.com', to: `${ANNA}, (somebody else)` } },
    '(somebody else)': ['(somebody else)', 1, null],
  });
});

test('a form is read field by field, with JSON in it, and what is neither is read as text', () => {
  const form = `recipient=anna%40example.com&To=bob%2Bx%40example.com&Message-Id=%3C1%40x%3E&h=%5B%5B%22To%22%2C%22bob%40e.com%22%5D%5D`;
  assert.deepEqual(bodyWithoutOthers(form, 'application/x-www-form-urlencoded', ANNA), [
    ['recipient', ANNA],
    ['To', '(somebody else)'],
    ['Message-Id', '<1@x>'],
    ['h', [['To', '(somebody else)']]],
  ]);
  assert.equal(bodyWithoutOthers('To: bob@example.com', 'message/rfc822', ANNA), 'To: (somebody else)');
  assert.deepEqual(bodyWithoutOthers('{"a":"\\u0062ob@x.com"}', null, ANNA), { a: '(somebody else)' });
  assert.equal(bodyWithoutOthers('{"a": bob@x.com', null, ANNA), '{"a": (somebody else)');
});

test('the time that it takes grows with the text and no faster', () => {
  // Squared, each of these would take minutes.
  for (const piece of ['a', 'a=', 'a@', '"a', 'a%2B', 'a.', '%40', '%', '=40', 'a@b.', '"'])
    assert.ok(withoutOthers(piece.repeat(100_000), ANNA).length > 0, piece);
});
