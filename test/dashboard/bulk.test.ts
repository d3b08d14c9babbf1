import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, MINUTE } from '../../src/core/time.ts';
import { bulkStep } from '../../src/operate/bulk.ts';
import { bulkRuns } from '../../src/store/bulk.ts';
import { addSuppression } from '../../src/store/projections/suppressions.ts';
import type { Running } from '../http/support.ts';
import { withoutBrowser } from '../support/browser.ts';
import { MORNING } from '../support/clock.ts';
import { ended, failed, reported, STORAGE, seed, sent } from '../support/factory.ts';
import { EVERY, looksWell, operatorAt } from './look.ts';
import { loggedIn, startDashboard, wordsOf } from './support.ts';

const RATE = 20;

const LOST = [
  failed(MORNING + MINUTE, 'retry', { storage: STORAGE }),
  ended(1, MORNING + 2 * MINUTE, 'abandoned', 'ip_block'),
];

/** Five that were given up, of which one is suppressed, and one that arrived. */
async function mails({ store, clock }: Running): Promise<string[]> {
  const ids = [];
  for (let n = 0; n < 6; n++) {
    const messageId = `m${n}@mg.example.com`;
    const facts = [...sent(MORNING, messageId), ...(n === 5 ? [reported('delivered', MORNING + MINUTE)] : LOST)];
    const [view] = await seed(store, { messageId, recipients: [`p${n}@example.net`], facts });
    ids.push(view?.messageId ?? '');
  }
  await addSuppression(store, { address: 'p0@example.net', who: 'ann', reason: 'asked by phone' }, MORNING);
  clock.set(MORNING + 5 * MINUTE);
  return ids;
}

/** What the daemon does in the background, until there is nothing left to do. */
async function work({ store, clock }: Running, rate = RATE): Promise<number> {
  let changed = 0;
  for (let idle = 0; idle < 3; clock.advance(1000)) {
    const did = await bulkStep({ store, rate, lease: MINUTE, now: clock });
    changed += did;
    idle = did === 0 ? idle + 1 : 0;
  }
  return changed;
}

const states = async ({ store }: Running) => {
  const rows: { recipient: string; state: string }[] = await store.db('deliveries').orderBy('recipient');
  return Object.fromEntries(rows.map(({ recipient, state }) => [recipient.slice(0, 2), state]));
};

test('what would be done is counted first, with why the rest would not; then it is done, for a reason', async (t) => {
  const running = await startDashboard(t);
  await mails(running);
  const before = await states(running);
  const bob = await loggedIn(running, 'operator');
  const begun = await bob.fill('/messages', '/bulk', { action: 'retry', scope: 'all', q: '' });
  const to = begun.headers.get('location') ?? '';
  assert.match(to, /^\/bulk\/\w{26}$/);
  assert.match(wordsOf((await bob.get(to)).text), /It is being counted what would be done: 0 deliveries looked at/);
  const RELOADS = /<noscript><meta http-equiv="refresh"/;
  assert.match((await bob.get(to)).text, RELOADS, 'without a script too it is seen how far it is');
  await work(running);
  assert.deepEqual(await states(running), before, 'counting changes nothing');
  const counted = await bob.get(to);
  assert.doesNotMatch(counted.text, RELOADS);
  const says = wordsOf(counted.text);
  assert.match(says, /It would be done to 4 of 6 deliveries\. Nothing was done yet\./);
  assert.match(says, /It has arrived\. 1/);
  assert.match(says, /The address is on the list of suppressions\. 1/);
  assert.match(says, /Try again: 4 deliveries \(all mail\)/);

  assert.equal((await bob.fill(to, `${to}/confirm`, { reason: ' ' })).status, 400);
  assert.deepEqual(await states(running), before);
  await bob.fill(to, `${to}/confirm`, { reason: 'their gateway is mended' });
  await work(running);
  const after = await states(running);
  assert.deepEqual(after, { ...before, p1: 'queued', p2: 'queued', p3: 'queued', p4: 'queued' });
  const { text } = await bob.get(to);
  assert.match(text, /<a href="\/messages\?q="><code>all mail<\/code><\/a>/, 'the mail is a click away');
  const done = wordsOf(text);
  assert.match(done, /It was done to 4 of 6 deliveries\..*operator \(dashboard\): their gateway is mended/);
  const [entry, ...more] = await running.store.db('audit').where({ what: 'bulk' });
  assert.deepEqual(more, []);
  assert.match(String(entry?.detail), /^retry, 4 deliveries of all mail: their gateway is mended$/);
  assert.equal((await bob.fill(to, `${to}/confirm`, { reason: 'again' })).status, 409, 'it is done once');
});

test('only what is ticked is meant, and what a search finds', async (t) => {
  const running = await startDashboard(t);
  const [, one = '', two = ''] = await mails(running);
  const bob = await loggedIn(running, 'operator');
  const { token } = await bob.get('/messages');
  const form = new URLSearchParams({ token, action: 'cancel', scope: 'ticked' });
  for (const id of [one, two, 'nonsense']) form.append('id', id);
  const begun = await bob.post('/bulk', form as never);
  await work(running);
  assert.match(
    wordsOf((await bob.get(begun.headers.get('location') ?? '')).text),
    /done to 0 of 2 deliveries.*It has ended\. 2/,
  );
  const found = await bob.post('/bulk', { token, action: 'retry', scope: 'all', q: 'to:p3@example.net' });
  await work(running);
  assert.match(
    wordsOf((await bob.get(found.headers.get('location') ?? '')).text),
    /done to 1 of 1 delivery.*Try again: 1 delivery \(to:p3@example\.net\)/,
  );
  assert.equal((await bob.post('/bulk', { token, action: 'retry', scope: 'all', q: 'stat:failed' })).status, 400);
  assert.equal((await bob.post('/bulk', { token, action: 'retry', scope: 'ticked' })).status, 400);
  assert.equal((await bob.post('/bulk', { token, action: 'burn', scope: 'all', q: '' })).status, 400);
});

test('of mail to several that was looked for by an address, what is ticked is done for that recipient alone', async (t) => {
  const running = await startDashboard(t);
  const [view] = await seed(running.store, {
    recipients: ['anna@example.net', 'bert@example.net'],
    facts: sent(MORNING),
  });
  const eve = await loggedIn(running, 'owner');
  const id = view?.messageId ?? '';
  const begun = await eve.fill('/messages', '/bulk', { action: 'erase', scope: 'ticked', q: 'anna@example.net', id });
  const to = begun.headers.get('location') ?? '';
  await work(running);
  assert.match(
    wordsOf((await eve.get(to)).text),
    /1 delivery \(1 message that were ticked, to anna@example\.net alone\)/,
  );
  await eve.fill(to, `${to}/confirm`, { reason: 'they asked for it' });
  await work(running);
  assert.deepEqual(await running.store.db('deliveries').pluck('recipient'), ['bert@example.net']);
});

test('it goes at a pace, in pieces, and what was stopped stops', async (t) => {
  const running = await startDashboard(t);
  await mails(running);
  const bob = await loggedIn(running, 'operator');
  const to =
    (await bob.fill('/messages', '/bulk', { action: 'retry', scope: 'all', q: '' })).headers.get('location') ?? '';
  await work(running);
  await bob.fill(to, `${to}/confirm`, { reason: 'mended' });
  const step = (rate: number) => bulkStep({ store: running.store, rate, lease: MINUTE, now: running.clock });
  assert.equal(await step(2), 2);
  assert.equal(await step(2), 0, 'not before a second has passed');
  running.clock.advance(1000);
  assert.equal(await step(2), 2);
  await bob.fill(to, `${to}/stop`, {});
  assert.equal(await work(running), 0);
  const [run] = await bulkRuns(running.store, 1);
  assert.deepEqual([run?.phase, run?.counts.seen], ['stopped', 4]);
  assert.match(wordsOf((await bob.get(to)).text), /It was stopped\. What was done stays done: 3 deliveries\./);
  assert.equal((await bob.fill('/bulk', `${to}/stop`, {})).status, 409);
});

test('mail that came after it was begun is not meant', async (t) => {
  const running = await startDashboard(t);
  const { store, clock } = running;
  await mails(running);
  const bob = await loggedIn(running, 'operator');
  const begun = await bob.fill('/messages', '/bulk', { action: 'retry', scope: 'all', q: '' });
  const to = begun.headers.get('location') ?? '';
  await work(running);
  const late = { messageId: 'm9@mg.example.com', recipients: ['p9@example.net'], createdAt: clock() };
  await seed(store, { ...late, facts: [...sent(MORNING, late.messageId), ...LOST] }, clock());
  await bob.fill(to, `${to}/confirm`, { reason: 'mended' });
  await work(running);
  const [run] = await bulkRuns(store, 1);
  assert.deepEqual([run?.phase, run?.counts.seen, run?.counts.done], ['done', 6, 4]);
  const { p1, p9 } = await states(running);
  assert.deepEqual([p1, p9], ['queued', 'abandoned']);
});

test('what was stopped before anybody said yes says that nothing was done', async (t) => {
  const running = await startDashboard(t);
  await mails(running);
  const bob = await loggedIn(running, 'operator');
  const begun = await bob.fill('/messages', '/bulk', { action: 'retry', scope: 'all', q: '' });
  const to = begun.headers.get('location') ?? '';
  await work(running);
  assert.match(wordsOf((await bob.get('/bulk')).text), /waits for a yes 4 /);
  await bob.fill(to, `${to}/stop`, {});
  assert.match(wordsOf((await bob.get(to)).text), /stopped before it began: nothing was done/);
  assert.match(wordsOf((await bob.get('/bulk')).text), /stopped 0 /);
});

test('by the backup it leaves by the backup', async (t) => {
  const running = await startDashboard(t);
  await mails(running);
  const bob = await loggedIn(running, 'operator');
  const begun = await bob.fill('/messages', '/bulk', { action: 'backup', scope: 'all', q: 'to:p2@example.net' });
  const to = begun.headers.get('location') ?? '';
  await work(running);
  await bob.fill(to, `${to}/confirm`, { reason: 'Mailgun is blocked there' });
  await work(running);
  const bodies: string[] = await running.store.db('facts').where({ kind: 'reopened' }).pluck('body');
  assert.deepEqual(
    bodies.map((body) => (JSON.parse(body) as { byBackup?: boolean }).byBackup),
    [true],
  );
});

test('support does nothing to much mail, and operators neither erase nor take addresses off the list', async (t) => {
  const running = await startDashboard(t);
  await mails(running);
  const [ann, bob, eve] = [
    await loggedIn(running, 'support'),
    await loggedIn(running, 'operator'),
    await loggedIn(running, 'owner'),
  ];
  assert.doesNotMatch((await ann.get('/messages')).text, /action="\/bulk"/);
  const { token } = await ann.get('/messages');
  assert.equal((await ann.post('/bulk', { token, action: 'retry', scope: 'all', q: '' })).status, 403);
  assert.doesNotMatch((await bob.get('/messages')).text, /value="erase"/);
  for (const action of ['erase', 'unsuppress'])
    assert.equal((await bob.fill('/messages', '/bulk', { action, scope: 'all', q: '' })).status, 403, action);
  assert.deepEqual(await bulkRuns(running.store, 9), []);

  const to =
    (await eve.fill('/messages', '/bulk', { action: 'unsuppress', scope: 'all', q: '' })).headers.get('location') ?? '';
  await work(running);
  assert.equal(
    (await bob.fill('/bulk', `${to}/confirm`, { reason: 'x' })).status,
    403,
    'nor by the yes to what an owner began',
  );
  await eve.fill(to, `${to}/confirm`, { reason: 'a slip' });
  await work(running);
  assert.deepEqual(await running.store.db('suppressions').pluck('address_key'), []);

  const erase = await eve.fill('/messages', '/bulk', { action: 'erase', scope: 'all', q: 'to:p4@example.net' });
  const where = erase.headers.get('location') ?? '';
  await work(running);
  await eve.fill(where, `${where}/confirm`, { reason: 'they asked for it' });
  await work(running);
  assert.equal((await states(running))['p4'], undefined);
});

test('in a browser what is ticked stays ticked', { skip: withoutBrowser }, async (t) => {
  const running = await startDashboard(t);
  await mails(running);
  const page = await operatorAt(t, running);
  await page.goto(`${running.url}/messages`);
  const boxes = page.locator('main input[type=checkbox][name=id]');
  const ticked = boxes.nth(1);
  const id = await ticked.inputValue();
  await ticked.check();
  await page.evaluate('document.activeElement.blur()');
  const messageId = 'm9@mg.example.com';
  await seed(running.store, { messageId, createdAt: running.clock(), facts: sent(running.clock(), messageId) });
  await page.clock.runFor(EVERY);
  await page.getByText('Waits while something is filled in').waitFor();
  assert.deepEqual([await boxes.count(), await ticked.inputValue(), await ticked.isChecked()], [6, id, true]);
  await ticked.uncheck();
  await page.evaluate('document.activeElement.blur()');
  await page.clock.runFor(EVERY);
  await boxes.nth(6).waitFor();
});

test('in a browser the pages of much mail fit and can be used by everybody', { skip: withoutBrowser }, async (t) => {
  const running = await startDashboard(t);
  await mails(running);
  running.clock.set(MORNING + DAY);
  const bob = await loggedIn(running, 'operator');
  const to =
    (await bob.fill('/messages', '/bulk', { action: 'retry', scope: 'all', q: '' })).headers.get('location') ?? '';
  await work(running);
  await looksWell(t, running, 'operator', ['/messages', '/bulk', to]);
});
