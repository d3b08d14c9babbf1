import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSmsUrl } from '../../../src/tell/channels/sms-url.ts';

const AC = `AC${'a'.repeat(32)}`;
const SK = `SK${'b'.repeat(32)}`;
const TOKEN = 'CANARYtoken';
const GOOD = `twilio://${AC}:${TOKEN}@api.twilio.com?from=+15005550006&to=+4915112345678`;

test('a URL of Twilio names the account, the sender and the numbers', () => {
  assert.deepEqual(parseSmsUrl(`${GOOD},+4915112345679,+4915112345678`), {
    ...{ kind: 'twilio', user: AC, password: TOKEN, account: AC, from: '+15005550006' },
    ...{ to: ['+4915112345678', '+4915112345679'], apiUrl: 'https://api.twilio.com' },
  });
  const withKey = `twilio://${SK}:a%40b@api.dublin.ie1.twilio.com?from=Homing&to=%2B4915112345678&account=${AC}`;
  assert.deepEqual(parseSmsUrl(withKey), {
    ...{ kind: 'twilio', user: SK, password: 'a@b', account: AC, from: 'Homing' },
    ...{ to: ['+4915112345678'], apiUrl: 'https://api.dublin.ie1.twilio.com' },
  });
});

test('a template is called as it is written, and its options stand where nobody sends them', () => {
  assert.deepEqual(parseSmsUrl('https://sms.example/send?to={to}&text={text}#to=+4915112345678&method=post'), {
    ...{ kind: 'template', url: 'https://sms.example/send?to={to}&text={text}', method: 'POST' },
    to: ['+4915112345678'],
  });
});

test('what can not be used is refused with a reason that repeats nothing of it', () => {
  const wrong: [url: string, why: RegExp][] = [
    ['ftp://CANARY', /must begin with/],
    ['twilio://api.twilio.com', /before the @/],
    [GOOD.replace(AC, 'ACshort'), /before the @/],
    [GOOD.replace(`:${TOKEN}`, ''), /before the @/],
    [GOOD.replace('api.twilio.com', 'evil-twilio.com'), /its host/],
    [GOOD.replace('from=+15005550006', 'from=A sender too long'), /"from"/],
    [GOOD.replace('&to=+4915112345678', ''), /"to"/],
    [`${GOOD},0151123`, /"to"/],
    [`${GOOD}${Array.from({ length: 10 }, (_, n) => `,+491511234560${n}`).join('')}`, /10 numbers/],
    [`${GOOD}&to=+4915112345678`, /each once/],
    [`${GOOD}&body=CANARY`, /switches/],
    [`${GOOD}&api=https://evil.example`, /this machine/],
    [`twilio://${SK}:${TOKEN}@api.twilio.com?from=+15005550006&to=+4915112345678`, /"account"/],
    [GOOD.replace(TOKEN, '%E0%A4%A'), /stray %/],
    ['https://user:CANARY@sms.example/?text={text}', /without a user/],
    ['https://sms.example/send?to=CANARY', /\{text\} must stand/],
    ['https://sms.example/{text}?a=b', /in its query/],
    ['https://sms.example/?text={text}&x={CANARY}', /nothing else in braces/],
    ['https://sms.example/?text={text}&to={to}', /belong together/],
    ['https://sms.example/?text={text}#to=+4915112345678', /belong together/],
    ['https://sms.example/?text={text}#method=put', /get or post/],
  ];
  for (const [url, why] of wrong)
    assert.throws(
      () => parseSmsUrl(url),
      ({ message }: Error) => {
        assert.match(message, why, url);
        assert.doesNotMatch(message, /CANARY|15112345|evil/, url);
        return true;
      },
    );
});
