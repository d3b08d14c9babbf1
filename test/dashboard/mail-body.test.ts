import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Request } from 'playwright-core';
import { seal } from '../../src/base/seal.ts';
import { MINUTE } from '../../src/core/time.ts';
import { packForm } from '../../src/mail/form.ts';
import type { Running } from '../http/support.ts';
import { startBrowser, withoutBrowser } from '../support/browser.ts';
import { seedQueued } from '../support/factory.ts';
import { looksWell } from './look.ts';
import { loggedIn, PASSWORD, startDashboard } from './support.ts';

const KEY = 'ab'.repeat(32);
const ID = '01K4ZZZZZZZZZZZZZZZZZZZZZZ';
const PATH = `/messages/${ID}`;
const WHY = { why: 'the customer says it is garbled' };

async function withBody(running: Running, parts: Record<string, string>, kind: 'notice' | 'access' = 'notice') {
  const form = packForm(Object.entries({ from: 'shop@example.com', to: 'anna@example.com', ...parts }));
  await seedQueued(running.store, { id: ID, class: kind, body: await seal(form, KEY, ID) });
}

const start = (t: Parameters<typeof startDashboard>[0], showsBodies: 'off' | 'owner' = 'owner') =>
  startDashboard(t, { showsBodies }, { encryptionKey: KEY });

const contentIn = (page: string): string =>
  (/<iframe class="preview" sandbox src="([^"]+)"/.exec(page)?.[1] ?? '').replaceAll('&amp;', '&');

test('an owner sees the body with a reason, for a while, and it is written down', async (t) => {
  const running = await start(t);
  await withBody(running, { html: '<p style="color:red">Dear Anna</p>', text: 'Dear' });
  const owner = await loggedIn(running, 'owner');
  const { status } = await owner.fill(PATH, `${PATH}/body`, { why: '' });
  assert.equal(status, 400);
  const asked = await owner.fill(PATH, `${PATH}/body`, WHY);
  const page = await owner.get(asked.headers.get('location') ?? '');
  assert.equal(page.status, 200);
  assert.doesNotMatch(page.text, /Dear Anna/, 'the page itself has nothing of it');
  const content = await owner.get(contentIn(page.text));
  assert.match(content.text, /<html lang="en" inert>.*<p style="color:red">Dear Anna<\/p>/s);
  const policy = content.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none';.*frame-ancestors 'self'; sandbox$/);
  assert.doesNotMatch(policy, /script-src|img-src|allow-/);
  const noted = await running.store.db('audit').where({ what: 'body' }).select('who', 'subject', 'detail');
  assert.deepEqual(noted, [{ who: 'owner (dashboard)', subject: ID, detail: WHY.why }]);
  running.clock.advance(6 * MINUTE);
  for (const path of [asked.headers.get('location') ?? '', contentIn(page.text)])
    assert.deepEqual([(await owner.get(path)).status], [409], path);
});

test('without a reason, for others, where it is not set, and of access mail it is shown to nobody', async (t) => {
  const running = await start(t);
  await withBody(running, { text: 'secret words' });
  const [bob, owner] = [await loggedIn(running, 'operator'), await loggedIn(running, 'owner')];
  const { token, text } = await bob.get(PATH);
  assert.doesNotMatch(text, /\/body"/);
  assert.equal((await bob.post(`${PATH}/body`, { token, ...WHY })).status, 403);
  const asked = await owner.fill(PATH, `${PATH}/body`, WHY);
  const ticketed = asked.headers.get('location') ?? '';
  assert.equal((await bob.get(ticketed)).status, 403);
  assert.equal((await bob.get(contentIn((await owner.get(ticketed)).text))).status, 403);
  const later = ticketed.replace(/until=\d+/, 'until=99999999999999');
  for (const path of [`${PATH}/body`, `${PATH}/body/content?until=99999999999999&ticket=x`, later])
    assert.equal((await owner.get(path)).status, 409, path);

  const off = await start(t, 'off');
  await withBody(off, { text: 'secret words' });
  const theirs = await loggedIn(off, 'owner');
  assert.doesNotMatch((await theirs.get(PATH)).text, /The body/);
  assert.equal((await theirs.fill(PATH, `${PATH}/body`, WHY)).status, 404);

  const access = await start(t);
  await withBody(access, { text: 'secret words' }, 'access');
  const other = await loggedIn(access, 'owner');
  assert.match((await other.get(PATH)).text, /shown to nobody/);
  assert.equal((await other.fill(PATH, `${PATH}/body`, WHY)).status, 409);
  assert.deepEqual(await access.store.db('audit').where({ what: 'body' }), []);
});

test('a body of text is shown as text, and one that does not open says so', async (t) => {
  const running = await start(t);
  await withBody(running, { text: '<script>alert(1)</script> \u202e & more' });
  const owner = await loggedIn(running, 'owner');
  const content = async () =>
    (
      await owner.get(
        contentIn((await owner.get((await owner.fill(PATH, `${PATH}/body`, WHY)).headers.get('location') ?? '')).text),
      )
    ).text;
  assert.match(await content(), /<pre>&lt;script&gt;alert\(1\)&lt;\/script&gt; {3}&amp; more<\/pre>/);
  await running.store
    .db('message_bodies')
    .update({ body: await seal(Buffer.from('Subject: x\r\n\r\nDear Anna'), KEY, ID) });
  assert.match(await content(), /<pre>Dear Anna<\/pre>/, 'a ready message');
  await running.store.db('message_bodies').update({ body: await seal(Buffer.from('x'), 'cd'.repeat(32), ID) });
  assert.match(await content(), /can not be opened/);
  assert.match(running.logged(), /"message":"01K4Z+".*the body of a mail could not be opened/);
  await running.store.db('message_bodies').delete();
  assert.match(await content(), /No copy of the body is kept/);
});

test('a body of many pieces is shown, and one that is too large says that, and not that there is none', async (t) => {
  const running = await start(t);
  const sized = (bytes: number) => ({ text: `Dear Anna ${randomBytes(bytes).toString('base64')}` });
  await withBody(running, sized(1_000_000));
  const owner = await loggedIn(running, 'owner');
  const asked = await owner.fill(PATH, `${PATH}/body`, WHY);
  const content = contentIn((await owner.get(asked.headers.get('location') ?? '')).text);
  assert.match((await owner.get(content)).text, /<pre>Dear Anna /);

  const other = await start(t);
  await withBody(other, sized(7_000_000));
  const eve = await loggedIn(other, 'owner');
  const again = await eve.fill(PATH, `${PATH}/body`, WHY);
  assert.match((await eve.get(contentIn((await eve.get(again.headers.get('location') ?? '')).text))).text, /too large/);
});

test('in a browser nothing of a body is loaded, run or followed', { skip: withoutBrowser }, async (t) => {
  const asked: string[] = [];
  const elsewhere = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end();
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  t.after(() => elsewhere.close());
  const evil = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  const running = await start(t);
  await withBody(running, {
    html: `<html><head><meta http-equiv="refresh" content="0;url=${evil}/refresh"><link rel="stylesheet" href="${evil}/css"></head>
      <body style="background:url(${evil}/bg)"><a id="link" style="position:fixed;inset:0" href="${evil}/link" target="_top">click</a><img src="${evil}/img">
      <script>fetch('${evil}/script')</script><iframe src="${evil}/frame"></iframe><form action="${evil}/form"><button id="go">Go</button></form></body></html>`,
  });
  const browser = await startBrowser(t);
  const page = await (await browser.newContext()).newPage();
  const begun: Request[] = [];
  page.on('request', (request) => begun.push(request));
  await page.goto(`${running.url}/login?next=${PATH}`);
  await page.getByLabel('Name').fill('owner');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByLabel('Why you have to see it').fill('a test');
  await page.getByRole('button', { name: 'Show the body' }).click();
  const frame = page.frameLocator('iframe.preview');
  await frame.getByText('click').waitFor();
  const box = await page.locator('iframe.preview').boundingBox();
  await page.mouse.click((box?.x ?? 0) + 50, (box?.y ?? 0) + 50);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const address = page.url();
  await page.reload();
  await frame.getByText('click').waitFor();
  assert.equal(page.url(), address);
  assert.match(address, /\/body\?until=/);
  const direct = (await page.locator('iframe.preview').getAttribute('src')) ?? '';
  await page.goto(running.url + direct);
  await page.mouse.click(50, 50);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForLoadState();
  assert.equal(page.url(), running.url + direct, 'by itself it does no more');
  const stoppedBy = begun.filter((one) => one.url().startsWith(evil)).map((one) => one.failure()?.errorText);
  assert.deepEqual([...new Set(stoppedBy)], ['csp'], 'what the browser would load is stopped by the policy');
  // That it is heard when it is asked shows that it was not before.
  await page.goto(`${evil}/control`);
  assert.deepEqual(
    asked.filter((path) => path !== '/favicon.ico'),
    ['/control'],
  );
});

test('in a browser the page around a body fits and can be used by everybody', { skip: withoutBrowser }, async (t) => {
  const running = await start(t);
  await withBody(running, { html: `<p>${'w'.repeat(3000)}</p>` });
  const owner = await loggedIn(running, 'owner');
  const asked = await owner.fill(PATH, `${PATH}/body`, WHY);
  await looksWell(t, running, 'owner', [PATH, asked.headers.get('location') ?? '']);
});
