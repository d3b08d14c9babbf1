import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageIdInField, newMessageId, readMessageId } from '../../src/mail/message-id.ts';

test('a Message-Id is the same with and without its angle brackets', () => {
  for (const given of ['a.1@example.com', '<a.1@example.com>', ' <a.1@example.com> \n'])
    assert.equal(readMessageId(given), 'a.1@example.com');
});

test('what is no Message-Id is none, however it was given', () => {
  for (const given of ['', '<>', '<a@b', 'a b@example.com', '<a@b>\r\nBcc: x@y', 'jörg@example.com', 'a'.repeat(999)])
    assert.equal(readMessageId(given), null, given);
});

test('in a field of a mail it is found beside comments, and one too long to be kept is none', () => {
  assert.equal(messageIdInField('<a@example.com> (added by the relay)'), 'a@example.com');
  assert.equal(messageIdInField(' a@example.com '), 'a@example.com');
  assert.equal(messageIdInField(`<${'a'.repeat(999)}>`), null);
  assert.equal(messageIdInField('two words'), null);
});

test('a new one is one', () => {
  const id = newMessageId('example.com');
  assert.equal(readMessageId(`<${id}>`), id);
  assert.notEqual(newMessageId('example.com'), id);
});
