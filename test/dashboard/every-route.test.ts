import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { speak } from '../http/support.ts';
import { MORNING } from '../support/clock.ts';
import { ended, failed, seed, sent } from '../support/factory.ts';
import { createVisitor, loggedIn, type Route, startDashboard } from './support.ts';

const isOpen = ({ path }: Route): boolean => path === '/login' || path.startsWith('/assets/');
const isForm = ({ method }: Route): boolean => method === 'POST';

/** What a page weighs on its way, with a bound that the slowest networks take well. */
const HEAVIEST = 30_000;

test('whoever is not logged in is shown nothing and does nothing, at any address', async (t) => {
  const running = await startDashboard(t);
  const eve = createVisitor(running);
  const { token } = await eve.get('/login');
  const routes = running.routes.filter((route) => !isOpen(route));
  assert.ok(routes.length > 40);
  for (const { method, path } of routes) {
    const page = await (method === 'GET' ? eve.get(path) : eve.post(path, { token, why: 'x', reason: 'x' }));
    assert.equal(page.status, method === 'GET' ? 303 : 401, `${method} ${path}`);
    if (method === 'GET') assert.match(page.headers.get('location') ?? '', /^\/login\?next=%2F/, path);
    else assert.match(page.text, /<a href="\/login">Log in<\/a>/, path);
  }
});

test('no form does anything without our token, with that of another, or from another site', async (t) => {
  const running = await startDashboard(t);
  const [ann, eve] = [await loggedIn(running, 'owner'), await loggedIn(running, 'owner')];
  const [{ token }, { token: other }] = [await ann.get('/'), await eve.get('/')];
  const fields = { why: 'x', reason: 'x' };
  for (const { path } of running.routes.filter(isForm)) {
    for (const forged of [fields, { ...fields, token: '' }, { ...fields, token: other }])
      assert.equal((await ann.post(path, forged)).status, 409, path);
    const elsewhere = await ann.post(path, { ...fields, token }, { 'Sec-Fetch-Site': 'cross-site' });
    assert.equal(elsewhere.status, 409, path);
  }
  assert.equal((await ann.get('/')).status, 200, 'nobody was logged out');
});

/** The forms that each role may send beside those of its login, and the pages that it may not open. */
const OPEN_TO: Record<'support' | 'operator', RegExp> = {
  support: /^\/messages\/\w+\/resend$/,
  operator:
    /^(?:\/messages\/\w+\/(?:resend|retry|cancel)|\/bulk(?:\/\w+\/(?:confirm|stop))?|\/holds(?:\/\w+\/release)?|\/incidents\/\w+\/take|\/events\/number\/(?:enable|replay)|\/doctor)$/,
};
const SHUT_TO: Record<'support' | 'operator', RegExp> = {
  support: /^\/(?:bulk(?:\/\w+)?|events|settings|doctor)$/,
  operator: /^\/settings$/,
};
const isOfLogin = ({ path }: Route): boolean => ['/login', '/logout', '/theme'].includes(path);

test('of all forms and pages a role has its own, and every other is refused, also when it is asked for directly', async (t) => {
  const running = await startDashboard(t);
  for (const role of ['support', 'operator'] as const) {
    const visitor = await loggedIn(running, role);
    const { token } = await visitor.get('/');
    for (const { method, path } of running.routes.filter((route) => !isOfLogin(route))) {
      const isForRole = method === 'POST' ? OPEN_TO[role].test(path) : !SHUT_TO[role].test(path);
      const { status, text } = await (method === 'POST' ? visitor.post(path, { token }) : visitor.get(path));
      if (status === 403) assert.match(text, /an operator or an owner, can do it for you/, path);
      if (/\/body/.test(path)) assert.ok([403, 404].includes(status), `${role}: ${method} ${path}`);
      else assert.equal(status !== 403, isForRole, `${role}: ${method} ${path} is ${status}`);
    }
  }
});

test('no answer with a login is kept by a browser or a proxy, but for pictures that only a browser keeps', async (t) => {
  const running = await startDashboard(t);
  const ann = await loggedIn(running, 'owner');
  const routes = running.routes.filter(({ method, path }) => method === 'GET' && !path.startsWith('/assets/'));
  for (const { path } of routes) {
    const kept = (await ann.get(path)).headers.get('cache-control') ?? '';
    assert.match(kept, path.endsWith('.svg') ? /^(?:private, max-age=60|no-store)$/ : /^no-store$/, path);
  }
  assert.equal((await ann.fill('/', '/theme', { theme: 'dark', back: '/' })).headers.get('cache-control'), 'no-store');
});

test('a host that somebody else names stands in no answer', async (t) => {
  const running = await startDashboard(t, { publicUrl: 'https://homing.example.com/mail' });
  const { port } = running.server;
  for (const path of ['/', '/login', '/login?next=%2Fbulk', '/messages/x', '/assets/pico.css', '/runbook'])
    for (const name of ['Host', 'Host: homing.example.com\r\nX-Forwarded-Host', 'Host: a\r\nForwarded: host']) {
      const answer = await speak(port, `GET ${path} HTTP/1.1\r\n${name}: evil.example\r\nConnection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 (?:200|303|400|401)/, `${path} ${name}`);
      assert.doesNotMatch(answer, /evil/, `${path} ${name}`);
    }
});

test('every page is light, may not be framed, and runs nothing that is not ours', async (t) => {
  const running = await startDashboard(t);
  for (let n = 0; n < 60; n++) {
    const facts = [
      ...sent(MORNING),
      failed(MORNING, 'stop'),
      ended(1, MORNING, 'failed' as const, 'recipient_unknown' as const),
    ];
    await seed(running.store, { messageId: `m${n}@mg.example.com`, recipients: [`p${n}@example.com`], facts });
  }
  const ann = await loggedIn(running, 'owner');
  const pages = running.routes.filter(({ method, path }) => method === 'GET' && !/[.]|\/assets\//.test(path));
  let looked = 0;
  for (const { path } of pages) {
    const { status, text, headers } = await ann.get(path);
    if (status === 303) continue;
    looked++;
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/, path);
    assert.match(policy, /frame-ancestors 'none'/, path);
    assert.doesNotMatch(policy, /unsafe/, path);
    assert.doesNotMatch(text, /<script(?![^>]* src=)|<style| style=| on[a-z]+=/, path);
    assert.ok(gzipSync(text).length < HEAVIEST, path);
  }
  assert.ok(looked > 12);
});

test('what strangers, and those who may not, are shown may not be framed either', async (t) => {
  const running = await startDashboard(t);
  const [eve, ann] = [createVisitor(running), await loggedIn(running, 'support')];
  const { token } = await ann.get('/');
  const shown = [
    ...[await eve.get('/login'), await eve.get('/'), await eve.get('/runbook'), await eve.get('/openapi')],
    ...[await eve.post('/login', {}), await eve.post('/bulk', {}), await eve.get('/alerts/x/ack')],
    ...[await ann.get('/settings'), await ann.get('/messages/x'), await ann.post('/bulk', { token })],
    ...[await ann.get('/hours-light.svg'), await ann.get('/messages.csv'), await ann.get('/nothing')],
  ];
  for (const { status, headers } of shown) {
    assert.equal(headers.get('x-frame-options'), 'DENY', `${status}`);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    if (/html/.test(headers.get('content-type') ?? ''))
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/);
  }
});
