import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Guard, guarded } from '../../../src/drill/play/guard.ts';
import { type Call, isMailCall, mailIn } from '../../../src/drill/play/mail-call.ts';
import { readBody } from '../../../src/lab/sim/form.ts';
import { writeForm } from '../../../src/providers/mailgun/write-form.ts';

const GUARD: Guard = { domain: 'drill.example.com', recipients: ['me@example.com', 'you@example.org'] };

const call = (fields: Record<string, string>, path = '/v3/drill.example.com/messages'): Call => {
  const { headers, body } = writeForm(Object.entries({ from: 'drill@drill.example.com', text: 'Hi', ...fields }));
  return { method: 'POST', path, headers, body: Buffer.concat(body) };
};

const judged = (one: Call) => guarded(GUARD, one, isMailCall(one) ? mailIn(one) : null);

const testModeOf = (one: Call | string) =>
  typeof one === 'string' ? one : readBody(one.body, one.headers['content-type'] ?? '', undefined).fields['o:testmode'];

test('mail to those on the list passes in test mode, whether it asked for that or not', () => {
  for (const to of ['me@example.com', 'Me <ME@example.com>, you@example.org'])
    assert.deepEqual(testModeOf(judged(call({ to }))), ['yes'], to);
  assert.deepEqual(testModeOf(judged(call({ to: 'me@example.com', 'o:testmode': 'yes' }))), ['yes']);
  const plain = { ...call({}), headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  assert.deepEqual(testModeOf(judged({ ...plain, body: Buffer.from('to=me%40example.com&text=Hi') })), ['yes']);
});

test('test mode is what the field says, and not what is written anywhere else', () => {
  const part = 'name="o:testmode"\r\n\r\nyes\r\n';
  const others: Record<string, string>[] = [
    { subject: 'About testmode' },
    { text: part },
    { subject: part, text: part },
  ];
  for (const fields of others)
    assert.deepEqual(testModeOf(judged(call({ to: 'me@example.com', ...fields }))), ['yes'], JSON.stringify(fields));
  const form = 'to=me%40example.com&text=';
  const plain = { ...call({}), headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  for (const text of ['o:testmode%3Dyes', encodeURIComponent(part)])
    assert.deepEqual(testModeOf(judged({ ...plain, body: Buffer.from(`${form}${text}`) })), ['yes'], text);
});

test('a mail that says of its test mode anything but yes, or more than one thing, does not pass', () => {
  const barred = 'a mail that names its test mode itself';
  const plain = { ...call({}), headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  for (const field of [
    'o:testmode=',
    'o:testmode=no',
    'O:TestMode=no',
    'o:testmode[]=no',
    'o:testmode=yes&o:testmode=no',
  ])
    assert.equal(judged({ ...plain, body: Buffer.from(`to=me%40example.com&${field}`) }), barred, field);
  const file = { filename: 'no.txt', type: 'text/plain', content: Buffer.from('no') };
  const { headers, body } = writeForm([
    ['to', 'me@example.com'],
    ['o:testmode', file],
  ]);
  assert.equal(judged({ ...plain, headers, body: Buffer.concat(body) }), barred);
});

test('a mail to which test mode can not be added does not pass', () => {
  const json = { ...call({}), headers: { 'content-type': 'application/json' } };
  for (const body of ['{"to":"me@example.com"}', '{"to":"me@example.com","o:testmode":"yes"}'])
    assert.equal(judged({ ...json, body: Buffer.from(body) }), 'a mail that is no form');
  const given = call({ to: 'me@example.com' });
  const late = { ...given, body: Buffer.concat([Buffer.from('before it\r\n'), given.body]) };
  assert.equal(judged(late), 'a mail in a form that takes no test mode');
});

test('what its form holds beside stays as it was', () => {
  const given = call({ to: 'me@example.com', text: 'Grüße\r\n--not a boundary' });
  const allowed = judged(given);
  assert.ok(typeof allowed !== 'string');
  const { 'o:testmode': _, ...others } = readBody(
    allowed.body,
    allowed.headers['content-type'] ?? '',
    undefined,
  ).fields;
  assert.deepEqual(others, readBody(given.body, given.headers['content-type'] ?? '', undefined).fields);
});

test('nobody else is mailed, by no field and in no spelling', () => {
  const other = 'a mail to somebody who is not on the list of recipients';
  const strange: Record<string, string>[] = [
    { to: 'eve@example.com' },
    { to: 'me@example.com, eve@example.com' },
    { to: 'me@example.com', cc: 'eve@example.com' },
    { to: 'me@example.com', bcc: 'eve@example.com' },
    { to: '"me@example.com" <eve@example.com>' },
    { to: 'me@example.com <eve' },
    { subject: 'to nobody' },
  ];
  for (const fields of strange) assert.equal(judged(call(fields)), other, JSON.stringify(fields));
  assert.equal(judged({ ...call({ to: 'me@example.com' }), body: Buffer.from('no form') }), other);
});

test('mail of another domain, mail out of test mode, and calls that change something do not pass', () => {
  assert.equal(judged(call({ to: 'me@example.com' }, '/v3/mg.example.com/messages')), 'a mail of another domain');
  assert.equal(judged(call({ to: 'me@example.com', 'o:testmode': 'no' })), 'a mail that names its test mode itself');
  for (const [method, path] of [
    ['DELETE', '/v3/drill.example.com/bounces/me@example.com'],
    ['POST', '/v3/drill.example.com/webhooks'],
    ['POST', '/v3/domains/drill.example.com/messages/key'],
  ] as const)
    assert.equal(judged({ ...call({}), method, path }), `${method} is no question and no mail`);
  for (const [method, path] of [
    ['GET', '/v3/drill.example.com/events?limit=300'],
    ['POST', '/v1/analytics/logs'],
  ] as const) {
    const question = { ...call({}), method, path };
    assert.equal(judged(question), question);
  }
});
