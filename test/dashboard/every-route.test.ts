import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
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

/** Forms that a role has no button for. */
const BEYOND = {
  support: /\/(?:retry|cancel|bulk|confirm|stop|holds|release|doctor|enable|replay|suppressions|erase|body)/,
  operator: /\/(?:suppressions|body|causes)/,
} as const;

test('a form that a role is not shown is refused when it is sent all the same', async (t) => {
  const running = await startDashboard(t);
  for (const role of ['support', 'operator'] as const) {
    const visitor = await loggedIn(running, role);
    const { token } = await visitor.get('/');
    const forms = running.routes.filter((route) => isForm(route) && BEYOND[role].test(route.path));
    assert.ok(forms.length > 0);
    for (const { path } of forms)
      assert.equal((await visitor.post(path, { token, why: 'x', reason: 'x' })).status, 403, `${role}: ${path}`);
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
