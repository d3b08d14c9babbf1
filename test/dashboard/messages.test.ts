import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { STATES } from '../../src/core/delivery.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { indexTerms } from '../../src/operate/index-terms.ts';
import { addSuppression } from '../../src/store/projections/suppressions.ts';
import type { Running } from '../http/support.ts';
import { withoutBrowser } from '../support/browser.ts';
import { MORNING } from '../support/clock.ts';
import { bounce, ended, failed, seed, sent, verdict } from '../support/factory.ts';
import { looksWell, operatorAt } from './look.ts';
import { loggedIn, startDashboard, wordsOf } from './support.ts';

const ANNA = 'anna@example.com';
const HOSTILE = `<img src=x onerror=alert(1)>"'</title>\u202e\u001b[31m ${'w'.repeat(10_000)}`;

async function indexAll({ store, clock }: Running): Promise<void> {
  while ((await indexTerms({ store, now: clock })) > 0);
}

/** Mail that stands in different ways, a minute apart. */
async function someMail(running: Running): Promise<string[]> {
  const { store, clock } = running;
  const full = (at: number) =>
    failed(at, 'stop', {
      verdict: verdict('mailbox_full', 'give_up_no_suppress'),
      bounce: bounce({ message: '552 mailbox full' }),
    });
  const made = [
    { subject: 'Password reset 481516', class: 'access' as const, tags: ['Reset'], recipients: [ANNA] },
    { subject: 'Your receipt', key: 'order-1', recipients: [ANNA, 'bob@example.com'] },
    { subject: HOSTILE, recipients: ['eve@example.com'] },
    { subject: '=HYPERLINK("http://evil.example")', recipients: ['carl@example.com'] },
  ];
  const ids: string[] = [];
  for (const [n, one] of made.entries()) {
    const at = MORNING + n * MINUTE;
    const facts = [
      ...sent(at),
      ...(n === 1 ? [full(at)] : []),
      ...(n === 3 ? [ended(1, at, 'abandoned', 'storage_gone')] : []),
    ];
    const [view] = await seed(store, { ...one, messageId: `m${n}@mg.example.com`, createdAt: at, facts }, at);
    ids.push(view?.messageId ?? '');
  }
  clock.set(MORNING + HOUR);
  await indexAll(running);
  return ids;
}

const idsOn = (page: string): string[] =>
  [...page.matchAll(/<th scope="row"><a href="\/messages\/(\w{26})["?]/g)].map(([, id = '']) => id);
const at = (search: string): string => `/messages?${new URLSearchParams({ q: search })}`;

test('mail is found by what is known of it, and the search stays in the address', async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun'] });
  const [reset, receipt, hostile, formula] = await someMail(running);
  const ann = await loggedIn(running, 'support');
  const found = async (search: string) => idsOn((await ann.get(at(search))).text);
  assert.deepEqual(await found(''), [formula, hostile, receipt, reset]);
  assert.deepEqual(await found('ANNA@example.com'), [receipt, reset]);
  assert.deepEqual(await found('m0@mg.example.com'), [reset], 'a Message-Id looks like an address');
  assert.deepEqual(await found('<m0@mg.example.com>'), [reset]);
  assert.deepEqual(await found(`id:${receipt}`), [receipt]);
  assert.deepEqual(await found('key:order-1'), [receipt]);
  assert.deepEqual(await found('receipt'), [receipt]);
  assert.deepEqual(await found('subject:"reset password" tag:reset class:access'), [reset]);
  assert.deepEqual(await found('cause:mailbox_full'), [receipt]);
  assert.deepEqual(await found('state:failed anna@example.com'), [receipt]);
  assert.deepEqual(await found('anna@example.com before:2026-11-25T09:00:30'), [reset]);
  assert.deepEqual(await found('after:2026-11-26'), []);
  const { text } = await ann.get(at('anna@example.com state:failed'));
  assert.match(text, /name="q"[^>]* value="anna@example.com state:failed"/);
});

test('below the box stands what can be said next, and none of it is a search that does not work', async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun', 'relay.example.com:587'] });
  running.clock.set(MORNING);
  const ann = await loggedIn(running, 'support');
  const suggestedAt = async (path: string) =>
    [...(await ann.get(path)).text.matchAll(/<option value="([^"]*)">/g)].map(([, one = '']) => one);
  const next = await suggestedAt(at('anna@example.com state:failed'));
  for (const one of ['state:queued', 'state:failed class:access', 'state:failed cause:mailbox_full'])
    assert.ok(next.includes(`anna@example.com ${one}`), one);
  for (const one of ['provider:relay.example.com:587', 'after:2026-11-25', 'after:2026-11-18'])
    assert.ok((await suggestedAt('/')).includes(one), one);
  for (const one of [...next, ...(await suggestedAt('/messages'))])
    assert.equal((await ann.get(at(one))).status, 200, one);
});

test('while a search is typed, what can be said next follows what is there', { skip: withoutBrowser }, async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun'] });
  const page = await operatorAt(t, running);
  for (const path of ['/', '/messages?q=tag%3Areset']) {
    await page.goto(running.url + path);
    await page.getByLabel('Find mail by').fill('"your order" state:failed cla');
    const next = await page
      .locator('#suggested option:not([disabled])')
      .evaluateAll((all) => all.map((one) => one.getAttribute('value')));
    assert.ok(next.includes('"your order" state:failed class:access'), path);
    assert.ok(!next.some((one) => one?.includes('state:queued')), path);
    await page.getByLabel('Find mail by').fill('st');
    assert.equal(await page.locator('#suggested option[value="state:queued"]:not([disabled])').count(), 1, path);
  }
});

test('the help has each state with what it means, and each of its examples works', async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun'] });
  const ann = await loggedIn(running, 'support');
  const [help = ''] = /<details class="help">.*?<\/details>/s.exec((await ann.get('/messages')).text) ?? [];
  const links = [...help.matchAll(/<dt><a href="([^"]+)">.*?<\/dt><dd>([^<]+)<\/dd>/g)];
  for (const state of STATES)
    assert.ok(
      links.some(([, to]) => to === `/messages?q=state%3A${state}`),
      state,
    );
  assert.ok(links.length > STATES.length + 8);
  for (const [, to = ''] of links) assert.equal((await ann.get(to)).status, 200, to);
});

test('each state is a click away, with the number of deliveries that are in it', async (t) => {
  const running = await startDashboard(t);
  await someMail(running);
  const ann = await loggedIn(running, 'support');
  const tabs = (page: string) => wordsOf(/<nav class="tabs".*?<\/nav>/s.exec(page)?.[0] ?? '').trim();
  assert.equal(tabs((await ann.get('/messages')).text), 'all accepted 2 failed 2 abandoned 1');
  const page = await ann.get(at('state:failed anna@example.com'));
  assert.equal(tabs(page.text), 'all accepted 1 failed 1');
  assert.match(page.text, /href="\/messages\?q=anna%40example.com\+state%3Aaccepted"/);
  assert.match(tabs((await ann.get(at('receipt'))).text), /^all queued sending/, 'of words nothing is counted');
});

test('a wrong search says what is wrong, and looks for nothing', async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun'] });
  await someMail(running);
  const ann = await loggedIn(running, 'support');
  const { status, text } = await ann.get(at('stat:failed'));
  assert.deepEqual([status, idsOn(text)], [400, []]);
  assert.match(wordsOf(text), /There is no qualifier stat: Did you mean state:\?/);
  const hostile = await ann.get(at('state:"<script>alert(1)</script>"'));
  assert.ok(!hostile.text.includes('<script>alert'));
  assert.equal((await ann.get('/messages?q=a&q=b')).status, 200);
  assert.equal((await ann.get('/messages?cursor=nonsense')).status, 200);
});

test('where nothing is found the page says what that means, and how to say less', async (t) => {
  const running = await startDashboard(t);
  const ann = await loggedIn(running, 'support');
  assert.match(wordsOf((await ann.get('/messages')).text), /No mail is on record\. Have an application send/);
  await someMail(running);
  assert.match(
    wordsOf((await ann.get(at('tag:nothing'))).text),
    /No mail on record fits all of this\. That does not prove that none was sent/,
  );
  const { text } = await ann.get(at('nobody@example.com state:failed'));
  assert.match(text, /href="\/messages\?q=nobody%40example.com">without <code>state:failed/);
});

test('of an address the page says where its newest mail is, whether it gets any, and who else may be meant', async (t) => {
  const running = await startDashboard(t);
  await someMail(running);
  await addSuppression(running.store, { address: 'carl@example.com', who: 'ops', reason: 'rang' }, MORNING);
  const ann = await loggedIn(running, 'support');
  const carl = wordsOf((await ann.get(at('carl@example.com'))).text);
  assert.match(carl, /The newest mail to carl@example\.com : It was given up after attempt 1/);
  assert.match(carl, /Homing sends no mail to this address: an operator put it on the list\. Ask that operator first/);
  const slip = await ann.get(at('ana@example.com'));
  assert.match(
    wordsOf(slip.text),
    /No mail to ana@example\.com is on record\. This does not prove that none was sent\./,
  );
  assert.match(slip.text, /look like it: <a href="\/messages\?q=anna%40example.com">anna@example.com/);
});

test('pages follow one another without gap or repeat', async (t) => {
  const running = await startDashboard(t);
  for (let n = 0; n < 120; n++)
    await seed(running.store, { messageId: `many-${n}`, createdAt: MORNING + n, facts: sent(MORNING + n) });
  const ann = await loggedIn(running, 'support');
  const pages: string[][] = [];
  for (let next: string | undefined = '/messages'; next !== undefined && pages.length < 9; ) {
    const { text } = await ann.get(next);
    pages.push(idsOn(text));
    next = /href="([^"]+)" rel="next"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
  }
  assert.deepEqual(
    pages.map((ids) => ids.length),
    [50, 50, 20],
  );
  assert.equal(new Set(pages.flat()).size, 120);
});

test('the export is the list, all of it, and no cell of it is computed', async (t) => {
  const running = await startDashboard(t);
  const [, receipt] = await someMail(running);
  for (let n = 0; n < 450; n++)
    await seed(running.store, {
      messageId: `many-${n}`,
      createdAt: MORNING - DAY + n,
      facts: sent(MORNING),
      recipients: [`p${n}@example.net`],
    });
  await seed(running.store, {
    ...{ messageId: 'huge', createdAt: MORNING - 2 * DAY, facts: sent(MORNING) },
    recipients: Array.from({ length: 450 }, (_, n) => `q${n}@example.net`),
  });
  const bob = await loggedIn(running, 'operator');
  const json = await bob.get('/messages.json?q=');
  const all = JSON.parse(json.text) as Record<string, unknown>[];
  assert.equal(all.length, 5 + 450 + 450);
  assert.equal(new Set(all.map((row) => `${row['message']} ${row['recipient']}`)).size, all.length);
  assert.match(json.headers.get('content-disposition') ?? '', /filename="messages-2026-11-25.json"/);

  const csv = await bob.get('/messages.csv?q=anna%40example.com%20state%3Afailed');
  assert.match(
    csv.headers.get('content-disposition') ?? '',
    /filename="messages-anna@example.com-state-failed-2026-11-25.csv"/,
  );
  const [head, ...rows] = csv.text.trim().split('\r\n');
  assert.match(head ?? '', /^\ufeff?"created_at","message"/);
  assert.equal(rows.length, 1, 'the mail to Bob in the same message does not fit');
  assert.match(rows[0] ?? '', new RegExp(`"${receipt}".*"anna@example.com","Your receipt","notice"`));
  const carl = await bob.get('/messages.csv?q=carl%40example.com');
  assert.match(carl.text, /"'=HYPERLINK/);
  const hostile = await bob.get('/messages.csv?q=eve%40example.com');
  assert.ok(!hostile.text.includes('\u202e') && !hostile.text.includes('\u001b'));
  assert.equal((await bob.get('/messages.csv?q=stat%3Afailed')).status, 400);
  const noted = await running.store
    .db('audit')
    .where({ what: 'export' })
    .orderBy('id')
    .select('who', 'subject', 'detail');
  assert.deepEqual(noted[1], { who: 'operator (dashboard)', subject: 'anna@example.com state:failed', detail: 'csv' });
});

test('an export puts no warning into the log of the daemon', async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun'] });
  await someMail(running);
  const warnings: string[] = [];
  const hear = ({ name, message }: Error) => void warnings.push(`${name}: ${message}`);
  process.on('warning', hear);
  t.after(() => process.off('warning', hear));
  const ann = await loggedIn(running, 'support');
  for (const kind of ['csv', 'json']) assert.equal((await ann.get(`/messages.${kind}`)).status, 200);
  assert.deepEqual(warnings, []);
});

test('an export of which nobody takes anything keeps no other waiting', async (t) => {
  const running = await startDashboard(t);
  await someMail(running);
  const ann = await loggedIn(running, 'support');
  const headers = { cookie: `homing=${ann.cookies.get('homing')}` };
  for (let n = 0; n < 3; n++) await fetch(`${running.url}/messages.csv`, { method: 'HEAD', headers });
  assert.equal((await ann.get('/messages.csv')).status, 200);
});

test('an export that can not begin says so on a page, and keeps no other waiting', async (t) => {
  const running = await startDashboard(t);
  await someMail(running);
  const ann = await loggedIn(running, 'support');
  await running.store.db.schema.renameTable('deliveries', 'away');
  for (const kind of ['csv', 'json', 'csv']) {
    const { status, text, headers } = await ann.get(`/messages.${kind}`);
    assert.deepEqual([status, headers.get('content-disposition')], [503, null]);
    assert.match(text, /The database can not be used right now/);
  }
  await running.store.db.schema.renameTable('away', 'deliveries');
  assert.equal((await ann.get('/messages.csv')).status, 200);
  assert.match((await ann.get('/messages.csv?q=nobody%40example.com')).text, /^\ufeff?"created_at".*\r\n$/);
});

test('the code in the subject of a mail that lets somebody in is for owners alone', async (t) => {
  const running = await startDashboard(t);
  await someMail(running);
  for (const [role, sees] of [
    ['support', false],
    ['operator', false],
    ['owner', true],
  ] as const) {
    const somebody = await loggedIn(running, role);
    for (const path of [at('tag:reset'), '/messages.csv?q=tag%3Areset', '/messages.json?q=tag%3Areset'])
      assert.equal((await somebody.get(path)).text.includes('481516'), sees, `${role} ${path}`);
    assert.deepEqual(idsOn((await somebody.get(at('481516'))).text), [], 'nobody finds out by guessing');
  }
});

test('strangers find nothing', async (t) => {
  const running = await startDashboard(t);
  await someMail(running);
  for (const path of ['/messages', '/messages.csv', '/messages.json']) {
    const { status, headers } = await fetch(running.url + path, { redirect: 'manual' });
    assert.deepEqual([status, headers.get('location')?.startsWith('/login')], [303, true]);
  }
});

test('hostile subjects, words and searches change nothing on the page', async (t) => {
  const running = await startDashboard(t);
  await someMail(running);
  const ann = await loggedIn(running, 'support');
  const { text } = await ann.get(at(`"${HOSTILE.replaceAll('"', '').slice(0, 300)}"`));
  const list = await ann.get('/messages');
  for (const page of [text, list.text]) {
    assert.ok(!/<img src=x|<script>alert/.test(page));
    assert.ok(!page.includes('\u202e') && !page.includes('\u001b'));
  }
  assert.match(list.text, /&lt;img src=x onerror=alert\(1\)&gt;/);
});

test('a full list with all that it needs takes less than 30 kB, compressed', async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun'] });
  for (let n = 0; n < 60; n++)
    await seed(running.store, {
      ...{
        messageId: `many-${n}`,
        createdAt: MORNING + n,
        facts: sent(MORNING + n),
        subject: `Your order ${n * 7919}`,
      },
      recipients: [`person-${n * 104_729}@example.com`],
    });
  const ann = await loggedIn(running, 'support');
  const { text } = await ann.get(at('state:accepted'));
  let size = gzipSync(text).length;
  for (const [, path = ''] of text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)) {
    const { headers } = await fetch(running.url + path, { method: 'HEAD', headers: { 'accept-encoding': 'gzip' } });
    size += Number(headers.get('content-length'));
  }
  assert.ok(size > 15_000 && size < 30_000, `${size} bytes`);
});

test('in a browser the list fits and can be used by everybody', { skip: withoutBrowser }, async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun'] });
  await someMail(running);
  await looksWell(t, running, 'operator', ['/messages', at('anna@example.com'), at('nobody@example.com tag:x')]);
});
