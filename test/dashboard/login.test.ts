import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { type IncomingMessage, request } from 'node:http';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { hashOf, isPassword, nobodysHash, ROLES, type Role, users } from '../../src/dashboard/desk/users.ts';
import { speak } from '../http/support.ts';
import { createVisitor, loggedIn, PASSWORD, startDashboard } from './support.ts';

test('strangers log in, come to where they wanted to go, and are kept in mind by a cookie that no script and no other site has', async (t) => {
  const running = await startDashboard(t);
  const visitor = createVisitor(running);
  assert.match((await visitor.get('/login')).text, /<h1>Log in to Homing<\/h1>/);
  const asked = await visitor.get('/?state=failed');
  assert.deepEqual([asked.status, asked.headers.get('location')], [303, '/login?next=%2F%3Fstate%3Dfailed']);
  const done = await visitor.logIn('support', PASSWORD, '/?state=failed');
  assert.deepEqual([done.status, done.headers.get('location')], [303, '/?state=failed']);
  const [cookie = ''] = done.headers.getSetCookie();
  assert.match(cookie, /^homing=[\w.-]+; path=\/; samesite=strict; httponly$/i);
  assert.equal((await visitor.get('/')).status, 200);
});

test('behind HTTPS the cookie is bound to this host and to HTTPS', async (t) => {
  const running = await startDashboard(t, { publicUrl: 'https://homing.example.com/mail/' });
  const done = await createVisitor(running).logIn('support');
  assert.equal(done.headers.get('location'), '/mail/');
  assert.match(
    done.headers.getSetCookie().join(),
    /^__Host-homing=[\w.-]+; path=\/; samesite=strict; secure; httponly$/i,
  );
});

test('a wrong password and an unknown name are answered alike, and after some of them nobody is let in for a while', async (t) => {
  const running = await startDashboard(t);
  const visitor = createVisitor(running);
  const [known, unknown] = [await visitor.logIn('owner', 'wrong'), await visitor.logIn('eve', 'wrong')];
  const plain = ({ text }: { text: string }) => text.replace(/value="[^"]*"/g, '');
  assert.deepEqual([known.status, unknown.status, plain(known)], [401, 401, plain(unknown)]);
  for (let n = 0; n < 9; n++) assert.equal((await visitor.logIn('owner', 'wrong')).status, 401);
  const late = await visitor.logIn('owner');
  assert.equal(late.status, 429, 'the right one does not help any more');
  assert.ok(Number(late.headers.get('retry-after')) > 600);
  assert.equal((await visitor.logIn('support')).status, 303, 'others are not kept out');
  const refused = await running.store.db('audit').where({ what: 'login_refused' }).pluck('who');
  assert.equal(refused.filter((who) => who === 'owner (dashboard)').length, 10);
});

test('two daemons count wrong passwords for a name together, until a right one', async (t) => {
  const one = await startDashboard(t);
  const other = await startDashboard(t, {}, { store: one.store, now: one.clock });
  const [here, there] = [createVisitor(one), createVisitor(other)];
  const wrongly = async (visitor: typeof here, times: number) => {
    for (let n = 0; n < times; n++) assert.equal((await visitor.logIn('owner', 'wrong')).status, 401);
  };
  await wrongly(here, 6);
  assert.equal((await there.logIn('owner')).status, 303);
  one.clock.advance(MINUTE);
  const [visitor, eve] = [createVisitor(one), createVisitor(other)];
  await wrongly(eve, 7);
  await wrongly(visitor, 3);
  for (const stranger of [visitor, eve]) {
    const late = await stranger.logIn('owner');
    assert.deepEqual([late.status, late.headers.get('retry-after')], [429, '900']);
  }
  assert.equal((await visitor.logIn('support')).status, 303, 'others are not kept out');
  one.clock.advance(16 * MINUTE);
  assert.equal((await createVisitor(other).logIn('owner')).status, 303);
});

test('a name that nobody has costs a hash of the same kind as a wrong password', async (t) => {
  const running = await startDashboard(t);
  const visitor = createVisitor(running);
  let hashes = 0;
  const hook = createHook({ init: (_, type) => void (type === 'SCRYPTREQUEST' && hashes++) }).enable();
  t.after(() => hook.disable());
  for (const name of ['owner', 'eve', '', 'Owner']) {
    hashes = 0;
    assert.equal((await visitor.logIn(name, 'wrong')).status, 401);
    assert.equal(hashes, 1, name);
  }
  const costly = { name: 'ann', role: 'support', hash: (await hashOf('x')).replace('32768', '65536') } as const;
  const byProxy = { name: 'bob', role: 'owner', hash: 'proxy' } as const;
  assert.match(nobodysHash([byProxy, costly]), /^scrypt-65536-8-1-/);
  assert.match(nobodysHash([byProxy]), /^scrypt-32768-8-1-/);
  assert.equal(await isPassword('', nobodysHash([])), false);
});

test('an address that has tried too much keeps nobody out who comes from another', async (t) => {
  const running = await startDashboard(t);
  const eve = createVisitor(running);
  for (let n = 0; n < 20; n++) await eve.logIn(`nobody${n % 4}`, 'wrong');
  for (let n = 0; n < 12; n++) assert.equal((await eve.logIn('owner', 'wrong')).status, 429);
  const visitor = createVisitor(running);
  const { token } = await visitor.get('/login');
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = {
      Cookie: `homing=${visitor.cookies.get('homing')}`,
      'Content-Type': 'application/x-www-form-urlencoded',
    };
    const options = { method: 'POST', localAddress: '127.0.0.2', headers, agent: false };
    const form = new URLSearchParams({ token, name: 'owner', password: PASSWORD });
    request(`${running.url}/login`, options, resolve).on('error', reject).end(form.toString());
  });
  answer.resume();
  assert.equal(answer.statusCode, 303);
});

test('a form that asks for no colours that there are sets those of the system', async (t) => {
  const running = await startDashboard(t);
  const ann = await loggedIn(running, 'support');
  for (const theme of ['dark', 'a;b', 'dark\r\nSet-Cookie: x=y', '\0', 'x'.repeat(5000)]) {
    const { status, headers } = await ann.fill('/', '/theme', { theme, back: '/' });
    const [cookie = ''] = headers.getSetCookie();
    assert.deepEqual([status, /^theme=(\w*);/.exec(cookie)?.[1]], [303, theme === 'dark' ? 'dark' : 'auto'], theme);
  }
});

test('a login ends when its user logs out, has another password, is gone, or stays away', async (t) => {
  const users = [{ name: 'ann', role: 'support' as const, hash: await hashOf(PASSWORD) }];
  const running = await startDashboard(t, { users });
  const [ann, elsewhere] = [createVisitor(running), createVisitor(running)];
  await ann.logIn('ann');
  await elsewhere.logIn('ann');
  const isIn = async (visitor: typeof ann) => (await visitor.get('/')).status === 200;
  assert.deepEqual([await isIn(ann), await isIn(elsewhere)], [true, true]);

  const kept = ann.cookies.get('homing') ?? '';
  await ann.fill('/', '/logout', {});
  assert.deepEqual([await isIn(ann), await isIn(elsewhere)], [false, true]);
  ann.cookies.set('homing', kept);
  assert.equal(await isIn(ann), false, 'what the browser had kept opens nothing any more');

  await ann.logIn('ann');
  const ended = await ann.fill('/', '/logout', { everywhere: 'yes' });
  assert.equal(ended.headers.get('location'), '/login?done=everywhere&count=2');
  assert.equal(await isIn(elsewhere), false);

  await ann.logIn('ann');
  running.clock.advance(11 * HOUR);
  assert.equal(await isIn(ann), true);
  running.clock.advance(11 * HOUR);
  assert.equal(await isIn(ann), true, 'it counts from the last look');
  running.clock.advance(11 * HOUR);
  assert.equal((await ann.get('/', { 'X-Refresh': 'yes' })).status, 200);
  running.clock.advance(HOUR + MINUTE);
  assert.equal(await isIn(ann), false, 'a page that refreshes itself does not count as a look');

  await ann.logIn('ann');
  users[0] = { name: 'ann', role: 'support', hash: await hashOf('another password') };
  assert.equal(await isIn(ann), false, 'another password');
  await ann.logIn('ann', 'another password');
  users.length = 0;
  users.push({ name: 'bob', role: 'support', hash: await hashOf(PASSWORD) });
  assert.equal(await isIn(ann), false, 'not a user any more');
});

test('while the database is away pages say so, and of a form that it is not known what was done', async (t) => {
  const running = await startDashboard(t);
  const ann = await loggedIn(running, 'operator');
  const { token } = await ann.get('/');
  await running.store.db.schema.dropTable('holds');
  const [page, form] = [
    await ann.get('/outages'),
    await ann.post('/holds', { token, provider: '', class: '', for: '', reason: 'x' }),
  ];
  assert.deepEqual([page.status, form.status], [503, 503]);
  assert.match(page.text, /can not be used right now/);
  assert.match(form.text, /Whether anything was done is not known/);
});

test('nobody gets in with the number that somebody else has given the browser before', async (t) => {
  const running = await startDashboard(t);
  const attacker = createVisitor(running);
  await attacker.get('/login');
  const planted = attacker.cookies.get('homing') ?? '';
  const victim = createVisitor(running);
  victim.cookies.set('homing', planted);
  assert.equal((await victim.logIn('owner')).status, 303);
  assert.notEqual(victim.cookies.get('homing'), planted);
  assert.equal((await attacker.get('/')).status, 303);
});

/** What a browser, or a careless check, could take for an address elsewhere. */
const ELSEWHERE = [
  '//evil.example',
  '///evil.example',
  'https://evil.example',
  'https:evil.example',
  'http:/evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '\\/evil.example',
  '/\t/evil.example',
  '\t//evil.example',
  '/\n/evil.example',
  ' //evil.example',
  '/\u2028/evil.example',
  '@evil.example',
  '.evil.example',
  'javascript:alert(1)',
  'data:text/html,x',
  '/\r\nX: y',
  '/\0',
  '',
];

test('after the login nothing but a page of ours follows, nor after any form that says where to go', async (t) => {
  const running = await startDashboard(t);
  const ann = await loggedIn(running, 'support');
  for (const next of ELSEWHERE) {
    const done = await createVisitor(running).logIn('support', PASSWORD, next);
    assert.equal(done.headers.get('location'), '/', next);
    const again = await ann.get(`/login?${new URLSearchParams({ next })}`);
    assert.equal(again.headers.get('location'), '/', `${next} with a login`);
    const themed = await ann.fill('/', '/theme', { theme: 'dark', back: next });
    assert.equal(themed.headers.get('location'), '/', `${next} after choosing colours`);
    const { text } = await createVisitor(running).get(`/login?${new URLSearchParams({ next })}`);
    assert.match(text, /name="next" value="\/"/, `${next} in the form`);
  }
  for (const next of ['/%2f%2fevil.example', '/%5cevil.example', '/.//evil.example', '/..//evil.example']) {
    const { headers } = await createVisitor(running).logIn('support', PASSWORD, next);
    const to = new URL(headers.get('location') ?? '', running.url);
    assert.equal(to.origin, running.url, next);
  }
});

test('whoever has another role in the list has it at once, with the login that they have', async (t) => {
  const ann = { name: 'ann', role: 'owner' as Role, hash: await hashOf(PASSWORD) };
  const running = await startDashboard(t, { users: [ann] });
  const visitor = createVisitor(running);
  await visitor.logIn('ann');
  assert.equal((await visitor.get('/settings')).status, 200);
  ann.role = 'support';
  assert.equal((await visitor.get('/settings')).status, 403);
  assert.equal((await visitor.fill('/', '/suppressions', { address: 'a@example.com', reason: 'x' })).status, 403);
});

test('a form without our token, of another site or of another visitor does nothing', async (t) => {
  const running = await startDashboard(t);
  const [ann, eve] = [await loggedIn(running, 'owner'), await loggedIn(running, 'owner')];
  const { token } = await ann.get('/');
  const { token: other } = await eve.get('/');
  const tries = [
    await ann.post('/logout', {}),
    await ann.post('/logout', { token: other }),
    await ann.post('/logout', { token }, { 'Sec-Fetch-Site': 'cross-site' }),
    await ann.post('/logout', { token }, { 'Sec-Fetch-Site': 'same-site' }),
    await ann.post('/logout', { token }, { 'Content-Type': 'text/plain' }),
  ];
  for (const { status, text } of tries) assert.deepEqual([status, /Nothing was done/.test(text)], [409, true]);
  assert.equal((await ann.get('/')).status, 200);
});

test('logins that are begun and not sent take no room from those who are logged in, and a long one is refused', async (t) => {
  const limits = { memory: 1024 * 1024, patience: HOUR };
  const running = await startDashboard(t, {}, { limits });
  const ann = await loggedIn(running, 'support');
  const type = 'Content-Type: application/x-www-form-urlencoded';
  const begun = `POST /login HTTP/1.1\r\nHost: a\r\n${type}\r\nContent-Length: 32768\r\n\r\nname=`;
  const strangers = Array.from({ length: 40 }, () => speak(running.server.port, begun).catch(() => ''));
  assert.equal((await createVisitor(running).logIn('support', 'x'.repeat(40_000))).status, 413);
  assert.equal((await ann.fill('/', '/theme', { theme: 'dark', back: '/' })).status, 303);
  await running.server.close(0);
  await Promise.all(strangers);
});

test('a link of another site is followed once more from here, so that the login goes along', async (t) => {
  const running = await startDashboard(t);
  const ann = await loggedIn(running, 'support');
  const cookie = ann.cookies.get('homing');
  ann.cookies.clear();
  const first = await ann.get('/', { 'Sec-Fetch-Site': 'cross-site' });
  assert.match(first.text, /http-equiv="refresh" content="0"/);
  assert.deepEqual(first.headers.getSetCookie(), [], 'the login that the browser has is not replaced');
  ann.cookies.set('homing', cookie ?? '');
  assert.equal((await ann.get('/', { 'Sec-Fetch-Site': 'same-origin' })).status, 200);
});

test('a proxy says who it is, from its own address alone', async (t) => {
  const proxies = new BlockList();
  proxies.addAddress('127.0.0.1');
  const known = ROLES.map((role) => ({ name: role, role, hash: 'proxy' }));
  const behind = await startDashboard(t, { users: known, proxies, header: 'Remote-User' });
  const as = (name: string) => createVisitor(behind).get('/', { 'Remote-User': name });
  assert.match((await as('operator')).text, /operator \(operator\)/);
  assert.equal((await as('eve')).status, 303);
  assert.equal(
    (await createVisitor(behind).logIn('owner', '')).status,
    401,
    'who belongs to the proxy has no password',
  );
  const elsewhere = await startDashboard(t, { users: known, proxies: new BlockList(), header: 'Remote-User' });
  assert.equal((await createVisitor(elsewhere).get('/', { 'Remote-User': 'owner' })).status, 303);
});

test('without users the pages say so, and open on this machine alone', async (t) => {
  const running = await startDashboard(t, { users: [] });
  const visitor = createVisitor(running);
  const page = await visitor.get('/');
  assert.deepEqual([page.status, /No users are configured/.test(page.text)], [200, true]);
  for (const [name, value] of [
    ['X-Forwarded-For', '203.0.113.9'],
    ['Forwarded', 'for=203.0.113.9'],
    ['Via', '1.1 proxy'],
  ] as const)
    assert.equal((await visitor.get('/', { [name]: value })).status, 403, name);
  const port = Number(new URL(running.url).port);
  const forOther = `GET / HTTP/1.1\r\nHost: homing.example.com\r\nConnection: close\r\n\r\n`;
  assert.match(await speak(port, forOther), /^HTTP\/1\.1 403 /, 'a name that leads here');
  assert.match(
    await speak(port, 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n'),
    /^HTTP\/1\.1 403 /,
    'as old proxies ask',
  );
  const isPublic = await startDashboard(t, { users: [], publicUrl: 'https://homing.example.com' });
  assert.equal((await createVisitor(isPublic).get('/')).status, 403);
});

test('the list of users is read whole, or not at all', () => {
  const read = (text: string) => users.safeParse(text);
  const hash = `scrypt-32768-8-1-${'a'.repeat(22)}-${'b'.repeat(43)}`;
  assert.deepEqual(read(`ann:support:${hash}, bob@example.com:owner:proxy`).data, [
    { name: 'ann', role: 'support', hash },
    { name: 'bob@example.com', role: 'owner', hash: 'proxy' },
  ]);
  assert.deepEqual(read('').data, []);
  for (const wrong of [
    `ann:root:${hash}`,
    'ann:owner:swordfish',
    `ann:owner`,
    `ann:owner:${hash.replace('32768', '3')}`,
    `ann:owner:${hash.replace('32768', '1048576')}`,
    `:owner:${hash}`,
    `ann:owner:${hash},Ann:support:proxy`,
  ])
    assert.equal(read(wrong).success, false, wrong);
});

test('what pages use is served packed to whoever takes it so, and for ever under an address of its content', async (t) => {
  const running = await startDashboard(t);
  const visitor = createVisitor(running);
  const { text } = await visitor.get('/login');
  const files = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, file = '']) => file);
  assert.equal(files.length, 4);
  for (const file of files) {
    const [packed, plain] = [await visitor.get(file), await visitor.get(file, { 'Accept-Encoding': 'identity' })];
    assert.deepEqual([packed.headers.get('content-encoding'), plain.headers.get('content-encoding')], ['gzip', null]);
    assert.equal(packed.text, plain.text);
    assert.match(plain.headers.get('cache-control') ?? '', /immutable/);
  }
  assert.equal((await visitor.get('/assets/constructor')).status, 404);
});
