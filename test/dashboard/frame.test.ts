import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE } from '../../src/core/time.ts';
import { ROLES } from '../../src/dashboard/desk/users.ts';
import { addSuppression } from '../../src/store/projections/suppressions.ts';
import { startBrowser, withoutBrowser } from '../support/browser.ts';
import { MORNING } from '../support/clock.ts';
import { seed, sent } from '../support/factory.ts';
import { looksWellNow } from './look.ts';
import { loggedIn, PASSWORD, startDashboard } from './support.ts';

/** Where the links of the navigation lead. */
function linksIn(page: string): string[] {
  const [nav = ''] = /<nav aria-label="Pages">.*?<\/nav>/s.exec(page) ?? [];
  return [...nav.matchAll(/href="([^"]+)"/g)].map(([, path = '']) => path);
}

test('everybody can open every page that the navigation shows them, and support is shown the fewest', async (t) => {
  const running = await startDashboard(t);
  const shown: string[][] = [];
  for (const role of ROLES) {
    const visitor = await loggedIn(running, role);
    const links = linksIn((await visitor.get('/')).text);
    for (const path of links) assert.equal((await visitor.get(path)).status, 200, `${path} for ${role}`);
    shown.push(links);
  }
  const [support = [], operator = [], owner = []] = shown;
  assert.deepEqual(
    operator.filter((path) => !support.includes(path)),
    ['/bulk', '/events', '/doctor'],
  );
  assert.deepEqual(
    owner.filter((path) => !operator.includes(path)),
    ['/settings'],
  );
});

test('who chooses colours comes back to the same page, with its search, and without the words about what was done', async (t) => {
  const running = await startDashboard(t);
  const eve = await loggedIn(running, 'owner');
  const backOf = async (path: string) => {
    const { text, token } = await eve.get(path);
    const [, back = ''] = /name="back" value="([^"]*)"/.exec(text) ?? [];
    const { headers } = await eve.post('/theme', { token, theme: 'dark', back: back.replaceAll('&amp;', '&') });
    return headers.get('location');
  };
  assert.equal(await backOf('/'), '/');
  assert.equal(await backOf('/messages?q=state%3Afailed+reset&before=x'), '/messages?q=state%3Afailed+reset&before=x');
  assert.equal(
    await backOf('/suppressions?address=a%40b.example&done=suppressed&count=1'),
    '/suppressions?address=a%40b.example',
  );
});

test('a page that a form has made is not come back to, as it has no address of its own', async (t) => {
  const running = await startDashboard(t);
  const eve = await loggedIn(running, 'owner');
  const { text } = await eve.fill('/causes', '/causes/replay', { rules: '[', days: '7' });
  assert.match(text, /name="back" value="\/"/);
});

test('what goes wrong is told as a page, and what it was stands in the log alone', async (t) => {
  const running = await startDashboard(t, {
    configuration: () => {
      throw new Error('a fault of ours');
    },
  });
  const eve = await loggedIn(running, 'owner');
  const { status, text, headers } = await eve.get('/settings');
  assert.deepEqual([status, headers.get('content-type')], [500, 'text/html; charset=utf-8']);
  assert.match(text, /<p>Something went wrong here\. The log of Homing says what\.<\/p>/);
  assert.match(running.logged(), /a fault of ours.*a page could not be made/);
});

test('in a browser the login, and what can not be shown, fit and can be used by everybody, by keys alone too', {
  skip: withoutBrowser,
}, async (t) => {
  const running = await startDashboard(t);
  const page = await (await startBrowser(t)).newPage();
  const logIn = async (password: string) => {
    await page.getByLabel('Name').fill('support');
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
  };
  await page.goto(`${running.url}/messages?q=x`);
  await looksWellNow(page, 'the login');
  await logIn('wrong');
  await page.getByRole('alert').waitFor();
  await looksWellNow(page, 'a wrong password');
  await logIn(PASSWORD);
  await page.waitForURL(`${running.url}/messages?q=x`);
  for (const path of ['/messages/x', '/settings', '/report?from=x', '/messages?q=state:x']) {
    await page.goto(running.url + path);
    await looksWellNow(page, path);
  }
  await page.goto(running.url);
  await page.keyboard.press('Tab');
  assert.equal(await page.locator(':focus').innerText(), 'To the content');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  assert.equal(await page.locator('main :focus').count(), 1, 'the navigation is skipped');
  const local = await startDashboard(t, { users: [] });
  await page.goto(local.url);
  await looksWellNow(page, 'without users');
});

test('on paper a page has no acts, all of its tables, and times that still hold tomorrow', {
  skip: withoutBrowser,
}, async (t) => {
  const running = await startDashboard(t);
  const [view] = await seed(running.store, { recipients: ['anna@example.com'], facts: sent() });
  await addSuppression(running.store, { address: 'bob@example.com', who: 'ann', reason: 'asked' }, MORNING);
  running.clock.set(MORNING + MINUTE);
  const page = await (await startBrowser(t)).newPage();
  await page.goto(`${running.url}/login`);
  await page.getByLabel('Name').fill('owner');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.locator('body > header').waitFor();
  await page.emulateMedia({ media: 'print' });
  for (const path of ['/messages', `/messages/${view?.messageId}`, '/suppressions', '/outages']) {
    await page.goto(running.url + path);
    for (const act of await page.locator('body > header, .skip, .live, form, button').all())
      assert.equal(await act.isVisible(), false, `${path}: ${await act.innerHTML()}`);
    assert.equal(await page.locator('main h1').isVisible(), true);
    const folder = process.env['SHOTS'];
    if (folder) await page.screenshot({ path: `${folder}/print${path.replace(/\W+/g, '-')}.png`, fullPage: true });
  }
  await page.goto(`${running.url}/suppressions`);
  const after = 'getComputedStyle(document.querySelector("td time"), "::after").content';
  assert.match(String(await page.evaluate(after)), /\(2026-11-25 \d\d:\d\d/);
});
