import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { readConfig } from '../../src/config/config.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import type { Lists } from '../../src/operate/unsuppress.ts';
import { connectProviders } from '../../src/providers/registry/registry.ts';
import { addSuppression } from '../../src/store/projections/suppressions.ts';
import { DOMAIN, KEY, mailgun } from '../commands/support.ts';
import type { Running } from '../http/support.ts';
import { withoutBrowser } from '../support/browser.ts';
import { MORNING } from '../support/clock.ts';
import { bounce, failed, reported, seed, sent } from '../support/factory.ts';
import { looksWell, operatorAt } from './look.ts';
import { loggedIn, startDashboard, wordsOf } from './support.ts';

const HOSTILE = `<script>alert(1)</script>\u202e ${'x'.repeat(300)}`;

/** Ann's mailbox is called dead although mail arrived there yesterday, Bob complained, and Eve is there by a word of ours. */
async function threeOnTheList({ store, clock }: Running): Promise<{ arrived: string; lost: string }> {
  const at = MORNING - DAY;
  const mail = (n: number, address: string) => ({ messageId: `s${n}@mg.example.com`, recipients: [address] });
  const [arrived] = await seed(
    store,
    {
      ...mail(1, 'ann@example.net'),
      createdAt: at,
      facts: [...sent(at, 's1@mg.example.com'), reported('delivered', at + MINUTE)],
    },
    at,
  );
  const dead = failed(MORNING + MINUTE, 'stop', {
    suppress: 'recipient_unknown',
    bounce: bounce({ message: HOSTILE }),
  });
  const [lost] = await seed(store, {
    ...mail(2, 'ann@example.net'),
    facts: [...sent(MORNING, 's2@mg.example.com'), dead],
  });
  const complained = [
    ...sent(MORNING, 's3@mg.example.com'),
    reported('delivered', MORNING + MINUTE),
    reported('complained', MORNING + 2 * MINUTE, { suppress: 'complained' }),
  ];
  await seed(store, { ...mail(3, 'bob@example.net'), facts: complained });
  await addSuppression(store, { address: 'eve@example.net', who: 'ann', reason: 'asked by phone' }, MORNING + HOUR);
  clock.set(MORNING + 2 * HOUR);
  return { arrived: arrived?.messageId ?? '', lost: lost?.messageId ?? '' };
}

test('the list says who gets nothing and why, newest first, and what is perhaps a mistake', async (t) => {
  const running = await startDashboard(t);
  const ann = await loggedIn(running, 'support');
  assert.match((await ann.get('/suppressions')).text, /The list is empty\. An address comes here when/);
  const { arrived, lost } = await threeOnTheList(running);
  const { text } = await ann.get('/suppressions');
  const words = wordsOf(text);
  assert.match(words, /eve@example\.net 1 h ago put there by a person asked by phone – bob@example\.net/);
  assert.match(words, /bob@example\.net 1 h 58 min ago complained about mail – its mail ann@example\.net/);
  assert.match(words, /no such mailbox Mail arrived there: 1 d 2 h ago 550 5\.7\.1 &lt;script&gt;/);
  assert.ok(text.includes(`href="/messages/${arrived}"`) && text.includes(`href="/messages/${lost}"`));
  assert.ok(!text.includes('<script>alert') && !text.includes('\u202e'));

  const doubtful = wordsOf((await ann.get('/suppressions?doubtful=yes')).text);
  assert.match(doubtful, /ann@example\.net/);
  assert.doesNotMatch(doubtful, /bob@example|eve@example/);
  assert.match(wordsOf((await ann.get('/')).text), /1 address suppressed, perhaps by mistake/);
  assert.match(wordsOf((await ann.get('/suppressions?cause=complained')).text), /bob@example\.net 1 h 58/);
  assert.match(wordsOf((await ann.get('/suppressions?address=EVE')).text), /eve@example\.net 1 h ago/);
  assert.match((await ann.get('/suppressions?address=nobody%25')).text, /No address on the list is like this/);
  assert.equal((await ann.get('/suppressions?cause=nonsense')).status, 400);
});

test('a long list is read page by page, each entry once', async (t) => {
  const running = await startDashboard(t);
  const rows = Array.from({ length: 120 }, (_, n) => ({
    ...{ address_key: `p${n}@example.net`, cause: 'operator', created_at: MORNING - Math.floor(n / 60) },
  }));
  await running.store.db('suppressions').insert(rows);
  const ann = await loggedIn(running, 'support');
  const pages: string[][] = [];
  for (let path = '/suppressions'; path !== '' && pages.length < 9; ) {
    const { text } = await ann.get(path);
    pages.push([...text.matchAll(/address=p\d+%40example\.net">(p\d+)/g)].map(([, name = '']) => name));
    path = (/<a href="([^"]+)">Older ones/.exec(text)?.[1] ?? '').replaceAll('&amp;', '&');
  }
  assert.deepEqual(
    pages.map((names) => names.length),
    [50, 50, 20],
  );
  assert.equal(new Set(pages.flat()).size, 120);
});

test('the address itself can be taken off where others begin like it', async (t) => {
  const running = await startDashboard(t);
  for (const address of ['anna@example.com', 'anna@example.co', 'anna@example.com.au'])
    await addSuppression(running.store, { address, who: 'ann', reason: null }, MORNING);
  const olga = await loggedIn(running, 'owner');
  assert.doesNotMatch((await olga.get('/suppressions?address=anna')).text, /name="address" value="anna@/);
  for (const [asked, meant] of [
    ['anna@example.co', 'anna@example.co'],
    ['Anna@Example.com', 'anna@example.com'],
    ['anna@example.com.a', 'anna@example.com.au'],
  ] as const) {
    const { text } = await olga.get(`/suppressions?${new URLSearchParams({ address: asked })}`);
    assert.ok(text.includes(`Take ${meant} off the list</h2>`), asked);
  }
});

test('a search and the doubtful ones are read page by page as well, and a cause counts with an address', async (t) => {
  const running = await startDashboard(t);
  const { store, clock } = running;
  const arrived = Array.from({ length: 60 }, (_, n) => ({
    ...{ messageId: `q${n}@mg.example.com`, recipients: [`p${n}@example.net`], createdAt: MORNING - DAY },
    facts: [...sent(MORNING - DAY, `q${n}@mg.example.com`), reported('delivered', MORNING - DAY + MINUTE)],
  }));
  for (const mail of arrived) await seed(store, mail, MORNING - DAY);
  const rows = Array.from({ length: 120 }, (_, n) => ({
    ...{ address_key: `p${n}@example.net`, cause: n < 60 ? 'recipient_unknown' : 'operator' },
    created_at: MORNING - Math.floor(n / 40),
  }));
  await store.db('suppressions').insert([...rows, { ...rows[0], address_key: 'q@example.net' }]);
  clock.set(MORNING + HOUR);
  const ann = await loggedIn(running, 'support');
  const reads: [string, number, number][] = [
    ['address=p', 120, 3],
    ['address=p&cause=operator', 60, 2],
    ['doubtful=yes', 60, 2],
  ];
  for (const [search, all, pages] of reads) {
    const seen: string[] = [];
    let read = 0;
    for (let path = `/suppressions?${search}`; path !== ''; read++) {
      const { text } = await ann.get(path);
      seen.push(...[...text.matchAll(/address=\w+%40example\.net">(\w+)/g)].map(([, name = '']) => name));
      path = (/<a href="([^"]+)">(?:Older|Further) ones/.exec(text)?.[1] ?? '').replaceAll('&amp;', '&');
    }
    assert.deepEqual([seen.length, new Set(seen).size, read], [all, all, pages], search);
  }
});

test('owners put an address there and take it off with a reason, and others do neither', async (t) => {
  const running = await startDashboard(t);
  await threeOnTheList(running);
  const { store } = running;
  const [bob, olga] = [await loggedIn(running, 'operator'), await loggedIn(running, 'owner')];
  const { token, text } = await bob.get('/suppressions?address=ann%40example.net');
  assert.doesNotMatch(text, /method="post" action="\/suppressions/);
  for (const path of ['/suppressions', '/suppressions/remove'])
    assert.equal((await bob.post(path, { token, address: 'ann@example.net', reason: 'x' })).status, 403);
  assert.equal((await store.db('suppressions')).length, 3);

  const add = (fields: Record<string, string>) => olga.fill('/suppressions', '/suppressions', fields);
  assert.match((await add({ address: 'nobody', reason: 'x' })).text, /no e-mail address/);
  assert.match((await add({ address: 'dan@example.net', reason: ' ' })).text, /reason is needed/);
  assert.equal((await add({ address: 'Dan@Example.net', reason: 'asked' })).status, 303);
  assert.equal((await add({ address: 'dan@example.net', reason: 'asked' })).status, 409);

  const remove = (fields: Record<string, string>) =>
    olga.fill('/suppressions?address=ann%40example.net', '/suppressions/remove', fields);
  assert.equal((await remove({ address: 'ann@example.net', reason: '' })).status, 400);
  const gone = await remove({ address: 'ann@example.net', reason: 'she called' });
  assert.equal(gone.headers.get('location'), '/suppressions?address=ann%40example.net&done=unsuppressed');
  assert.equal((await remove({ address: 'ann@example.net', reason: 'again' })).status, 409);
  assert.deepEqual(await store.db('suppressions').orderBy('address_key').pluck('address_key'), [
    'bob@example.net',
    'dan@example.net',
    'eve@example.net',
  ]);
  const [act] = await store.db('audit').where({ what: 'suppression_remove' });
  assert.deepEqual([act.who, act.subject], ['owner (dashboard)', 'a***@example.net']);
  assert.match(act.detail, /^recipient_unknown since 2026-11-25T09:01:00\.000Z, .*; she called$/);
});

/** The lists of a Mailgun at that address, asked as the daemon does. */
function listsAt(t: TestContext, env: Record<string, string | undefined>): Lists {
  const config = readConfig({ MAILGUN_API_KEY: KEY, MAILGUN_DOMAIN: DOMAIN, ...env }, 'database');
  const providers = connectProviders(config, { now: () => MORNING, monotonic: () => performance.now() });
  t.after(() => providers.close());
  const account = providers.named('mailgun')?.account;
  assert.ok(account);
  return { ...account, domains: [DOMAIN] };
}

test("an address is taken off Mailgun's lists too, and where that fails our own stays as it is", async (t) => {
  const { sim, env } = await mailgun(t);
  const running = await startDashboard(t, { lists: listsAt(t, env) });
  await threeOnTheList(running);
  const headers = { authorization: `Basic ${Buffer.from(`api:${KEY}`).toString('base64')}` };
  const body = new URLSearchParams({ address: 'ann@example.net' });
  await fetch(`${sim.url}/v3/${DOMAIN}/bounces`, { method: 'POST', headers, body });
  const olga = await loggedIn(running, 'owner');
  const wish = { address: 'ann@example.net', reason: 'she called', atMailgun: 'yes' };
  const path = '/suppressions?address=ann%40example.net';
  assert.equal((await olga.fill(path, '/suppressions/remove', wish)).status, 303);
  assert.deepEqual(sim.suppressed(DOMAIN, 'bounces'), []);
  const [act] = await running.store.db('audit').where({ what: 'suppression_remove_at_mailgun' });
  assert.deepEqual([act.subject, act.detail], ['a***@example.net', 'she called']);

  const refusing = await startDashboard(t, { lists: listsAt(t, { ...env, MAILGUN_API_KEY: 'key-of-nobody-else' }) });
  await threeOnTheList(refusing);
  const other = await loggedIn(refusing, 'owner');
  const refused = await other.fill(path, '/suppressions/remove', wish);
  assert.equal(refused.status, 503);
  assert.match(
    refused.text,
    /Mailgun did not take it off everywhere: mg\.example\.com, bounces: .*401.*Our own list is as it was/,
  );
  assert.equal((await refusing.store.db('suppressions')).length, 3);
});

test('a Mailgun that does not answer is not waited for', async (t) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  t.after(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const lists = listsAt(t, { MAILGUN_API_URL: `http://${host}`, MAILGUN_STORAGE_HOSTS: host });
  const running = await startDashboard(t, { lists, providerPatience: 50 });
  await threeOnTheList(running);
  const olga = await loggedIn(running, 'owner');
  const wish = { address: 'ann@example.net', reason: 'she called', atMailgun: 'yes' };
  const { status, text } = await olga.fill('/suppressions', '/suppressions/remove', wish);
  assert.deepEqual([status, /did not answer in time/.test(text)], [503, true]);
  assert.equal((await running.store.db('suppressions')).length, 3);
});

test('in a browser the list and an entry of it fit and can be used by everybody', {
  skip: withoutBrowser,
}, async (t) => {
  const running = await startDashboard(t, { lists: { domains: [], unlist: async () => false } });
  await threeOnTheList(running);
  const narrow = await operatorAt(t, running);
  await narrow.setViewportSize({ width: 320, height: 900 });
  await narrow.goto(`${running.url}/suppressions`);
  const reply = await narrow.locator('tbody td:nth-child(4)').first().boundingBox();
  assert.ok((reply?.width ?? 0) >= 240, 'what a server said is no pillar of single words');
  await looksWell(t, running, 'owner', [
    '/suppressions',
    '/suppressions?address=ann%40example.net',
    '/suppressions?doubtful=yes',
    '/suppressions?address=nobody',
  ]);
});
