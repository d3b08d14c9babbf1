// What the script shows, on the page of a stranger with a strict policy.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { cancelMessage } from '../../src/operate/operate.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { axeFindings, withoutBrowser as skip, startBrowser } from '../support/browser.ts';
import { claimed, failed, reported } from '../support/factory.ts';
import {
  banner,
  beforeNext,
  button,
  comeBack,
  idOf,
  left,
  message,
  note,
  openPage,
  pass,
  queued,
  type Seen,
  type Site,
  serve,
  startSite,
  timer,
  told,
} from './script-support.ts';
import { type Running, start } from './support.ts';

const KEY = 'ab'.repeat(32);

type Shown = { running: Running; token: string; page: Seen };

/** A reset whose confirmation is open in a browser. */
async function shown(t: TestContext, site: Omit<Site, 'daemon'> = {}): Promise<Shown> {
  const running = await start(t, { encryptionKey: KEY });
  const token = await queued(running);
  const browser = await startBrowser(t);
  const page = await openPage(browser, await startSite(t, { daemon: running.url, token, ...site }));
  await button(page).waitFor();
  return { running, token, page };
}

const textOf = async (place: ReturnType<typeof banner>): Promise<string> => (await place.innerText()).trim();

const says = (page: Page, text: string) => page.getByText(text).waitFor();

test('the banner tells what is late and is gone when all is on time, and the message goes its way', {
  skip,
}, async (t) => {
  const { running, token, page } = await shown(t);
  assert.equal(await textOf(banner(page)), '');
  assert.match(await textOf(message(page)), /^Your email is on its way\.\s+Wait a minute\. Then look/);
  await pass(page, running.clock, 280);
  await says(page, 'Your email is delayed. We keep trying to send it.');
  await says(page, 'Reset emails are delayed right now. New requests may take up to 5 minutes.');
  await told(running, token, ...left(running.clock()));
  await pass(page, running.clock, 40);
  await says(page, 'Your email was sent. It should be there soon.');
  await told(running, token, reported('delivered', running.clock()));
  await pass(page, running.clock, 40);
  await says(page, 'Your email has arrived at your mail provider.');
  assert.equal(await textOf(banner(page)), '');
  assert.equal(await button(page).count(), 0);
  assert.deepEqual(page.complaints, []);
});

test('German pages are told in German', { skip }, async (t) => {
  const { running, token, page } = await shown(t, { lang: 'de-CH' });
  assert.match(await textOf(message(page)), /^Die E-Mail ist unterwegs\./);
  assert.equal(await textOf(button(page)), 'Noch einmal senden');
  assert.match(await textOf(timer(page)), /^Das geht in \d\d Sekunden\.$/);
  await pass(page, running.clock, 280);
  await says(page, 'E-Mails zum Zurücksetzen verspäten sich zurzeit. Neue Anfragen können bis zu 5 Minuten dauern.');
  await cancelMessage(running.store, { message: idOf(token), who: 'api', reason: 'by_application' }, running.clock());
  await pass(page, running.clock, 40);
  await says(page, 'Diese E-Mail wird nicht mehr gebraucht.');
  assert.equal(await page.locator('homing-message [part=box]').getAttribute('lang'), 'de-CH');
  assert.deepEqual(page.complaints, []);
});

test('mail by the backup is told of in both languages, and other kinds of mail only where they are wanted', {
  skip,
}, async (t) => {
  const { running, token, page } = await shown(t);
  const taken = { kind: 'accepted' as const, attempt: 1, messageId: null, tracked: false, detail: '', via: 'backup' };
  const at = running.clock();
  await told(running, token, claimed(1, at, { how: 'fallback' }), { ...taken, key: 'accepted:1', at });
  await queued(running, { 'v:homing-class': 'bulk' });
  await pass(page, running.clock, 300);
  await says(page, 'Reset emails go out by our backup route right now. They may take a little longer.');
  assert.doesNotMatch(await textOf(banner(page)), /Newsletters/);
  const site = await startSite(t, { daemon: running.url, token, lang: 'de' });
  const german = await openPage(page.context().browser() as Browser, site);
  await says(german, 'E-Mails zum Zurücksetzen gehen zurzeit über unseren Ersatzweg.');
  await german.evaluate('document.querySelector("homing-banner").setAttribute("kinds", "bulk,notice")');
  await says(german, 'Newsletter und andere E-Mails verspäten sich zurzeit.');
  assert.doesNotMatch(await textOf(banner(german)), /Zurücksetzen/);
});

test('when all mail is concerned alike, one sentence says so, with the longest time', { skip }, async (t) => {
  const { running, page } = await shown(t, { lang: 'de' });
  for (const kind of ['notice', 'bulk']) await queued(running, { 'v:homing-class': kind });
  await page.evaluate('document.querySelector("homing-banner").removeAttribute("kinds")');
  await pass(page, running.clock, 400);
  await says(page, 'E-Mails verspäten sich zurzeit. Neue Anfragen können bis zu 10 Minuten dauern.');
});

const FRENCH = {
  banner: { delayed: '{mail} : retard, au plus {time}.' },
  mail: { access: 'Réinitialisations' },
  message: { accepted: ['Votre e-mail est en route.', '<b>Attendez</b> une minute.'] },
  again: 'Renvoyer',
  wait: 'Possible dans {time}.',
};

test('a file of texts replaces the words, as text, and what is missing in it is English', { skip }, async (t) => {
  const { running, page } = await shown(t, { lang: 'fr', texts: FRENCH });
  assert.match(await textOf(message(page)), /^Votre e-mail est en route\.\s+<b>Attendez<\/b> une minute\.$/);
  assert.equal(await textOf(button(page)), 'Renvoyer');
  assert.match(await textOf(timer(page)), /^Possible dans \d\d\ssecondes\.$/);
  await pass(page, running.clock, 280);
  await says(page, 'Réinitialisations : retard, au plus 5 minutes.');
  await says(page, 'Your email is delayed.');
});

test('a file of texts is enough where the page names no language, or not as browsers do', { skip }, async (t) => {
  for (const [lang, part, minutes] of [
    ['', '', /au plus 5 minutes\.$/],
    ['fr_FR', 'fr-FR', /au plus 5 minutes\.$/],
    ['français', '', /au plus 5 minutes\.$/],
  ] as const) {
    const { running, page } = await shown(t, { lang, texts: FRENCH });
    assert.equal(await textOf(button(page)), 'Renvoyer');
    await pass(page, running.clock, 280);
    await says(page, 'Réinitialisations : retard');
    assert.match(await textOf(banner(page)), minutes);
    assert.equal(await page.locator('homing-message [part=box]').getAttribute('lang'), part);
    assert.deepEqual(page.complaints, []);
  }
});

const CHANGES = `(() => {
  window.heard = [];
  const root = document.querySelector('homing-message').shadowRoot;
  for (const place of root.querySelectorAll('[role=status]'))
    new MutationObserver(() => heard.push(place.textContent)).observe(place, { childList: true, subtree: true });
})()`;

const focused = (page: Page) =>
  page.evaluate('document.querySelector("homing-message").shadowRoot.activeElement?.textContent ?? null');

test('by keyboard alone it can be sent again after the countdown, and nobody hears the seconds', {
  skip,
}, async (t) => {
  const { running, token, page } = await shown(t);
  await told(running, token, ...left(running.clock()));
  await pass(page, running.clock, 4);
  await says(page, 'Your email was sent.');
  assert.equal(await focused(page), null, 'nothing takes the focus');
  await page.evaluate(CHANGES);
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Send it again');
  assert.equal(await button(page).getAttribute('aria-disabled'), 'true');
  const before = await textOf(timer(page));
  await pass(page, running.clock, 5);
  assert.notEqual(await textOf(timer(page)), before);
  assert.deepEqual(await page.evaluate('heard'), []);
  await page.keyboard.press('Enter');
  assert.match(await textOf(note(page)), /^You can do that in \d\d seconds\.$/, 'whoever presses too early is told');
  await pass(page, running.clock, 60);
  await page.locator('button[aria-disabled=false]').waitFor();
  assert.equal(await textOf(timer(page)), '');
  await page.keyboard.press('Enter');
  await says(page, 'We are sending your email again.');
  await says(page, 'Your email is on its way.');
  assert.match(await textOf(timer(page)), /^You can do that in (?:2 minutes|1\d\d seconds)\.$/);
  assert.equal(await focused(page), 'Send it again', 'the focus stays');
  assert.equal(await button(page).getAttribute('aria-disabled'), 'true');
  assert.equal((await findMessage(running.store, idOf(token)))?.views[0]?.delivery.state, 'queued');
  assert.deepEqual(page.complaints, []);
});

test('who presses is told when it has arrived or was cancelled meanwhile, and keeps the focus', { skip }, async (t) => {
  for (const [end, words] of [
    ['delivered', 'Your email has arrived at your mail provider. Look in your spam folder too.'],
    ['cancelled', 'This email is not needed any more, or a newer one has taken its place.'],
  ] as const) {
    const { running, token, page } = await shown(t);
    await told(running, token, ...left(running.clock()));
    await pass(page, running.clock, 62);
    await page.locator('button[aria-disabled=false]').focus();
    const stop = { message: idOf(token), who: 'api', reason: 'by_application' as const };
    if (end === 'delivered') await told(running, token, reported('delivered', running.clock()));
    else await cancelMessage(running.store, stop, running.clock());
    await page.keyboard.press('Space');
    await says(page, words);
    assert.equal(await focused(page), 'Send it again');
    await page.keyboard.press('Tab');
    await page.clock.runFor(SECOND);
    assert.equal(await button(page).count(), 0, 'it goes when it is left');
  }
});

test('in a narrow window, light and dark, axe finds nothing and nothing overflows', { skip }, async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const token = await queued(running);
  running.clock.advance(5 * MINUTE);
  const ready = await queued(running);
  await told(running, ready, ...left(running.clock()));
  running.clock.advance(2 * MINUTE);
  const lost = await queued(running);
  await told(running, lost, ...left(running.clock()), failed(running.clock(), 'stop'));
  const browser = await startBrowser(t);
  for (const colorScheme of ['light', 'dark'] as const)
    for (const [site, words] of [
      [{ token }, 'Your email is delayed'],
      [{ token: ready, lang: 'de' }, 'Die E-Mail wurde gesendet'],
      [{ token: lost }, 'Your email could not be sent'],
    ] as const) {
      const viewport = { width: 320, height: 640 };
      const url = await startSite(t, { daemon: running.url, ...site });
      const page = await openPage(browser, url, { viewport, colorScheme });
      await says(page, words);
      await page.locator('homing-banner [part=sentence]').waitFor();
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 320);
      assert.deepEqual(await axeFindings(page), []);
      const colours = 'getComputedStyle(document.querySelector("homing-banner").shadowRoot.querySelector("p")).color';
      assert.equal(await page.evaluate(colours), colorScheme === 'dark' ? 'rgb(255, 255, 255)' : 'rgb(0, 0, 0)');
      assert.deepEqual(page.complaints, []);
      await page.close();
    }
});

test('a page may give it colours and corners of its own', { skip }, async (t) => {
  const { page } = await shown(t);
  await page.evaluate(`document.documentElement.style.cssText =
    '--homing-accent: rgb(1, 2, 3); --homing-background: rgb(4, 5, 6); --homing-color: rgb(250, 251, 252); --homing-radius: 9px'`);
  const style = await page.evaluate(`(() => {
    const box = document.querySelector('homing-message').shadowRoot.querySelector('[part=box]');
    const { borderInlineStartColor, backgroundColor, color, borderRadius } = getComputedStyle(box);
    return [borderInlineStartColor, backgroundColor, color, borderRadius];
  })()`);
  assert.deepEqual(style, ['rgb(1, 2, 3)', 'rgb(4, 5, 6)', 'rgb(250, 251, 252)', '9px']);
});

const OWN_TEXT = 'It can take a few minutes. Look in your spam folder too.';

test('without JavaScript the text of the page stands, and its link leads to the same words', { skip }, async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const token = await queued(running);
  const browser = await startBrowser(t);
  const url = await startSite(t, { daemon: running.url, token });
  const page = await openPage(browser, url, { javaScriptEnabled: false });
  await says(page, OWN_TEXT);
  await page.getByRole('link', { name: 'See how your email stands.' }).click();
  await page.getByRole('heading', { name: 'Your email is on its way.' }).waitFor();
});

test('a daemon that hangs blocks nothing: the text stays, the call is given up, and the next one is answered', {
  skip,
}, async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const token = await queued(running);
  let hangs = true;
  let gaveUp = (): void => {};
  const givenUp = new Promise<void>((resolve) => {
    gaveUp = resolve;
  });
  const front = await serve(t, async (request, response) => {
    if (hangs && !request.url?.startsWith('/homing-status.js')) {
      if (request.url?.includes(token)) request.once('close', gaveUp);
      return;
    }
    const answer = await fetch(running.url + request.url);
    const type = answer.headers.get('content-type') ?? '';
    response.writeHead(answer.status, { 'content-type': type, 'access-control-allow-origin': '*' });
    response.end(await answer.text());
  });
  const browser = await startBrowser(t);
  const page = await openPage(browser, await startSite(t, { daemon: front, token }));
  await says(page, OWN_TEXT);
  await page.getByRole('link', { name: 'I gave the wrong address' }).focus();
  await givenUp;
  assert.ok(await page.getByText(OWN_TEXT).isVisible());
  assert.equal(await button(page).count(), 0);
  hangs = false;
  await page.clock.runFor(10 * SECOND);
  await says(page, 'Your email is on its way.');
  assert.deepEqual(page.complaints, []);
});

test('when the daemon is gone for minutes the text of the page comes back, and is replaced when it returns', {
  skip,
}, async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const token = await queued(running);
  const browser = await startBrowser(t);
  const page = await openPage(browser, await startSite(t, { daemon: running.url, token }));
  await says(page, 'Your email is on its way.');
  const calls: string[] = [];
  await page.route(`${running.url}/**`, (route) => {
    calls.push(route.request().url());
    return route.abort();
  });
  await page.clock.runFor(20 * SECOND);
  assert.ok(await page.getByText('Your email is on its way.').isVisible(), 'for a while what was last known is shown');
  for (let minute = 0; minute < 6; minute++) await page.clock.runFor(MINUTE);
  await says(page, OWN_TEXT);
  assert.ok(calls.length < 30, `${calls.length} calls`);
  await page.unroute(`${running.url}/**`);
  await page.clock.runFor(2 * MINUTE);
  await says(page, 'Your email is ');
  assert.deepEqual(page.complaints, []);
});

test('one call that gets no answer takes nothing off the page, however long all has been as it is', {
  skip,
}, async (t) => {
  const { running, token, page } = await shown(t);
  await told(running, token, ...left(running.clock()));
  await pass(page, running.clock, 4);
  await says(page, 'Your email was sent.');
  const answered: Promise<unknown>[] = [];
  page.on('request', (request) => answered.push(request.response()));
  for (let n = 0; n < 15; n++) await pass(page, running.clock, 5);
  await beforeNext(page);
  await Promise.all(answered);
  let missed = 0;
  await page.route(`${running.url}/status/**`, (route) => {
    missed += 1;
    return route.abort();
  });
  const isMissed = page.waitForEvent('requestfailed');
  await comeBack(page);
  await isMissed;
  await page.clock.runFor(SECOND);
  assert.equal(missed, 1);
  assert.ok(await page.getByText('Your email was sent.').isVisible());
  assert.equal(await button(page).count(), 1);
});

test('a token that is wrong leaves the text of the page, and is not asked for again', { skip }, async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const browser = await startBrowser(t);
  const page = await openPage(browser, 'about:blank');
  const calls: string[] = [];
  page.on('request', (request) => calls.push(new URL(request.url()).pathname));
  const answered = page.waitForResponse(/\/status\/nonsense/);
  await page.goto(await startSite(t, { daemon: running.url, token: 'nonsense/../x' }));
  await answered;
  for (let minute = 0; minute < 5; minute++) await page.clock.runFor(MINUTE);
  await says(page, OWN_TEXT);
  assert.deepEqual(
    calls.filter((path) => path.includes('nonsense')),
    ['/status/nonsense%2F..%2Fx'],
  );
  assert.deepEqual(page.complaints, []);
});

/** What the page asks for from now on. */
async function callsOf(page: Page): Promise<string[]> {
  await beforeNext(page);
  const calls: string[] = [];
  page.on('request', (request) => calls.push(request.url()));
  return calls;
}

const REMOVED = 'document.querySelectorAll("homing-message, homing-banner").forEach((one) => one.remove())';

test('a page that is not seen asks for nothing, and asks at once when it is seen again', { skip }, async (t) => {
  const { running, token, page } = await shown(t);
  const calls = await callsOf(page);
  const seen = (hidden: boolean) =>
    page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'))`);
  await seen(true);
  for (let minute = 0; minute < 5; minute++) await pass(page, running.clock, 60);
  assert.deepEqual(calls, []);
  await told(running, token, ...left(running.clock()));
  await seen(false);
  await says(page, 'Your email was sent.');
});

test('an element that is taken away while it asks for another copy asks no more', { skip }, async (t) => {
  const { running, token, page } = await shown(t);
  await told(running, token, ...left(running.clock()));
  await pass(page, running.clock, 62);
  await page.locator('button[aria-disabled=false]').waitFor();
  let answer = (): void => {};
  const isGone = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route('**/resend', async (route) => {
    await isGone;
    await route.continue();
  });
  const pressed = page.waitForRequest('**/resend');
  const answered = page.waitForResponse('**/resend');
  await button(page).click();
  await pressed;
  await page.evaluate(REMOVED);
  const calls = await callsOf(page);
  answer();
  await (await answered).finished();
  for (let minute = 0; minute < 4; minute++) await page.clock.runFor(MINUTE);
  assert.deepEqual(calls, []);
});

test('an element that is taken away while its texts are read asks no more', { skip }, async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const page = await openPage(await startBrowser(t), 'about:blank');
  let answer = (): void => {};
  const isGone = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route('**/texts.json', async (route) => {
    await isGone;
    await route.continue();
  });
  const asked = page.waitForRequest('**/texts.json');
  const answered = page.waitForResponse('**/texts.json');
  await page.goto(await startSite(t, { daemon: running.url, token: await queued(running), texts: FRENCH }));
  await asked;
  await page.evaluate(REMOVED);
  const calls = await callsOf(page);
  answer();
  await (await answered).finished();
  for (let minute = 0; minute < 4; minute++) await page.clock.runFor(MINUTE);
  assert.deepEqual(calls, []);
});

test('an element that is given another token shows that message, and one that was taken away asks no more', {
  skip,
}, async (t) => {
  const { running, page } = await shown(t);
  const other = await queued(running);
  await told(running, other, ...left(running.clock()), reported('delivered', running.clock()));
  await page.evaluate(`document.querySelector('homing-message').setAttribute('token', '${other}')`);
  await says(page, 'Your email has arrived at your mail provider.');
  await page.evaluate(REMOVED);
  const calls = await callsOf(page);
  await pass(page, running.clock, 60);
  assert.deepEqual(calls, []);
  assert.deepEqual(page.complaints, []);
});
