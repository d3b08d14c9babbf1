import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { SECONDARIES } from '../../../src/providers/registry/settings.ts';
import { parseSendGridUrl } from '../../../src/providers/sendgrid/url.ts';

const publicKey = (namedCurve: string) =>
  generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
const SIGNING =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==';
const SECRET = 'SG.secret-part';

test('a SendGrid URL names key, region and the keys of its webhooks, escaped or not', () => {
  const plain = parseSendGridUrl(`sendgrid://${SECRET}@api.sendgrid.com`);
  assert.deepEqual(plain, {
    host: 'api.sendgrid.com',
    apiUrl: 'https://api.sendgrid.com',
    key: SECRET,
    signingKeys: [],
  });
  assert.equal(parseSendGridUrl(`SENDGRID://k@API.EU.sendgrid.com/`).apiUrl, 'https://api.eu.sendgrid.com');
  assert.equal(parseSendGridUrl('sendgrid://a%2Fb%23c%25@api.sendgrid.com').key, 'a/b#c%');
  for (const signing of [SIGNING, encodeURIComponent(SIGNING)]) {
    const [key] = parseSendGridUrl(`sendgrid://k@api.sendgrid.com?signing=${signing}`).signingKeys;
    assert.equal(key?.export({ format: 'der', type: 'spki' }).toString('base64'), SIGNING);
  }
  const both = `signing=${encodeURIComponent(publicKey('prime256v1'))}&secret=${encodeURIComponent(SIGNING)}`;
  assert.equal(parseSendGridUrl(`sendgrid://k@api.sendgrid.com?${both}`).signingKeys.length, 2);
});

test('another origin of the API may be named on this machine alone', () => {
  const apiOf = (api: string) => parseSendGridUrl(`sendgrid://k@api.sendgrid.com?api=${api}`).apiUrl;
  for (const api of ['http://127.0.0.1:8080', 'http://localhost:1', 'https://[::1]:8443/base'])
    assert.equal(apiOf(`${api}/`), api);
  for (const api of [
    'http://sendgrid.example',
    'http://127.0.0.1.example.com',
    'ftp://127.0.0.1',
    '127.0.0.1',
    'http://u:p@127.0.0.1',
  ])
    assert.throws(() => apiOf(api), /the switch "api" must/, api);
});

const WRONG = [
  'sendgrid://api.sendgrid.com',
  `sendgrid://apikey:${SECRET}@api.sendgrid.com`,
  `sendgrid://${SECRET}`,
  `sendgrid://${SECRET}/x@api.sendgrid.com`,
  `sendgrid://${SECRET}#x@api.sendgrid.com`,
  `sendgrid://${SECRET}?x@api.sendgrid.com`,
  `sendgrid://${SECRET}%@api.sendgrid.com`,
  `sendgrid://${SECRET}%0a@api.sendgrid.com`,
  `sendgrid://${SECRET}@api.sendgrid.com/v3`,
  `sendgrid://${SECRET}@api.sendgrid.com?sign=x`,
  `sendgrid://${SECRET}@api.sendgrid.com?signing=${SECRET}`,
  `sendgrid://${SECRET}@api.sendgrid.com?signing=${encodeURIComponent(publicKey('secp256k1'))}`,
  `sendgrid://${SECRET}@api.sendgrid.com?signing=`,
  `sendgrid://${SECRET}@a b`,
];

test('a wrong URL is refused in words that repeat no part of it', () => {
  for (const url of WRONG) {
    const { success, error } = SECONDARIES.settings.SECONDARY.kind.safeParse(url);
    assert.ok(!success, url);
    const said = error.issues.map(({ message }) => message).join();
    assert.match(said, /^has a wrong SendGrid URL: .*expected sendgrid:\/\/API_KEY@api\.sendgrid\.com/);
    assert.doesNotMatch(said, /SG\.|secret-part/);
  }
});

test('it can be named once, beside any servers', () => {
  const of = (text: string) => SECONDARIES.settings.SECONDARY.kind.safeParse(text);
  const [one, other] = ['sendgrid://a@api.sendgrid.com', 'sendgrid://b@api.eu.sendgrid.com'];
  assert.ok(of(`smtp://a.example.com, ${one}, smtp://b.example.com`).success);
  assert.match(String(of(`${one},${other}`).error?.issues[0]?.message), /names a provider twice/);
});

test('a key that would go elsewhere, and webhooks that could not be believed, are doubted', () => {
  const doubts = (...SECONDARY: string[]) => SECONDARIES.doubts?.({ SECONDARY }) ?? [];
  const signing = `signing=${encodeURIComponent(SIGNING)}`;
  assert.deepEqual(doubts(`sendgrid://k@api.sendgrid.com?${signing}`, 'smtp://a.example.com'), []);
  assert.match(doubts(`sendgrid://k@api.sendgrid.com.example?${signing}`).join(), /not below sendgrid\.com/);
  assert.match(doubts('sendgrid://k@api.eu.sendgrid.com').join(), /no verification key for the webhooks/);
});
