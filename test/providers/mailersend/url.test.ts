import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMailersendUrl } from '../../../src/providers/mailersend/url.ts';

test('token, host, secrets and switches are read from a URL', () => {
  assert.deepEqual(
    parseMailersendUrl('mailersend://mlsn.abc@api.mailersend.com?signing=one&signing=two&secret=three'),
    {
      token: 'mlsn.abc',
      secrets: ['one', 'two', 'three'],
      keepsHeaders: false,
      apiUrl: 'https://api.mailersend.com',
    },
  );
  assert.equal(parseMailersendUrl('mailersend://k@Host:8443?headers=1').apiUrl, 'https://host:8443');
  assert.equal(parseMailersendUrl('mailersend://k@h?headers=1').keepsHeaders, true);
  for (const api of ['http://127.0.0.1:1234/', 'http%3A%2F%2F127.0.0.1%3A1234'])
    assert.equal(parseMailersendUrl(`mailersend://k@h?api=${api}`).apiUrl, 'http://127.0.0.1:1234');
});

test('what is in a token or a secret is meant as it is written, or percent-encoded', () => {
  const { token, secrets } = parseMailersendUrl('mailersend://a%2Fb%40c%25+d@h?signing=p+q%2B%26%2C%3D=');
  assert.deepEqual([token, secrets], ['a/b@c%+d', ['p+q+&,==']]);
});

const WRONG = {
  'no URL': 'hunter2',
  'another scheme': 'mailerlite://hunter2@h',
  'no token': 'mailersend://h',
  'an unescaped slash in the token': 'mailersend://hun/ter2@h',
  'a password': 'mailersend://k:hunter2@h',
  'a path': 'mailersend://k@h/hunter2',
  'an unescaped # in the secret': 'mailersend://k@h?signing=a#hunter2',
  'no host': 'mailersend://hunter2@?signing=a',
  'a space in the token': 'mailersend://hun%20ter2@h',
  'a stray % in the secret': 'mailersend://k@h?signing=hunter2%',
  'an empty secret': 'mailersend://hunter2@h?signing=',
  'an unknown switch': 'mailersend://k@h?hunter2=1',
  'two other bases': 'mailersend://hunter2@h?api=http://127.0.0.1:1&api=http://127.0.0.1:2',
  'another base elsewhere': 'mailersend://hunter2@h?api=http://evil.example',
  'another base with a login': 'mailersend://k@h?api=http://hunter2:x@127.0.0.1',
  'another base of another kind': 'mailersend://hunter2@h?api=ftp://127.0.0.1',
};

for (const [what, url] of Object.entries(WRONG))
  test(`${what} is refused in words that quote nothing`, () => {
    assert.throws(
      () => parseMailersendUrl(url),
      ({ message }: Error) => message.startsWith('MailerSend URL: ') && !/hunter|ter2|evil/.test(message),
    );
  });
