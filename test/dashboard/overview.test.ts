import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { beginRestoreDrill, endRestoreDrill, keepBackup } from '../../src/store/backups.ts';
import { changeHealth } from '../../src/store/change-health.ts';
import { foldPending } from '../../src/store/figures/pending.ts';
import { RECONCILED, setCursor } from '../../src/store/notes/cursors.ts';
import { addHold } from '../../src/store/notes/holds.ts';
import type { Running } from '../http/support.ts';
import { withoutBrowser } from '../support/browser.ts';
import { MORNING } from '../support/clock.ts';
import { ended, failed, reported, seed, sent } from '../support/factory.ts';
import { EVERY, looksWell, operatorAt } from './look.ts';
import { createVisitor, loggedIn, startDashboard, wordsOf } from './support.ts';

/** A morning with some of everything, and a provider that is down. */
async function busyMorning({ store, clock }: Running): Promise<void> {
  const mail = (n: number) => ({ messageId: `m${n}@mg.example.com`, recipients: [`p${n}@example.net`] });
  for (let n = 0; n < 6; n++) {
    const at = MORNING - (n + 1) * HOUR;
    await seed(
      store,
      { ...mail(n), createdAt: at, facts: [...sent(at, `m${n}@mg.example.com`), reported('delivered', at + MINUTE)] },
      at,
    );
  }
  const at = MORNING - 2 * HOUR;
  const lost = [...sent(at, 'm9@mg.example.com'), failed(at + MINUTE), ended(1, at + MINUTE, 'abandoned', 'ip_block')];
  await seed(store, { ...mail(9), createdAt: at, facts: lost }, at);
  await foldPending(store);
  const before = { state: 'healthy', since: 0, share: 100, wellSince: null, probesFailed: 0 } as const;
  const change = { state: 'down', share: 0, evidence: 'most hand-overs failed' } as const;
  await changeHealth(store, 'mailgun', { before, change }, MORNING - 10 * MINUTE);
  await addHold(store, { provider: null, class: 'bulk', until: null, reason: 'look first', who: 'ann' }, MORNING);
  await setCursor(store, RECONCILED, '', MORNING - MINUTE);
  clock.set(MORNING + MINUTE);
}

test('the overview says whether mail is on time, who is down, and what a person has to do', async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun', 'relay.example.com:587'] });
  await busyMorning(running);
  const { text } = await (await loggedIn(running, 'support')).get('/');
  const words = wordsOf(text);
  assert.match(words, /1 mail of the last day was given up/);
  assert.match(words, /1 hold keeps mail back/);
  assert.match(words, /mailgun down 0 % 11 min ago relay\.example\.com:587 healthy 100 % –/);
  assert.match(words, /07:00 2 1 first try, 1 did not arrive/);
  assert.match(words, /Webhook never Reconciler 2 min ago Drill never Good backup never Restore drill never/);
  assert.match(text, /<time datetime="2026-11-25T08:50:00\.000Z" title="2026-11-25 08:50:00 UTC">/);
});

test('what needs a person leads to the very mail that was counted', async (t) => {
  const running = await startDashboard(t, { timezone: 'Asia/Tokyo' });
  await busyMorning(running);
  const at = MORNING - 3 * DAY;
  const old = [...sent(at, 'old@mg.example.com'), failed(at + MINUTE), ended(1, at + MINUTE, 'abandoned', 'ip_block')];
  await seed(running.store, { messageId: 'old@mg.example.com', subject: 'Long ago', createdAt: at, facts: old }, at);
  const ann = await loggedIn(running, 'support');
  const [, to = ''] = /<a href="([^"]+)">1 mail of the last day was given up</.exec((await ann.get('/')).text) ?? [];
  const list = wordsOf((await ann.get(to.replaceAll('&amp;', '&'))).text);
  assert.match(list, /abandoned 1/);
  assert.match(list, /p9@example\.net/);
  assert.doesNotMatch(list, /Long ago/);
});

test('it tells of the last good backup, the last restore drill, and what failed since', async (t) => {
  const running = await startDashboard(t);
  const { store } = running;
  const at = MORNING - 20 * MINUTE;
  await keepBackup(store, { startedAt: at, endedAt: at + 1, name: 'homing-x', bytes: 1, problem: null });
  await keepBackup(store, { startedAt: MORNING, endedAt: MORNING, name: null, bytes: null, problem: 'no room' });
  const id = await beginRestoreDrill(store, 'x', MORNING - 2 * HOUR);
  const end = { backup: null, backupAt: null, restoreTook: null, endedAt: MORNING - HOUR, passed: true, failed: [] };
  await endRestoreDrill(store, id ?? '', end);
  const { text } = await (await loggedIn(running, 'support')).get('/');
  assert.match(wordsOf(text), /Good backup 20 min ago failed Restore drill 2 h ago/);
});

test('with nothing there it says what there would be', async (t) => {
  const running = await startDashboard(t);
  const { text } = await (await loggedIn(running, 'support')).get('/');
  for (const says of [/Nothing\. Homing acts by itself/, /No mail was handed over yet/, /No mail in the last 24 hours/])
    assert.match(text, says);
});

test('its picture is drawn for light and for dark, and is for those who have a login', async (t) => {
  const running = await startDashboard(t);
  await busyMorning(running);
  const ann = await loggedIn(running, 'support');
  const [light, dark] = [await ann.get('/hours-light.svg'), await ann.get('/hours-dark.svg')];
  for (const { text, headers } of [light, dark]) {
    assert.match(text, /^<svg /);
    assert.match(headers.get('content-type') ?? '', /^image\/svg\+xml/);
  }
  assert.notEqual(light.text, dark.text);
  const narrow = await ann.get('/hours-light.svg?narrow=yes');
  assert.deepEqual(
    [/ width="720"/.test(light.text), / width="320"/.test(narrow.text)],
    [true, true],
    'and for small screens',
  );
  assert.equal((await createVisitor(running).get('/hours-light.svg')).status, 303);
});

test('in a browser it fits, light and dark, can be used by everybody, and keeps itself up to date', {
  skip: withoutBrowser,
}, async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun'] });
  await busyMorning(running);
  await looksWell(t, running, 'operator', ['/']);
  const page = await operatorAt(t, running);
  await page.getByText('2 min ago', { exact: true }).waitFor();
  await setCursor(running.store, RECONCILED, '', MORNING + MINUTE);
  running.clock.advance(MINUTE);
  await page.clock.runFor(EVERY);
  await page.getByText('1 min ago', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  assert.match(await page.locator('.live').innerText(), /Paused\s+Resume/);
});
