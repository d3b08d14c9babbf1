import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkReceived, unsubscribingBy } from '../../src/mail/list-unsubscribe.ts';

const POST = 'List-Unsubscribe=One-Click';
const by = (list: string | null, post: string | null) =>
  unsubscribingBy((name) => (name === 'list-unsubscribe' ? list : name === 'list-unsubscribe-post' ? post : null));

test('one click takes an https link and the post field, as RFC 8058 has them', () => {
  assert.equal(by('<mailto:u@example.com>, <https://example.com/u?id=1>', POST), 'one-click');
  assert.equal(by('<%unsubscribe_url%>', POST), 'one-click');
  assert.equal(by('<https://example.com/u>', ' list-unsubscribe=one-click '), 'one-click');
  assert.equal(by(null, POST), 'none');
  assert.equal(by('  ', POST), 'none');
  for (const [list, post] of [
    ['<https://example.com/u>', null],
    ['<https://example.com/u>', 'One-Click'],
    ['<http://example.com/u>', POST],
    ['<mailto:u@example.com>', POST],
    ['https://example.com/u', POST],
  ] as const)
    assert.equal(by(list, post), 'link', `${list} ${post}`);
});

const received = (...fields: string[]) =>
  checkReceived(
    Buffer.from([...fields, 'Subject: News', '', 'List-Unsubscribe: <https://body.example>', ''].join('\r\n')),
  );
const BOTH = ['List-Unsubscribe: <https://example.com/u>', `List-Unsubscribe-Post: ${POST}`];
const signature = (names: string) => `DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=x;\r\n h=${names}; bh=x; b=y`;

test('of a mail that arrived one signature has to cover both fields', () => {
  const all = 'From:List-Unsubscribe:\r\n  List-Unsubscribe-Post:Subject';
  assert.deepEqual(received(signature('From'), signature(all), ...BOTH), { by: 'one-click', signed: true });
  assert.deepEqual(received(signature('From:List-Unsubscribe'), signature('List-Unsubscribe-Post'), ...BOTH), {
    ...{ by: 'one-click', signed: false },
  });
  assert.deepEqual(received(...BOTH), { by: 'one-click', signed: null });
  assert.deepEqual(received(signature(all)), { by: 'none', signed: true });
});

test('a header without end, and one of megabytes, is gone through once', () => {
  const endless = Buffer.from('DKIM-Signature: h=a\r\n'.repeat(200_000));
  assert.deepEqual(checkReceived(endless), { by: 'none', signed: false });
  assert.deepEqual(checkReceived(Buffer.alloc(0)), { by: 'none', signed: null });
});
