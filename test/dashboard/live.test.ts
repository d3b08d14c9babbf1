import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE } from '../../src/core/time.ts';
import { bulkStep } from '../../src/operate/bulk.ts';
import { beginBulk } from '../../src/store/bulk.ts';
import { RECONCILED, setCursor } from '../../src/store/notes/cursors.ts';
import { withoutBrowser } from '../support/browser.ts';
import { MORNING } from '../support/clock.ts';
import { seed, sent } from '../support/factory.ts';
import { EVERY, operatorAt } from './look.ts';
import { startDashboard } from './support.ts';

const leave = 'document.activeElement.blur()';

test('what was typed or chosen stays while it is not sent, also when the field was left', {
  skip: withoutBrowser,
}, async (t) => {
  const running = await startDashboard(t);
  await seed(running.store, { facts: sent(MORNING) });
  const page = await operatorAt(t, running);
  await page.goto(`${running.url}/outages`);
  await page.locator('main details.act summary').click();
  const [kind, reason] = [page.locator('select[name=class]'), page.locator('input[name=reason]')];
  await kind.selectOption('notice');
  await reason.fill('their gateway is away');
  await page.evaluate(leave);
  await page.clock.runFor(EVERY);
  await page.getByText('Waits while something is filled in').waitFor();
  assert.deepEqual([await kind.inputValue(), await reason.inputValue()], ['notice', 'their gateway is away']);
  await kind.selectOption('');
  await reason.fill('');
  await page.evaluate(leave);
  const again = page.waitForResponse(page.url());
  await page.clock.runFor(EVERY);
  await again;
  await page.getByText('Refreshed every 5 s').waitFor();
  assert.equal(await page.locator('main details.act').getAttribute('open'), '', 'and what was folded out stays so');
});

test('nothing is asked for while nobody looks, a field has the focus, or it is paused, and then it goes on', {
  skip: withoutBrowser,
}, async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun'] });
  const page = await operatorAt(t, running);
  const calls: string[] = [];
  page.on('request', (request) => calls.push(request.url()));
  await page.evaluate('Object.defineProperty(document, "hidden", { get: () => window.isAway === true })');
  const ways = {
    hidden: ['window.isAway = true', 'window.isAway = false'],
    focus: ['document.querySelector("#q").focus()', leave],
    paused: ['document.querySelector(".live button").click()', 'document.querySelector(".live button").click()'],
  };
  for (const [name, [begin, end]] of Object.entries(ways)) {
    await page.evaluate(begin ?? '');
    calls.length = 0;
    await page.clock.runFor(3 * EVERY);
    assert.deepEqual(calls, [], name);
    await page.evaluate(end ?? '');
    const again = page.waitForResponse(page.url());
    await page.clock.runFor(EVERY);
    await again;
  }
});

test('a page that has come to its end shows it, and is not asked for any more', { skip: withoutBrowser }, async (t) => {
  const running = await startDashboard(t);
  const { store, clock } = running;
  await seed(store, { facts: sent(MORNING) });
  clock.set(MORNING + MINUTE);
  const wish = { action: 'cancel', query: 'all mail', filter: {}, who: 'ann' } as const;
  const id = await beginBulk(store, wish, clock());
  const page = await operatorAt(t, running);
  await page.goto(`${running.url}/bulk/${id}`);
  await page.getByText('It is being counted').waitFor();
  await bulkStep({ store, rate: 20, lease: MINUTE, now: clock });
  await page.clock.runFor(EVERY);
  await page.getByRole('button', { name: /^Cancel: 1 delivery/ }).waitFor();
  assert.equal(await page.locator('.live').isVisible(), false);
  const calls: string[] = [];
  page.on('request', (request) => calls.push(request.url()));
  await page.clock.runFor(3 * EVERY);
  assert.deepEqual(calls, []);
});

test('what could not be refreshed is said to be old, until it could', { skip: withoutBrowser }, async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun'] });
  const page = await operatorAt(t, running);
  await page.route(running.url, (route) => route.abort());
  await page.clock.runFor(EVERY);
  await page.getByText('Not up to date').waitFor();
  assert.equal(await page.locator('main').getAttribute('data-stale'), '');
  await page.unroute(running.url);
  await setCursor(running.store, RECONCILED, '', MORNING);
  running.clock.advance(MINUTE);
  await page.clock.runFor(EVERY);
  await page.getByText('Refreshed every 5 s').waitFor();
  assert.match(await page.locator('main').innerText(), /Reconciler\s+1 min ago/);
  assert.equal(await page.locator('main').getAttribute('data-stale'), null);
});
