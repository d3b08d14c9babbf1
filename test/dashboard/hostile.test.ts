import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { bulkStep } from '../../src/operate/bulk.ts';
import { indexTerms } from '../../src/operate/index-terms.ts';
import { reopen } from '../../src/providers/mailgun/webhook.ts';
import { raise } from '../../src/store/alerts.ts';
import { beginBulk } from '../../src/store/bulk.ts';
import { changeHealth } from '../../src/store/change-health.ts';
import { foldPending } from '../../src/store/figures/pending.ts';
import { keep, settle } from '../../src/store/inbox/inbox.ts';
import { createRefusals } from '../../src/store/inbox/refusals.ts';
import { audit } from '../../src/store/notes/audit.ts';
import { addHold } from '../../src/store/notes/holds.ts';
import { outagesSince } from '../../src/store/outages.ts';
import { addSuppression } from '../../src/store/projections/suppressions.ts';
import { bundleAlerts } from '../../src/tell/alert.ts';
import type { Running } from '../http/support.ts';
import { startBrowser, withoutBrowser } from '../support/browser.ts';
import { MORNING } from '../support/clock.ts';
import { arrival, bounce, failed, seed, sent, verdict } from '../support/factory.ts';
import { logInto } from '../support/homing.ts';
import { type Given, loggedIn, PASSWORD, startDashboard } from './support.ts';

/** Markup, what turns the direction of text, what colours a terminal, and a word that fits no screen. */
const HOSTILE = `<img src=x onerror=alert(1)><script>alert(2)</script>"'</title></td>\u202e\u2066\u001b[31m\u009b31m ${'w'.repeat(10_000)}`;
const UNSAFE = ['\u202e', '\u2066', '\u001b', '\u009b'];
const unsafeIn = (text: string): string[] => UNSAFE.filter((one) => text.includes(one));
const FAR = `${'w'.repeat(64)}@${'w'.repeat(60)}.${'w'.repeat(60)}.${'w'.repeat(60)}.example`;
const QUOTED = '"<img/src=x/onerror=alert(3)>"@example.com';
const READS: Given = { read: ({ body, content_type }) => reopen(body, content_type) };

/** Whatever others can write, wherever a page shows it. Gives the addresses that no page leads to by itself. */
async function hostileWorld({ store, clock }: Running): Promise<string[]> {
  const reply = bounce({ message: HOSTILE, description: HOSTILE, mxHost: HOSTILE.slice(0, 200) });
  const paths: string[] = [];
  for (const [n, cause] of (['recipient_unknown', 'undetermined'] as const).entries()) {
    const evidence = { rule: 'x', words: HOSTILE };
    const dead = failed(MORNING + MINUTE, 'stop', {
      ...{ bounce: reply, sendingIp: HOSTILE.slice(0, 50), messageId: `h${n}@mg.example.com` },
      ...(n === 0 ? { suppress: 'recipient_unknown' as const } : {}),
      verdict: { ...verdict(cause, n === 0 ? 'give_up_suppress' : 'give_up_no_suppress'), evidence },
    });
    const [view] = await seed(store, {
      ...{ messageId: `h${n}@mg.example.com`, subject: HOSTILE, from: HOSTILE, key: HOSTILE.slice(0, 150) },
      ...{ tags: [HOSTILE.slice(0, 100)], recipients: n === 0 ? [FAR] : [QUOTED] },
      facts: [...sent(MORNING, `h${n}@mg.example.com`), dead],
    });
    const detail = JSON.stringify({ why: HOSTILE.slice(0, 1000) });
    const deed = { who: HOSTILE.slice(0, 90), what: 'retry', subject: view?.messageId ?? '', detail };
    await audit(store, MORNING, deed);
    paths.push(`/messages/${view?.messageId}`);
  }
  await addSuppression(store, { address: QUOTED, who: HOSTILE, reason: HOSTILE }, MORNING);
  await addHold(store, { provider: 'mailgun', class: 'bulk', until: null, reason: HOSTILE, who: HOSTILE }, MORNING);
  const before = { state: 'healthy', since: 0, share: 100, wellSince: null, probesFailed: 0 } as const;
  const change = { state: 'down', share: 0, evidence: HOSTILE } as const;
  await changeHealth(store, 'mailgun', { before, change }, MORNING);
  const [outage] = await outagesSince(store, MORNING - HOUR);
  const log = logInto([]);
  const now = () => MORNING + 2 * MINUTE;
  const item = { item_key: 'x', incident: `webhooks_silent:${HOSTILE.slice(0, 60)}`, at: MORNING };
  await raise(store, { ...item, kind: 'webhooks_silent', detail: HOSTILE });
  await bundleAlerts({
    store,
    channels: [],
    group: 1,
    repeat: 1,
    lease: MINUTE,
    pause: 1000,
    publicUrl: null,
    now,
    log,
  });
  const alerts: string[] = await store.db('alerts').pluck('id');
  const event = { event: HOSTILE, recipient: HOSTILE, 'delivery-status': { message: HOSTILE } };
  const told = arrival('told', { body: JSON.stringify({ 'event-data': event }), receivedAt: MORNING });
  await keep(store, [told, arrival('odd', { body: HOSTILE, receivedAt: MORNING })]);
  const { id } = await store.db('inbox').where({ replay_key: 'odd' }).first('id');
  await settle(store, null, [{ id, outcome: 'set_aside', tries: 3, dueAt: MORNING, error: HOSTILE }]);
  const refusals = createRefusals({ store, now: clock, log });
  refusals.add('mailgun', HOSTILE);
  await refusals.flush();
  clock.set(MORNING + HOUR);
  const wish = { action: 'cancel', query: HOSTILE, filter: {}, who: HOSTILE.slice(0, 90) } as const;
  const bulk = await beginBulk(store, wish, clock());
  await bulkStep({ store, rate: 20, lease: MINUTE, now: clock });
  await foldPending(store);
  while ((await indexTerms({ store, now: clock })) > 0);
  const today = new Date(MORNING).toISOString().slice(0, 10);
  return [...paths, `/outages/${outage?.id}`, ...alerts.map((one) => `/alerts/${one}`), `/bulk/${bulk}`].concat(
    `/report?from=${today}&to=${today}`,
    `/messages?${new URLSearchParams({ q: HOSTILE.slice(0, 499) })}`,
    `/messages?${new URLSearchParams({ q: FAR })}`,
    `/suppressions?${new URLSearchParams({ address: QUOTED })}`,
  );
}

test('what others write changes nothing on any page, and fits on a screen of 320 pixels', {
  skip: withoutBrowser,
}, async (t) => {
  const running = await startDashboard(t, READS, { providers: ['mailgun'] });
  const others = await hostileWorld(running);
  const browser = await startBrowser(t);
  const page = await browser.newPage({ viewport: { width: 320, height: 900 } });
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('dialog', (dialog) => void dialog.dismiss().then(() => complaints.push('a script ran')));
  await page.goto(`${running.url}/login`);
  await page.getByLabel('Name').fill('owner');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  const links = page.getByRole('navigation', { name: 'Pages', exact: true }).getByRole('link');
  await links.first().waitFor();
  const shown = await links.evaluateAll((all) => all.map((one) => one.getAttribute('href') ?? ''));
  const pages = shown.filter((path) => path !== '/runbook');
  let showing = 0;
  for (const path of [...pages, ...others]) {
    await page.goto(running.url + path);
    await page.evaluate('document.querySelectorAll("main details").forEach((one) => { one.open = true })');
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 320, path);
    assert.equal(await links.count(), shown.length, `${path}: what stands around is as ever`);
    assert.equal(await page.locator('main').count(), 1, path);
    const said = `${await page.title()} ${await page.locator('main').innerText()}`;
    assert.deepEqual(unsafeIn(said), [], path);
    if (said.includes('<img')) showing++;
    const folder = process.env['SHOTS'];
    const name = path.replace(/\W+/g, '-').slice(0, 40);
    if (folder) await page.screenshot({ path: `${folder}/hostile${name}.png`, fullPage: true });
  }
  assert.ok(showing > 10, `${showing} pages show what others wrote`);
  assert.deepEqual(
    complaints.filter((one) => !/status of 400/.test(one)),
    [],
  );
});

test('what others write changes nothing in a file that is taken along', async (t) => {
  const running = await startDashboard(t, READS, { providers: ['mailgun'] });
  const others = await hostileWorld(running);
  const ann = await loggedIn(running, 'owner');
  const outage = others.find((path) => path.startsWith('/outages/'));
  const day = others.find((path) => path.startsWith('/report'))?.split('?')[1];
  for (const path of ['/messages.csv', '/messages.json', `${outage}/review.md`, `/report.csv?${day}`]) {
    const { status, text, headers } = await ann.get(path);
    assert.equal(status, 200, path);
    assert.match(headers.get('content-disposition') ?? '', /^attachment; filename="[\w.-]+"$/, path);
    assert.deepEqual(unsafeIn(text), [], path);
  }
});
