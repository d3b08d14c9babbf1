// People who look at the page of an application: while Mailgun fails and returns, and many who press at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { SECOND } from '../../src/core/time.ts';
import { until } from '../../src/lab/campaign/application.ts';
import { copiesOf } from '../../src/lab/campaign/verdict.ts';
import { createWorld, DOMAIN, TOKEN, type World } from '../../src/lab/campaign/world.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { banner, button, comeBack, idOf, left, openPage, queued, startSite, told } from '../http/script-support.ts';
import { start } from '../http/support.ts';
import { withoutBrowser as skip, startBrowser } from '../support/browser.ts';
import { eachStore } from '../support/stores.ts';

async function reset(world: World, recipient: string): Promise<string> {
  const answer = await fetch(`${world.front.url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`api:${TOKEN}`)}`, connection: 'close' },
    body: new URLSearchParams({
      ...{ from: `team@${DOMAIN}`, to: recipient, subject: 'Reset', text: 'A link', 'v:homing-class': 'access' },
    }),
  });
  assert.equal(answer.status, 200, await answer.text());
  return answer.headers.get('homing-status-token') ?? '';
}

/** Comes back to the page again and again until it shows the words. */
const shows = (page: Page, words: string) =>
  until(`the page to say "${words}"`, async () => {
    await comeBack(page);
    return page.getByText(words).isVisible();
  });

test('while the only provider fails and returns, whoever waits is told how it is', { skip }, async (t) => {
  const world = await createWorld({
    env: { ENCRYPTION_KEY: 'ab'.repeat(32), SECONDARY_SMTP_URL: '', OUTAGE_STEADY: '3s' },
  });
  t.after(world.close);
  await world.start();
  await world.sim.unplug();
  for (let n = 0; n < 10; n++) await reset(world, `other${n}@example.org`);
  const token = await reset(world, 'ann@example.org');
  const browser = await startBrowser(t);
  const pages = [
    await openPage(browser, await startSite(t, { daemon: world.front.url, token })),
    await openPage(browser, await startSite(t, { daemon: world.front.url, token, lang: 'de' })),
  ] as const;
  const [english, german] = pages;
  await shows(english, 'Reset emails are not going out right now. Please try again later.');
  await shows(german, 'E-Mails zum Zurücksetzen werden zurzeit nicht gesendet. Bitte später noch einmal versuchen.');
  await shows(english, 'Your email is delayed. We keep trying to send it.');
  await shows(german, 'Die E-Mail verspätet sich. Wir versuchen weiter, sie zu senden.');
  await world.sim.plug();
  await shows(english, 'Your email has arrived at your mail provider.');
  await shows(german, 'Die E-Mail ist beim Mail-Anbieter angekommen.');
  for (const page of pages)
    await until('the banner to go', async () => {
      await comeBack(page);
      return (await banner(page).innerText()) === '';
    });
  assert.equal(copiesOf(world, 'ann@example.org'), 1);
  assert.deepEqual([...english.complaints, ...german.complaints], []);
});

async function keepFromAsking(page: Page, token: string): Promise<void> {
  await page.clock.pauseAt((await page.evaluate<number>('Date.now()')) + SECOND);
  await page.route(`**/status/${token}`, (route) => route.abort());
  // What it asked before that is not listened to any more.
  const asked = page.waitForEvent('requestfailed');
  await comeBack(page);
  await asked;
}

eachStore('ten clicks at once, in two browsers on two daemons, make one mail', async ({ t, store, open }) => {
  if (skip) return t.skip(skip);
  const first = await start(t, { encryptionKey: 'ab'.repeat(32), store });
  const second = await start(t, { encryptionKey: 'ab'.repeat(32), store: open(), now: first.clock });
  const daemon = { ...first, store };
  const token = await queued(first);
  await told(daemon, token, ...left(first.clock()));
  first.clock.advance(60 * SECOND);
  const pages: Page[] = [];
  for (const { url } of [first, second]) {
    const browser = await startBrowser(t);
    const site = await startSite(t, { daemon: url, token });
    for (let n = 0; n < 5; n++) pages.push(await openPage(browser, site));
  }
  await Promise.all(pages.map((page) => page.locator('button[aria-disabled=false]').waitFor()));
  // None is told of the others before it is pressed, and none gives up, however slow the machine is.
  await Promise.all(pages.map((page) => keepFromAsking(page, token)));
  await Promise.all(pages.map((page) => button(page).click()));
  for (const page of pages) await page.getByText('We are sending your email again.').waitFor();
  const view = (await findMessage(store, idOf(token)))?.views[0];
  assert.equal(view?.facts.filter(({ kind }) => kind === 'reopened').length, 1);
  assert.equal((await store.db('audit').where({ what: 'resend' })).length, 1);
  for (const page of pages)
    assert.equal(await button(page).getAttribute('aria-disabled'), 'true', 'all wait for the next time');
});
