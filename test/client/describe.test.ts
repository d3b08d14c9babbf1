import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe } from '../../src/client/describe.ts';
import { HOUR } from '../../src/core/time.ts';
import { MORNING } from '../support/clock.ts';

const MAIL = { from: 'team@mg.example.com', to: 'ann@example.org', subject: 'Hello', text: 'Hi' };
const LATER = MORNING + 20 * HOUR;
const rfc2822 = new Date(LATER).toUTCString().replace('GMT', '+0000');

const asked = async (data: Record<string, unknown>) =>
  (await describe('mg.example.com', { ...MAIL, ...data }, { now: MORNING, classes: [] })).record?.deliverAt;

test('a record says for when the mail was asked, however that was said', async () => {
  assert.equal(await asked({}), undefined);
  assert.equal(await asked({ 'o:deliverytime': rfc2822 }), LATER);
  assert.equal(await asked({ 'o:deliverytime': LATER / 1000 }), LATER);
  assert.equal(await asked({ 'o:deliverytime-optimize-period': '24h' }), MORNING + 24 * HOUR);
  assert.equal(await asked({ 'h:X-Mailgun-Deliver-By': rfc2822 }), LATER);
  const message = `From: team@mg.example.com\r\nX-Mailgun-Deliver-By: ${rfc2822}\r\nMessage-Id: <a@b.test>\r\n\r\nHi\r\n`;
  assert.equal(await asked({ message }), LATER);
});

test('a record says that a mail is a test of Mailgun, however that was said', async () => {
  const isTest = async (data: Record<string, unknown>) =>
    (await describe('mg.example.com', { ...MAIL, ...data }, { now: MORNING, classes: [] })).record?.test;
  for (const data of [{ 'o:testmode': true }, { 'o:testmode': 'yes' }, { 'h:x-mailgun-drop-message': 'yes' }])
    assert.equal(await isTest(data), true);
  for (const data of [{}, { 'o:testmode': false }, { 'o:testmode': 'no' }]) assert.equal(await isTest(data), undefined);
});

test('our variables are read and taken out of the header that holds all variables, too', async () => {
  const header = 'h:X-Mailgun-Variables';
  const given = { ...MAIL, [header]: '{"a":1,"homing-class":"access","homing-key":"k"}' };
  const { record, wire } = await describe('mg.example.com', given, { now: MORNING, classes: [] });
  assert.deepEqual([record?.class, record?.key, wire[header]], ['access', 'k', '{"a":1}']);
});

test('a message whose options leave no room for our ids goes out without them', async () => {
  const described = (data: object) => describe('mg.example.com', { ...MAIL, ...data }, { now: MORNING, classes: [] });
  const full = { 'v:x': '\u00fc'.repeat(8000), 'v:n': { a: 'x'.repeat(350) }, 'v:homing-class': 'access' };
  const { wire, record, problems } = await described(full);
  assert.deepEqual([Object.keys(wire).sort(), record], [['from', 'subject', 'text', 'to', 'v:n', 'v:x'], null]);
  assert.match(problems.join(), /no room/);
  assert.ok((await described({ ...full, 'v:n': {} })).record);
  const file = { filename: 'a.txt', data: {} as Record<string, unknown> };
  file.data['itself'] = file;
  assert.ok((await described({ attachment: file })).record, 'files are not looked into');
});
