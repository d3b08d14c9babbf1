import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change, Health, Standing } from '../../src/core/health.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { changeHealth } from '../../src/store/change-health.ts';
import { activeHolds } from '../../src/store/notes/holds.ts';
import { outagesSince } from '../../src/store/outages.ts';
import type { Running } from '../http/support.ts';
import { withoutBrowser } from '../support/browser.ts';
import { MORNING } from '../support/clock.ts';
import { looksWell } from './look.ts';
import { loggedIn, startDashboard, wordsOf } from './support.ts';

const HOSTILE = '<script>alert(1)</script>\u202e \u001b[31m';

/** One that is over, and one that lasts. */
async function twoOutages({ store, clock }: Running): Promise<string[]> {
  let standing: Standing = { state: 'healthy', since: 0, share: 100, wellSince: null, probesFailed: 0 };
  const turn = async (state: Health, at: number, evidence: string) => {
    const change: Change = { state, share: state === 'down' ? 0 : 100, evidence };
    await changeHealth(store, 'mailgun', { before: standing, change }, at);
    standing = { ...standing, ...change, since: at };
  };
  await turn('down', MORNING - 5 * HOUR, 'half of 12 hand-overs failed');
  await turn('recovering', MORNING - 4 * HOUR, 'probes went well');
  await turn('healthy', MORNING - 3 * HOUR, 'all mail goes to it');
  await turn('down', MORNING - 10 * MINUTE, HOSTILE);
  clock.set(MORNING);
  return (await outagesSince(store, MORNING - 6 * HOUR)).map(({ id }) => id);
}

test('outages are listed with what spoke for them, and each tells its story and what it did to the mail', async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun'] });
  const [open = '', over = ''] = await twoOutages(running);
  const ann = await loggedIn(running, 'support');
  const { text } = await ann.get('/outages');
  assert.match(wordsOf(text), /mailgun 5 h ago 2 h healthy half of 12 hand-overs failed/);
  assert.match(wordsOf(text), /mailgun 10 min ago 10 min so far down &lt;script&gt;alert\(1\)&lt;\/script&gt;/);
  assert.ok(!text.includes('\u202e') && !text.includes('\u001b'));
  const one = wordsOf((await ann.get(`/outages/${over}`)).text);
  assert.match(one, /mailgun was down From 2026-11-25 04:00:00 UTC to 2026-11-25 06:00:00 UTC , 2 h\./);
  assert.match(one, /3 h ago healthy all mail goes to it 4 h ago recovering with 100 of 100 mails probes went well/);
  assert.match((await ann.get(`/outages/${open}`)).text, /<h1>mailgun is down<\/h1>/);
  const review = await ann.get(`/outages/${open}/review.md`);
  assert.match(review.text, /^# mailgun was down/);
  assert.match(review.headers.get('content-disposition') ?? '', /attachment; filename="outage-/);
  assert.equal((await ann.get('/outages/nothing')).status, 404);
});

test('operators hold mail back with a reason and release it, and others do neither', async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun'] });
  const { store, clock } = running;
  const [ann, bob] = [await loggedIn(running, 'support'), await loggedIn(running, 'operator')];
  const wish = { provider: 'mailgun', class: 'bulk', for: '2h', reason: 'their incident' };
  const { token } = await ann.get('/outages');
  assert.doesNotMatch((await ann.get('/outages')).text, /action="\/holds/);
  assert.equal((await ann.post('/holds', { token, ...wish })).status, 403);
  assert.deepEqual(await activeHolds(store, clock()), []);

  for (const [wrong, says] of [
    [{ reason: ' ' }, /reason is needed/],
    [{ provider: 'sendgrid' }, /no provider of that name/],
    [{ for: 'a while' }, /for must be a length such as 2h/],
    [{ class: 'all' }, /class must be one of/],
  ] as const) {
    const { status, text } = await bob.fill('/outages', '/holds', { ...wish, ...wrong });
    assert.deepEqual([status, says.test(text)], [400, true], text);
  }
  const held = await bob.fill('/outages', '/holds', wish);
  assert.equal(held.headers.get('location'), '/outages?done=held');
  const [hold, ...more] = await activeHolds(store, clock());
  assert.deepEqual(more, []);
  assert.deepEqual([hold?.who, hold?.until], ['operator (dashboard)', clock() + 2 * HOUR]);
  const { text } = await bob.get('/outages?done=held');
  assert.match(
    wordsOf(text),
    /It is held from now on\..*Bulk mail through mailgun now in 2 h operator \(dashboard\) their incident/,
  );

  assert.equal((await ann.post(`/holds/${hold?.id}/release`, { token })).status, 403);
  const released = await bob.fill('/outages', `/holds/${hold?.id}/release`, {});
  assert.equal(released.headers.get('location'), '/outages?done=released');
  assert.deepEqual(await activeHolds(store, clock()), []);
  assert.equal((await bob.fill('/outages', `/holds/${hold?.id}/release`, {})).status, 409);
});

test('in a browser the outages and one of them fit and can be used by everybody', {
  skip: withoutBrowser,
}, async (t) => {
  const running = await startDashboard(t, {}, { providers: ['mailgun'] });
  const [open = ''] = await twoOutages(running);
  const bob = await loggedIn(running, 'operator');
  await bob.fill('/outages', '/holds', { provider: '', class: '', for: '', reason: 'x'.repeat(300) });
  await looksWell(t, running, 'operator', ['/outages', `/outages/${open}`]);
});
