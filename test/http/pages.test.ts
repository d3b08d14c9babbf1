import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE } from '../../src/core/time.ts';
import { takeAlert } from '../../src/store/alerts.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { bundleAlerts } from '../../src/tell/alert.ts';
import { axeFindings, startBrowser, withoutBrowser } from '../support/browser.ts';
import { MORNING } from '../support/clock.ts';
import { bounce, ended, failed, seed, sent } from '../support/factory.ts';
import { DOMAIN, type Running, start, TOKEN } from './support.ts';

const as = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

const HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(2)> \u202e\u061c\x9b31m "quoted" \'too\'';

/** A mail that was given up after a hostile reply, and the body of the alert about it. */
async function givenUp(running: Running): Promise<{ id: string; alert: string }> {
  const { store, url } = running;
  const facts = [...sent(), failed(MORNING + MINUTE, 'retry', { bounce: bounce({ message: HOSTILE }) })];
  const [view] = await seed(store, { subject: HOSTILE, facts });
  const end = ended(1, MORNING + MINUTE, 'abandoned', 'storage_gone');
  await change(store, [view?.id ?? ''], MORNING + MINUTE, () => [end]);
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const waits = { group: 1, repeat: 1, lease: MINUTE, pause: 1000 };
  const now = () => MORNING + 2 * MINUTE;
  await bundleAlerts({ store, channels: [], ...waits, publicUrl: `${url}/`, now, log });
  const alert = await takeAlert(store, { now: now(), until: now() + MINUTE });
  return { id: view?.messageId ?? '', alert: alert?.body ?? '' };
}

test('each link of an alert leads to a page, for whoever has a token', async (t) => {
  const running = await start(t);
  const { id, alert } = await givenUp(running);
  const [runbook, ...links] = (alert.match(/http:\S+/g) ?? []).reverse();
  assert.match(await (await fetch(runbook ?? '')).text(), /<h3 id="gave_up">/);
  assert.equal(links.length, 2);
  for (const link of links) {
    const page = await fetch(link, { headers: as('ann', TOKEN) });
    const text = await page.text();
    assert.equal(page.status, 200, link);
    assert.match(page.headers.get('content-type') ?? '', /^text\/html; charset=utf-8/);
    assert.match(text, /ann@example\.net/);
    const next = /href="([^"]+)"/.exec(text)?.[1];
    if (next) assert.equal(new URL(next, link).href, `${running.url}/messages/${id}`);
  }
});

test('a page says what explain says, and what others wrote is text', async (t) => {
  const running = await start(t);
  const { id } = await givenUp(running);
  const page = await fetch(`${running.url}/messages/${id}`, { headers: as('', TOKEN) });
  const text = await page.text();
  assert.match(text, /It was given up after attempt 1: /);
  assert.match(text, /&lt;script&gt;alert\(1\)/);
  assert.doesNotMatch(text, /<script|<img|[\u202e\u061c\x9b]/);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'/);
  assert.doesNotMatch(policy, /unsafe|script/);
  assert.equal(page.headers.get('cache-control'), 'no-store');
});

test('who has no token gets no page, and is asked for it', async (t) => {
  const running = await start(t);
  const { id } = await givenUp(running);
  const asking = [
    {},
    as('api', 'wrong'),
    as('api', ''),
    { authorization: `Bearer ${TOKEN}` },
    { authorization: 'Basic' },
  ];
  for (const path of [`/messages/${id}`, '/messages/unknown', '/alerts/unknown', `/messages/${id}?token=${TOKEN}`]) {
    for (const headers of asking) {
      const page = await fetch(`${running.url}${path}`, { headers: headers as Record<string, string> });
      assert.equal(page.status, 401);
      assert.match(page.headers.get('www-authenticate') ?? '', /^Basic realm="/);
      assert.doesNotMatch(await page.text(), /ann@example|given up/);
    }
  }
  const none = await start(t, { tokens: [] });
  const page = await fetch(`${none.url}/messages/${id}`, { headers: as('api', '') });
  assert.deepEqual([page.status, /API_TOKENS/.test(await page.text())], [401, true]);
});

test('what is not there is a page too', async (t) => {
  const running = await start(t);
  for (const path of ['/messages/nothing', '/alerts/nothing', `/alerts/${'0'.repeat(26)}`, '/messages/%3Cx%40y%3E']) {
    const page = await fetch(`${running.url}${path}`, { headers: as('api', TOKEN) });
    assert.deepEqual([page.status, /no such/.test(await page.text())], [404, true], path);
  }
});

test('an address where nothing is shows a browser a page, and programs JSON', async (t) => {
  const { url } = await start(t);
  const ask = async (path: string, accept: string) => {
    const answer = await fetch(`${url}${path}`, { headers: { accept } });
    return [answer.status, answer.headers.get('content-type'), await answer.text()] as const;
  };
  const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
  const [status, type, page] = await ask('/mesages', browser);
  assert.deepEqual([status, type], [404, 'text/html; charset=utf-8']);
  assert.match(page, /There is no page at this address/);
  const json = [404, 'application/json; charset=utf-8', '{"error":"there is nothing here"}'];
  assert.deepEqual(await ask('/mesages', '*/*'), json);
  assert.deepEqual(await ask('/api/mesages', browser), json);
  assert.deepEqual(await ask('/webhooks/mailgum', browser), json);
  assert.deepEqual(await ask('/v3/mesages', browser), [404, json[1], '{"message":"there is nothing here"}']);
});

test('a form of another site can not use the token that a browser knows', async (t) => {
  const running = await start(t);
  const from = { from: 'a@mg.example.com', to: 'ann@example.org', text: 'x' };
  for (const sign of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
    const headers = { ...as('api', TOKEN), ...sign } as Record<string, string>;
    const body = new URLSearchParams(from);
    const answer = await fetch(`${running.url}/v3/${DOMAIN}/messages`, { method: 'POST', headers, body });
    assert.equal(answer.status, 401);
  }
});

test('in a browser the pages fit 320 pixels, can be used by everybody, with their style and without a script', {
  skip: withoutBrowser,
}, async (t) => {
  const running = await start(t);
  const { alert } = await givenUp(running);
  const browser = await startBrowser(t);
  const links = alert.match(/http:\S+/g) ?? [];
  assert.ok(links.length > 1);
  for (const link of [...links, `${running.url}/runbook`, `${running.url}/openapi`, `${running.url}/messages/x`]) {
    const httpCredentials = { username: 'ann', password: TOKEN };
    const page = await browser.newPage({ viewport: { width: 320, height: 800 }, httpCredentials });
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('dialog', () => complaints.push('a script ran'));
    await page.goto(link);
    const seen = await page.evaluate(
      '[document.documentElement.scrollWidth, getComputedStyle(document.body).maxWidth !== "none"]',
    );
    assert.deepEqual([seen, complaints.filter((c) => !/favicon|status of 404/.test(c))], [[320, true], []]);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await axeFindings(page), [], `${link}, ${colorScheme}`);
    }
  }
});
