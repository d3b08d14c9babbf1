import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startSimTwilio } from '../../../src/lab/servers/twilio.ts';
import { smsChannel } from '../../../src/tell/channels/sms.ts';
import { smsText } from '../../../src/tell/channels/sms-text.ts';
import { say, startScript } from '../../support/http-script.ts';
import { aNotice } from '../../support/notice.ts';

const ACCOUNT = `AC${'1'.repeat(32)}`;
const TOKEN = '0123456789abcdef0123456789abcdef';

async function twilio(t: TestContext, to: string, from = '%2B15005550006') {
  const sim = await startSimTwilio(ACCOUNT, TOKEN);
  t.after(sim.close);
  const url = `twilio://${ACCOUNT}:${TOKEN}@api.twilio.com?from=${from}&to=${to}&api=${sim.url}`;
  return { sim, channel: smsChannel(url) };
}

test('each number gets one SMS through Twilio, and none that somebody has taken it', async (t) => {
  const { sim, channel } = await twilio(t, '+4915112345678,%2B4915112345679');
  assert.deepEqual(await channel.send(aNotice({ turn: 'acknowledged' })), []);
  assert.deepEqual(await channel.send(aNotice({ subject: '[Homing] 2 mails were given up' })), []);
  const text = 'Homing: 2 mails were given up';
  assert.deepEqual(sim.sms, [
    { from: '+15005550006', to: '+4915112345678', text },
    { from: '+15005550006', to: '+4915112345679', text },
  ]);
});

test('a messaging service sends as well as a number', async (t) => {
  const service = `MG${'2'.repeat(32)}`;
  const { sim, channel } = await twilio(t, '+4915112345678', service);
  await channel.send(aNotice());
  assert.equal(sim.sms[0]?.from, service);
});

test('a number that gets none is told of with a mask; when nobody gets it, it was not sent', async (t) => {
  const { sim, channel } = await twilio(t, '+4915112345678,+4915112345679');
  sim.unreachable.add('+4915112345679');
  assert.deepEqual(await channel.send(aNotice()), [
    "+49…79: it answered 400: Invalid 'To' Phone Number: [hidden] (21211)",
  ]);
  sim.unreachable.add('+4915112345678');
  await assert.rejects(channel.send(aNotice()), (error: Error) => {
    assert.match(error.message, /^\+49…78: .*; \+49…79: /);
    assert.doesNotMatch(error.message, /15112345/);
    return true;
  });
});

test('a gateway of another kind is called by its template, by GET or with a form', async (t) => {
  const server = await startScript(t, say(200, 'ok'));
  const notice = aNotice({ subject: 'a & b? {to} #1+1' });
  await smsChannel(`${server.url}/send?key=a%26b&to={to}&text={text}#to=+4915112345678,+4915112345679`).send(notice);
  await smsChannel(`${server.url}/send?key=k&msg={text}#method=post`).send(notice);
  const [first, second, third] = server.seen;
  assert.deepEqual(
    [first, second].map((one) => `${one?.method} ${one?.path}`),
    ['78', '79'].map(
      (end) => `GET /send?key=a%26b&to=%2B49151123456${end}&text=Homing%3A%20a%20%26%20b%3F%20%7Bto%7D%20%231%2B1`,
    ),
  );
  assert.equal(`${third?.method} ${third?.path}`, 'POST /send');
  assert.deepEqual(Object.fromEntries(new URLSearchParams(String(third?.body))), {
    key: 'k',
    msg: 'Homing: a & b? {to} #1+1',
  });
});

/** The longest text of a kind that one SMS holds, and of one that it does not. */
const GSM = (length: number) => `${'words '.repeat(40)}`.slice(0, length - 'Homing: '.length);

test('an SMS is the subject in one line', () => {
  assert.equal(smsText(aNotice({ subject: '[Homing] a provider is\ndown' })), 'Homing: a provider is down');
});

test('an SMS is cut behind a word at 160 places, or at 70 where the phone needs other letters', () => {
  const exact = `Homing: ${'x'.repeat(152)}`;
  assert.equal(smsText(aNotice({ subject: 'x'.repeat(152) })), exact);
  assert.equal(smsText(aNotice({ subject: 'x'.repeat(153) })), `Homing: ${'x'.repeat(149)}...`);
  const long = smsText(aNotice({ subject: GSM(400) }));
  assert.match(long, /^Homing: (?:words )+words\.\.\.$/);
  assert.ok(long.length <= 160 && long.length > 150, long);
  const euros = smsText(aNotice({ subject: '€ '.repeat(60) }));
  assert.ok([...euros].reduce((sum, letter) => sum + (letter === '€' ? 2 : 1), 0) <= 160, euros);
  const chinese = smsText(aNotice({ subject: '退信 '.repeat(60) }));
  assert.ok(chinese.length <= 70 && chinese.length > 60, chinese);
  const signs = smsText(aNotice({ subject: `\u{1f4a5}${'\u{1f4a5}'.repeat(60)} end` }));
  assert.ok(signs.length <= 70 && !/\p{Surrogate}/u.test(signs), signs);
});

test('an SMS has no address that can be read, and plain signs in place of fine ones', () => {
  const text = smsText(aNotice({ subject: '“anna.muster@example.com” — refused…' }));
  assert.equal(text, 'Homing: "a***@example.com" - refused...');
});

test('the link that acknowledges is whole or is left out', () => {
  const link = `https://homing.example.com/a/${'k'.repeat(40)}`;
  const short = smsText(aNotice({ subject: 'a provider is down', link }));
  assert.equal(short, `Homing: a provider is down ${link}`);
  const long = smsText(aNotice({ subject: GSM(400), link }));
  assert.ok(long.endsWith(`words... ${link}`) && long.length <= 160, long);
  const noRoom = smsText(
    aNotice({ subject: 'a provider is down', link: `https://homing.example.com/${'k'.repeat(90)}` }),
  );
  assert.equal(noRoom, 'Homing: a provider is down');
  assert.equal(smsText(aNotice({ subject: 'a provider is down', link, turn: 'ended' })).includes('https'), false);
});
