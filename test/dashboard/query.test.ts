import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readQuery } from '../../src/dashboard/search/query.ts';
import { tokensIn, withValue } from '../../src/dashboard/search/tokens.ts';

const TERMS = { timezone: 'Europe/Berlin', providers: ['mailgun', 'smtp.example:25'] };
const read = (search: string) => readQuery(search, TERMS);
const filterIn = (search: string) => {
  const { filter, problems } = read(search);
  assert.deepEqual(problems, [], search);
  return filter;
};

test('each qualifier says one thing about the mail, in any order', () => {
  assert.deepEqual(
    filterIn(
      'before:2026-11-26 state:failed to:Anna@Example.COM class:access cause:mailbox_full provider:mailgun key:user-1 tag:Reset subject:"password reset"',
    ),
    {
      until: Date.UTC(2026, 10, 25, 23),
      state: 'failed',
      recipient: 'Anna@example.com',
      class: 'access',
      cause: 'c:mailbox_full',
      provider: 'mailgun',
      key: 'user-1',
      terms: ['t:reset', 'w:password', 'w:reset'],
    },
  );
  assert.deepEqual(filterIn('after:2026-11-25T10:00Z'), { since: Date.UTC(2026, 10, 25, 10) });
  assert.deepEqual(filterIn('STATE:Failed'), { state: 'failed' });
  assert.deepEqual(filterIn(''), {});
});

test('what stands by itself is an address, a name of a message, or words', () => {
  assert.equal(read('anna@example.com').address, 'anna@example.com');
  assert.equal(read('<20261125.abc@mg.example.com>').named, '20261125.abc@mg.example.com');
  assert.equal(read('id:<a@b>').named, 'a@b');
  assert.equal(read('01K4ZZZZZZZZZZZZZZZZZZZZZZ').named, '01K4ZZZZZZZZZZZZZZZZZZZZZZ');
  assert.deepEqual(filterIn('Passwörter zurücksetzen').terms, ['w:passworter', 'w:zurucksetzen']);
  // One word or two: that is for the tables of the language to say.
  const said = filterIn('Re: 12:30').terms ?? [];
  assert.equal(said.map((term) => term.slice('w:'.length)).join(':'), 're:12:30');
  assert.deepEqual(filterIn('"state:failed"').state, undefined, 'in quotes it is no qualifier');
});

test('what nobody knows is said, with what was probably meant', () => {
  const problems = (search: string) => read(search).problems.join(' ');
  assert.match(problems('stat:failed'), /no qualifier stat:.*Did you mean state:\?/);
  assert.match(problems('http://example.com'), /no qualifier http:.*put it in quotes/);
  assert.match(problems('state:faild'), /state:faild is none.*Did you mean state:failed\? There are queued, /);
  assert.match(problems('class:acces'), /Did you mean class:access\?/);
  assert.match(problems('cause:mailbox_ful'), /Did you mean cause:mailbox_full\?/);
  assert.match(problems('provider:mailgum'), /Did you mean provider:mailgun\?/);
  assert.equal(problems('provider:gone.example'), '', 'one of earlier days');
  assert.match(problems('to:anna'), /needs a whole address/);
  assert.match(problems('before:yesterday'), /needs a day such as/);
  assert.match(problems('after:2026-13-45'), /needs a day such as/);
  assert.match(problems('state:failed state:queued'), /given twice/);
  assert.match(problems('a@b.example c@d.example'), /given twice/);
  assert.match(problems('state:'), /needs a value/);
  assert.match(problems('state: failed'), /state: needs a value .* without a blank between/);
  assert.match(problems('state:""'), /needs a value/);
  assert.match(problems('subject:"password'), /quote has no end/);
  assert.match(problems('...'), /no word/);
  assert.match(problems('a b c d e f g h i j k l m'), /More than 12 words/);
  assert.match(problems('x'.repeat(10_000)), /500 characters/);
  assert.equal(problems('__proto__:x'), '', 'no qualifier begins so: these are words');
  assert.match(problems('constructor:y'), /no qualifier constructor/);
});

test('a search is taken apart in time however it is made', () => {
  for (const hostile of [
    '"'.repeat(100_000),
    ':'.repeat(100_000),
    'a:'.repeat(50_000),
    ' '.repeat(100_000),
    '\u202e\0<>'.repeat(10_000),
  ])
    assert.ok(read(hostile).tokens.length <= 500);
});

test('one part of a search is exchanged, and the others stay as they are written', () => {
  const { tokens } = tokensIn('state:failed subject:"password reset" anna@example.com');
  assert.equal(withValue(tokens, 'state', 'queued'), 'subject:"password reset" anna@example.com state:queued');
  assert.equal(withValue(tokens, 'state', null), 'subject:"password reset" anna@example.com');
  assert.equal(withValue([], 'tag', 'two words'), 'tag:"two words"');
  assert.equal(withValue(tokensIn('state: class:bulk').tokens, 'state', 'failed'), 'class:bulk state:failed');
});
