import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { databaseProblem, nameOf, parseDatabaseUrl, type Server, withDatabase } from '../../../src/store/db/url.ts';

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
  const named = { user: 'homing', password: 'p/a@s?s#%', database: 'mail', tls: null, others: [] };
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

test('a URL may name several servers of one database', () => {
  const url = 'mysql://ho,ming:p%40,ss@a:3306,b,[::1]:3307/mail?ssl-verify=false';
  const place = parseDatabaseUrl(url);
  assert.ok(place.kind === 'mysql');
  const all = [place, ...place.others];
  assert.deepEqual(
    all.map(({ host, port }) => [host, port]),
    [
      ['a', 3306],
      ['b', 3306],
      ['::1', 3307],
    ],
  );
  for (const { user, password, database, tls } of all) {
    assert.deepEqual([user, password, database], ['ho,ming', 'p@,ss', 'mail']);
    assert.equal(tls?.rejectUnauthorized, false);
  }
  assert.equal(nameOf(place), 'mysql://a:3306,b:3306,[::1]:3307/mail');
  assert.equal(withDatabase(url, 'other'), 'mysql://ho,ming:p%40,ss@a:3306,b,[::1]:3307/other?ssl-verify=false');
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
    [`mysql://u:${SECRET}@a,,b/d`, /a comma between its hosts/],
    [`mysql://u:${SECRET}@a,b,/d`, /a comma between its hosts/],
    [`mysql://u:${SECRET}@a,b:3306,b/d`, /one of its servers twice/],
    [`mysql://u:${SECRET}@a,b:x/d`, /write \/ as %2F/],
    [`mysql://u:${SECRET}@a,b`, /must be sqlite/],
    [`mysql://u:a,${SECRET}/x@db/d`, /write \/ as %2F/],
    [`mysql://u:${SECRET}@${[...'abcdefghij'].join(',')}/d`, /more than 9 servers/],
    ['mysql://u:p@db,10.0.0.1/d?ssl=true', /by an address/],
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
