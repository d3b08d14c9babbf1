import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, MINUTE, SECOND } from '../../src/core/time.ts';
import type { Running } from '../http/support.ts';
import { withoutBrowser } from '../support/browser.ts';
import { MORNING } from '../support/clock.ts';
import { bounce, ended, failed, reported, seed, sent } from '../support/factory.ts';
import { looksWell } from './look.ts';
import { createVisitor, loggedIn, startDashboard, wordsOf } from './support.ts';

const HOSTILE = '<script>alert(1)</script>\u202e';

/** Three mails of the 24th, of which one did not arrive, and one of the 25th. */
async function twoDays({ store, clock }: Running): Promise<void> {
  const mail = (n: number, at: number) => ({
    messageId: `r${n}@mg.example.com`,
    createdAt: at,
    recipients: [`p${n}@example.net`],
  });
  for (const [n, at] of [MORNING - DAY, MORNING - DAY + MINUTE, MORNING].entries()) {
    const facts = [
      ...sent(at, `r${n}@mg.example.com`),
      reported('delivered', at + MINUTE, { messageId: `r${n}@mg.example.com` }),
    ];
    await seed(store, { ...mail(n, at), facts }, at);
  }
  const at = MORNING - DAY;
  const lost = failed(at + MINUTE, 'stop', { messageId: 'r9@mg.example.com', bounce: bounce({ message: HOSTILE }) });
  const facts = [...sent(at, 'r9@mg.example.com'), lost, ended(1, at + MINUTE, 'failed', 'recipient_unknown')];
  await seed(store, { ...mail(9, at), facts }, at);
  clock.set(MORNING + 10 * MINUTE);
}

test('the report is that of yesterday, or of any days that are asked for', async (t) => {
  const running = await startDashboard(t);
  const ann = await loggedIn(running, 'support');
  assert.match(wordsOf((await ann.get('/report')).text), /No mail was asked for/);
  running.clock.advance(11 * SECOND);
  await twoDays(running);
  const { text } = await ann.get('/report');
  const words = wordsOf(text);
  assert.match(words, /Delivery report, Tuesday, 24 November 2026 \(UTC\) 1 of 3 deliveries did not arrive/);
  assert.match(words, /arrived 66\.7 % 2 of 3/);
  assert.match(words, /example\.net no such mailbox: “550 &lt;script&gt;/);
  assert.ok(!text.includes('<script>alert') && !text.includes('\u202e') && !text.includes('p9@'));
  assert.match(
    wordsOf((await ann.get('/report?from=2026-11-24&to=2026-11-25')).text),
    /24 – 25 November 2026 .* 1 of 4 deliveries/,
  );
  assert.match(wordsOf((await ann.get('/report?from=2026-11-25')).text), /The one delivery arrived/);
  for (const wrong of ['from=2026-11-26', 'from=2026-11-25&to=2026-11-24', 'from=2020-01-01&to=2026-11-24', 'from=x'])
    assert.equal((await ann.get(`/report?${wrong}`)).status, 400, wrong);
  assert.equal((await createVisitor(running).get('/report.json')).status, 303);
});

test('it is made once for those who ask within some seconds, and can be taken along', async (t) => {
  const running = await startDashboard(t);
  await twoDays(running);
  const ann = await loggedIn(running, 'support');
  const today = '/report?from=2026-11-25&to=2026-11-25';
  assert.match((await ann.get(today)).text, /The one delivery arrived/);
  const facts = [
    ...sent(MORNING, 'late@mg.example.com'),
    reported('delivered', MORNING + MINUTE, { messageId: 'late@mg.example.com' }),
  ];
  await seed(running.store, { messageId: 'late@mg.example.com', facts });
  assert.match((await ann.get(today)).text, /The one delivery arrived/);
  running.clock.advance(11 * SECOND);
  assert.match((await ann.get(today)).text, /All 2 deliveries arrived/);

  const csv = await ann.get('/report.csv?from=2026-11-24');
  assert.match(csv.text, /2026-11-24","2026-11-24","UTC","mg\.example\.com","notice","delivered",2\r\n/);
  assert.match(csv.headers.get('content-disposition') ?? '', /filename="report-2026-11-24-2026-11-24\.csv"/);
  const json = JSON.parse((await ann.get('/report.json?from=2026-11-24')).text);
  assert.deepEqual([json.total.deliveries, json.total.notArrived, json.notArrived], [3, 1, undefined]);
  const pictures = await Promise.all(
    ['light', 'dark'].map((theme) => ann.get(`/report/days-${theme}.svg?from=2026-11-24`)),
  );
  assert.ok(pictures.every(({ text }) => text.startsWith('<svg ')));
  assert.notEqual(pictures[0]?.text, pictures[1]?.text);
  assert.equal((await ann.get('/report/nothing-light.svg')).status, 404);
});

test('in a browser the report fits and can be used by everybody', { skip: withoutBrowser }, async (t) => {
  const running = await startDashboard(t);
  await twoDays(running);
  await looksWell(t, running, 'support', ['/report?from=2026-11-20&to=2026-11-25', '/report?from=2026-11-01']);
});
