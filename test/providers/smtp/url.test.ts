import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRelayUrl } from '../../../src/providers/smtp/url.ts';

test('an SMTP URL asks for STARTTLS and a certificate that verifies', () => {
  assert.deepEqual(parseRelayUrl('smtp://user:pass@mail.example.com'), {
    host: 'mail.example.com',
    port: 587,
    tls: 'required',
    insecure: false,
    name: null,
    login: { user: 'user', pass: 'pass' },
  });
});

test('smtps speaks TLS from the first byte, by default on port 465', () => {
  const { tls, port } = parseRelayUrl('smtps://mail.example.com');
  assert.deepEqual({ tls, port }, { tls: 'implicit', port: 465 });
});

test('loopback may be plain without being asked, and nothing that only looks like it', () => {
  for (const host of ['127.0.0.1', '127.8.9.10', 'localhost', 'LOCALHOST', '[::1]']) {
    assert.equal(parseRelayUrl(`smtp://${host}:1025`).tls, 'optional', host);
  }
  for (const host of ['127.0.0.1.example.com', 'localhost.example.com', '10.0.0.1', '[::2]', '127.evil.test']) {
    assert.equal(parseRelayUrl(`smtp://${host}:1025`).tls, 'required', host);
  }
});

test('the switches say otherwise', () => {
  assert.equal(parseRelayUrl('smtp://mail.example.com?tls=off').tls, 'off');
  assert.equal(parseRelayUrl('smtp://mail.example.com/?tls=optional').tls, 'optional');
  assert.equal(parseRelayUrl('smtp://127.0.0.1:25?tls=required').tls, 'required');
  assert.equal(parseRelayUrl('smtps://mail.example.com?insecure=1').insecure, true);
  assert.equal(parseRelayUrl('smtp://mail.example.com?name=app.example.com').name, 'app.example.com');
});

test('user and password are percent-decoded', () => {
  const { login } = parseRelayUrl('smtp://anna%40example.com:p%2Fa%3Fs%23s%25@mail.example.com:2525');
  assert.deepEqual(login, { user: 'anna@example.com', pass: 'p/a?s#s%' });
});

const malformed = [
  '',
  'SECRET',
  'mail.example.com:587',
  'https://user:SECRET@mail.example.com',
  'smtp://user:SECRET@',
  'smtp://:SECRET@mail.example.com',
  'smtp://SECRET@mail.example.com',
  'smtp://user:SECRET@mail.example.com:0',
  'smtp://user:SECRET@mail.example.com:99999',
  'smtp://user:SECRET@mail.example.com/path',
  'smtp://user:SEC#RET@mail.example.com',
  'smtp://user:25#SECRET@mail.example.com',
  'smtp://user:25?SECRET@mail.example.com',
  'smtp://user:25/SECRET@mail.example.com',
  'smtp://user:SECRET%@mail.example.com',
  'smtp://user:SECRET@mail example.com',
  'smtp://user:SECRET@mail_example.com',
  'smtp://user:SECRET@mail.example.com?tls=of',
  'smtp://user:SECRET@mail.example.com?SECRET=1',
  'smtp://user:SECRET@mail.example.com?tls=off&tls=required',
  'smtp://user:SECRET@mail.example.com?insecure=maybe',
  'smtp://user:SECRET@mail.example.com?name=a%0d%0aRCPT',
  'smtps://user:SECRET@mail.example.com?tls=off',
];

test('a malformed URL is told what is wrong, and quotes nothing of it', () => {
  for (const text of malformed) {
    assert.throws(
      () => parseRelayUrl(text),
      (error: Error) => {
        assert.match(error.message, /^SMTP URL: .+ \(expected smtp:\/\/user:password@host:587;/, text);
        assert.doesNotMatch(JSON.stringify([error.message, error.stack, { ...error }, error.cause]), /SEC|RET@/, text);
        return true;
      },
      text,
    );
  }
});
