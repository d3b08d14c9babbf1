import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { databaseProblem, parseDatabaseUrl, type Server } from '../../../src/store/db/url.ts';

const server = (url: string): Server => {
  const place = parseDatabaseUrl(url);
  assert.ok(place.kind === 'mysql');
  return place;
};

test('a URL names a file or a server', () => {
  assert.deepEqual(parseDatabaseUrl('sqlite:./data/homing.sqlite'), { kind: 'sqlite', file: './data/homing.sqlite' });
  assert.deepEqual(parseDatabaseUrl('sqlite::memory:'), { kind: 'sqlite', file: ':memory:' });
  assert.deepEqual(parseDatabaseUrl('sqlite:///var/lib/homing.sqlite'), {
    kind: 'sqlite',
    file: '/var/lib/homing.sqlite',
  });
  const named = { user: 'homing', password: 'p/a@s?s#%', database: 'mail', tls: null };
  const secret = encodeURIComponent(named.password);
  assert.deepEqual(parseDatabaseUrl(`mysql://homing:${secret}@db/mail`), {
    kind: 'mysql',
    host: 'db',
    port: 3306,
    ...named,
  });
  assert.deepEqual(parseDatabaseUrl(`mariadb://homing:${secret}@[::1]:3307/mail`), {
    ...{ kind: 'mysql', host: '::1', port: 3307 },
    ...named,
  });
});

test('TLS is asked for behind the question mark, and checks certificate and name unless told otherwise', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-url-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ca.pem');
  writeFileSync(file, 'PEM');
  const checked = { rejectUnauthorized: true, verifyIdentity: true };
  const tlsOf = (options: string, host = 'db') => server(`mysql://u:p@${host}/d${options}`).tls;
  assert.equal(tlsOf(''), null);
  assert.equal(tlsOf('?ssl=false'), null);
  assert.deepEqual(tlsOf('?ssl=true'), checked);
  assert.deepEqual(tlsOf('?tls=true'), checked);
  assert.deepEqual(tlsOf(`?ssl-ca=${file}`), { ca: 'PEM', ...checked });
  assert.deepEqual(tlsOf('?ssl=true&ssl-verify=false'), { rejectUnauthorized: false, verifyIdentity: false });
  assert.deepEqual(tlsOf(`?ssl-ca=${file}`, '10.0.0.1'), {
    ca: 'PEM',
    rejectUnauthorized: true,
    verifyIdentity: false,
  });
});

const SECRET = 'hunter2';

test('what can not be is named, and never a part of the URL', () => {
  const wrong: [string, RegExp][] = [
    ['postgres://db/x', /must be sqlite/],
    ['sqlite:', /must be sqlite/],
    [`mysql://u:${SECRET}@db`, /must be sqlite/],
    [`mysql://u:${SECRET}@db/`, /must be sqlite/],
    // A password with a character that ends the part of the host.
    [`mysql://u:x/${SECRET}@db/d`, /write \/ as %2F/],
    [`mysql://u:1/${SECRET}@db/d`, /write \/ as %2F/],
    [`mysql://u:1?${SECRET}@db/d`, /write \/ as %2F/],
    [`mysql://u:1#${SECRET}@db/d`, /write \/ as %2F/],
    [`mysql://u:${SECRET}%@db/d`, /% as %25/],
    [`mysql://u:p@db/d?${SECRET}=1`, /has an option that is not known; known are ssl, tls, ssl-ca, ssl-verify/],
    ['mysql://u:p@db/d?sslmode=require', /an option "sslmode" that is not known/],
    ['mysql://u:p@db/d?ssl=REQUIRED', /"ssl" that must be true or false/],
    ['mysql://u:p@db/d?ssl=false&ssl-verify=true', /asks for no TLS/],
    ['mysql://u:p@10.0.0.1/d?ssl=true', /by an address/],
    [`mysql://u:p@db/d?ssl-ca=/nowhere/${SECRET}`, /whose file can't be read \(ENOENT\)/],
  ];
  for (const [url, words] of wrong) {
    const problem = databaseProblem(url);
    assert.match(problem ?? '', words, url);
    assert.doesNotMatch(problem ?? '', new RegExp(SECRET));
  }
  for (const url of ['sqlite:x', 'sqlite::memory:', 'mysql://u:p@db/d', 'mysql://u:p@db:3306/d?ssl=true'])
    assert.equal(databaseProblem(url), null, url);
});
