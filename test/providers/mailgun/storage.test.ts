import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isAllowedOrigin, type StoredAt, storageTargets } from '../../../src/providers/mailgun/storage.ts';

const HOST = 'storage-us-east4.api.mailgun.net';
const PATH = '/v3/domains/mail.example.com/messages/';
const BASE = `https://api.mailgun.net${PATH}`;
const KEY = 'BAABAQWertz_-12==';

const targets = (url: string | null, changes: Partial<StoredAt> = {}) =>
  storageTargets({
    url,
    key: KEY,
    domain: 'mail.example.com',
    apiUrl: 'https://api.mailgun.net',
    allowedHosts: ['*.mailgun.net'],
    ...changes,
  });

test('the URL as given comes first, then the API base', () => {
  const url = `https://${HOST}${PATH}${KEY}`;
  assert.deepEqual(targets(url), { targets: [url, BASE + KEY], problem: null });
});

test('a v2 URL keeps its version, and the base is asked by v3', () => {
  const url = `https://api.mailgun.net/v2/domains/mail.example.com/messages/${KEY}`;
  assert.deepEqual(targets(url).targets, [url, BASE + KEY]);
});

test('a URL on the API base is one target', () => {
  assert.deepEqual(targets(BASE + KEY).targets, [BASE + KEY]);
});

test('a key other than the tail of the URL is tried last', () => {
  const url = `https://${HOST}${PATH}tail1234`;
  assert.deepEqual(targets(url).targets, [url, `${BASE}tail1234`, BASE + KEY]);
});

test('without a URL there is the API base, and without a key nothing', () => {
  assert.deepEqual(targets(null), { targets: [BASE + KEY], problem: null });
  assert.deepEqual(targets(null, { key: null }), { targets: [], problem: 'no stored copy is known' });
  assert.deepEqual(targets(null, { key: '../../keys' }).targets, []);
});

test('host and domain are compared without regard to case, and the path is put together anew', () => {
  const url = `HTTPS://${HOST.toUpperCase()}/V3/domains/Mail.Example.com/messages/${encodeURIComponent(KEY)}`;
  assert.deepEqual(targets(url).targets, [`https://${HOST}${PATH}${KEY}`, BASE + KEY]);
});

test('plain http goes only to a host that is named with its port', () => {
  const url = `http://127.0.0.1:8025${PATH}${KEY}`;
  assert.deepEqual(targets(url, { allowedHosts: ['127.0.0.1:8025'] }).targets[0], url);
  for (const allowed of ['127.0.0.1', '127.0.0.1:8026', '*.0.0.1', '*']) {
    assert.deepEqual(targets(url, { allowedHosts: [allowed] }).targets, []);
  }
});

test('a key that merely looks odd leaves the API base with the key of the event', () => {
  const { targets: left, problem } = targets(`https://${HOST}${PATH}odd,key`);
  assert.deepEqual(left, [BASE + KEY]);
  assert.equal(problem, 'the storage URL has no usable key');
});

const REFUSED: [string, string][] = [
  ['a host as user name', `https://${HOST}@evil.com${PATH}${KEY}`],
  ['a host with a port as user name', `https://${HOST}:443@evil.com${PATH}${KEY}`],
  ['a host as prefix', `https://${HOST}.evil.com${PATH}${KEY}`],
  ['an escaped dot', `https://${HOST.replace('.net', '%2enet')}${PATH}${KEY}`],
  ['a longer name', `https://evilmailgun.net${PATH}${KEY}`],
  ['a host as fragment', `https://evil.com#${HOST}${PATH}${KEY}`],
  ['a backslash', `https://evil.com\\@${HOST}${PATH}${KEY}`],
  ['a backslash as slash', `https:\\\\${HOST}${PATH}${KEY}`],
  ['a dot after the host', `https://${HOST}.${PATH}${KEY}`],
  ['an ideographic dot', `https://storage-us-east4.api.mailgun。net${PATH}${KEY}`],
  ['another port', `https://${HOST}:8443${PATH}${KEY}`],
  ['plain http', `http://${HOST}${PATH}${KEY}`],
  ['plain http on 443', `http://${HOST}:443${PATH}${KEY}`],
  ['up to the keys', `https://${HOST}/v3/domains/../../../v3/keys`],
  ['up within the messages', `https://${HOST}${PATH}../keys`],
  ['an escaped way up', `https://${HOST}/v3/domains/%2e%2e/messages/${KEY}`],
  ['escaped slashes', `https://${HOST}${PATH}..%2f..%2fkeys`],
  ['slashes escaped twice', `https://${HOST}${PATH}..%252f..%252fkeys`],
  ['two dots', `https://${HOST}${PATH}..`],
  ['a dot', `https://${HOST}${PATH}.`],
  ['escaped dots', `https://${HOST}${PATH}%2e%2e`],
  ['an escaped backslash', `https://${HOST}${PATH}a%5c..%5cb`],
  ['a query', `https://${HOST}${PATH}${KEY}?to=evil@evil.com`],
  ['an escaped query', `https://${HOST}${PATH}${KEY}%3fto=evil`],
  ['a fragment', `https://${HOST}${PATH}${KEY}#x`],
  ['user and password', `https://user:pw@${HOST}${PATH}${KEY}`],
  ['a broken escape', `https://${HOST}${PATH}${KEY}%`],
  ['more after the key', `https://${HOST}${PATH}${KEY}/attachments/0`],
  ['another domain', `https://${HOST}/v3/domains/other.example.com/messages/${KEY}`],
  ['another path', `https://${HOST}/v3/mail.example.com/messages/${KEY}`],
  ['another version', `https://${HOST}/v5/domains/mail.example.com/messages/${KEY}`],
  ['loopback in hex', `https://0x7f.1${PATH}${KEY}`],
  ['loopback as a number', `https://2130706433${PATH}${KEY}`],
  ['metadata in IPv6', `https://[::ffff:169.254.169.254]${PATH}${KEY}`],
  ['metadata by NAT64', `https://[64:ff9b::a9fe:a9fe]${PATH}${KEY}`],
  ['metadata', `https://169.254.169.254${PATH}${KEY}`],
  ['a shared address', `https://100.64.0.1${PATH}${KEY}`],
  ['a local IPv6 address', `https://[fd00:ec2::254]${PATH}${KEY}`],
  ['a file', 'file:///etc/passwd'],
  ['data', 'data:,x'],
  ['gopher', `gopher://${HOST}${PATH}${KEY}`],
  ['a script', 'javascript:alert(1)'],
  ['a tab before', `\thttps://${HOST}${PATH}${KEY}`],
  ['a line end after', `https://${HOST}${PATH}${KEY}\n`],
  ['a line end in it', `https://${HOST}${PATH}\n${KEY}`],
  ['an escaped line end', `https://${HOST}${PATH}${KEY}%0d%0aX: y`],
  ['NUL', `https://${HOST}${PATH}${KEY}%00`],
  ['100 kB', `https://${HOST}${PATH}${'a/'.repeat(50_000)}`],
  ['no scheme', `//${HOST}${PATH}${KEY}`],
];

for (const [name, url] of REFUSED) {
  test(`${name}: no target at all`, () => {
    const { targets: left, problem } = targets(url);
    assert.deepEqual(left, []);
    assert.match(problem ?? '', /^the storage URL is refused: /);
    assert.equal(problem?.includes('evil'), false);
  });
}

test('the problem never repeats the URL', () => {
  assert.equal(targets('https://evil.com/secret').problem?.includes('evil'), false);
});

test('whatever the URL, every target has an allowed host and is a message path of the domain', () => {
  const piece = fc.constantFrom(
    HOST,
    'evil.com',
    'https://',
    'http://',
    '@',
    ':',
    '/',
    '..',
    '%2f',
    '?',
    '#',
    PATH,
    KEY,
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 8 }), (pieces) => {
      for (const target of targets(pieces.join('')).targets) {
        const { hostname, pathname, search, hash, username, href } = new URL(target);
        assert.ok(hostname.endsWith('.mailgun.net') && href === target);
        assert.match(pathname, /^\/v[23]\/domains\/mail\.example\.com\/messages\/[A-Za-z0-9_=.~-]+$/);
        assert.equal(search + hash + username, '');
      }
    }),
  );
});

test('an origin is allowed by name, by a name above it, or by name and port', () => {
  assert.equal(isAllowedOrigin('https://api.mailgun.net', ['API.mailgun.net']), true);
  assert.equal(isAllowedOrigin('https://api.mailgun.net', ['*.mailgun.net']), true);
  assert.equal(isAllowedOrigin('https://mailgun.net', ['*.mailgun.net']), false);
  assert.equal(isAllowedOrigin('https://api.mailgun.net', ['api.mailgun.net:443']), true);
  assert.equal(isAllowedOrigin('http://localhost', ['localhost:80']), true);
  assert.equal(isAllowedOrigin('http://localhost', ['localhost']), false);
  assert.equal(isAllowedOrigin('ftp://localhost', ['localhost:80']), false);
  assert.equal(isAllowedOrigin('nonsense', ['nonsense']), false);
  assert.equal(isAllowedOrigin('https://api.mailgun.net', []), false);
});
