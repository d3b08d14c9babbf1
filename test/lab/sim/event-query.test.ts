import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, HOUR, MINUTE } from '../../../src/core/time.ts';
import { BLOCKED_IP } from '../../../src/lab/sim/fates.ts';
import type { SimMailgun } from '../../../src/lab/sim/mailgun.ts';
import { call, DOMAIN, type Hand, MAIL, NOON, type Seen, send, startByHand } from './support.ts';

const EVENTS = `/v3/${DOMAIN}/events`;

type Item = { event: string; id: string; timestamp: number; recipient: string };
function itemsOf({ body }: Seen): Item[] {
  assert.ok(Array.isArray(body['items']));
  return body['items'];
}
function linkOf({ body }: Seen, name: string): string {
  const paging: Record<string, unknown> = Object(body['paging']);
  return String(paging[name]);
}

/** u0 to u4, sent a minute apart and delivered at once. */
async function sendFive(sim: SimMailgun, hand: Hand): Promise<void> {
  for (let n = 0; n < 5; n++) {
    hand.now = NOON + n * MINUTE;
    await send(sim, { to: `u${n}@example.net`, 'h:Message-Id': `<m${n}@mg.example.com>` });
    await sim.runDue();
  }
}

test('pages are walked by their next link, oldest first, until one is empty, which still has a next link', async (t) => {
  const { sim, hand } = await startByHand(t);
  await sendFive(sim, hand);
  const seen: string[] = [];
  let page = await call(
    sim,
    'GET',
    `${EVENTS}?begin=${encodeURIComponent('Wed, 25 Nov 2026 12:00:00 GMT')}&ascending=yes&limit=4`,
  );
  const sizes = [itemsOf(page).length];
  while (itemsOf(page).length > 0) {
    seen.push(...itemsOf(page).map((item) => `${item.recipient[1]} ${item.event[0]}`));
    page = await call(sim, 'GET', linkOf(page, 'next'));
    sizes.push(itemsOf(page).length);
  }
  assert.deepEqual(sizes, [4, 4, 2, 0]);
  assert.deepEqual(seen, ['0 a', '0 d', '1 a', '1 d', '2 a', '2 d', '3 a', '3 d', '4 a', '4 d']);
  assert.match(linkOf(page, 'next'), /^http:/);
  hand.now += MINUTE;
  await send(sim, { to: 'late@example.net' });
  const more = await call(sim, 'GET', linkOf(page, 'next'));
  assert.deepEqual(
    itemsOf(more).map((item) => item.recipient),
    ['late@example.net'],
  );
});

test('previous, first and last lead to where they say', async (t) => {
  const { sim, hand } = await startByHand(t);
  await sendFive(sim, hand);
  const first = await call(sim, 'GET', `${EVENTS}?begin=${NOON / 1000}&ascending=yes&limit=4`);
  const second = await call(sim, 'GET', linkOf(first, 'next'));
  const ids = (page: Seen): string[] => itemsOf(page).map((item) => item.id);
  assert.deepEqual(ids(await call(sim, 'GET', linkOf(second, 'previous'))), ids(first));
  assert.deepEqual(ids(await call(sim, 'GET', linkOf(second, 'first'))), ids(first));
  const last = await call(sim, 'GET', linkOf(first, 'last'));
  assert.deepEqual(
    itemsOf(last).map((item) => item.recipient[1]),
    ['3', '3', '4', '4'],
  );
});

test('without a range the newest come first; begin and end bound it, and their order is the direction', async (t) => {
  const { sim, hand } = await startByHand(t);
  await sendFive(sim, hand);
  const minutes = async (query: string): Promise<string> =>
    itemsOf(await call(sim, 'GET', `${EVENTS}?event=delivered${query}`))
      .map((item) => item.recipient[1])
      .join('');
  const at = (n: number): number => (NOON + n * MINUTE) / 1000;
  assert.equal(await minutes(''), '43210');
  assert.equal(await minutes(`&begin=${at(1)}&end=${at(3) + 1}`), '123');
  assert.equal(await minutes(`&begin=${at(3) + 1}&end=${at(1)}`), '321');
  assert.equal(await minutes(`&begin=${at(3)}&ascending=yes`), '34');
  assert.equal(await minutes(`&begin=${at(3)}&ascending=no`), '210');
});

test('events are found by name, recipient, message id (with brackets or not) and severity', async (t) => {
  const { sim, hand } = await startByHand(t);
  sim.fate('u2@example.net', BLOCKED_IP);
  await sendFive(sim, hand);
  const count = async (query: string): Promise<number> => itemsOf(await call(sim, 'GET', `${EVENTS}?${query}`)).length;
  assert.equal(await count('event=failed'), 1);
  assert.equal(await count('event=failed+OR+delivered'), 5);
  assert.equal(await count('event=NOT+accepted'), 5);
  assert.equal(await count('severity=permanent'), 1);
  assert.equal(await count('severity=temporary'), 0);
  assert.equal(await count('recipient=U3@example.net'), 2);
  assert.equal(await count('message-id=m3@mg.example.com'), 2);
  assert.equal(await count(`message-id=${encodeURIComponent('<m3@mg.example.com>')}&event=delivered`), 1);
  assert.equal(await count('message-id=m@mg.example.com'), 0);
});

test('events are found by any recipient of the mail, by an attachment and by size', async (t) => {
  const { sim } = await startByHand(t);
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...MAIL, cc: 'bee@example.net' })) form.set(name, value);
  form.set('attachment', new Blob(['a,b'.repeat(2000)]), 'list.csv');
  await call(sim, 'POST', `/v3/${DOMAIN}/messages`, form);
  await send(sim);
  await sim.runDue();
  const count = async (query: string): Promise<number> => itemsOf(await call(sim, 'GET', `${EVENTS}?${query}`)).length;
  assert.equal(await count('recipients=bee@example.net'), 4);
  assert.equal(await count('attachment=list.csv'), 4);
  assert.equal(await count(`size=${encodeURIComponent('>6000')}`), 4);
  assert.equal(await count(`size=${encodeURIComponent('<6000 AND >100')}`), 2);
});

test('an event that is late shows up between those already read, and the pages read before do not hold it', async (t) => {
  const { sim, hand } = await startByHand(t, {
    quirks: { eventLag: (event) => (event.recipient === 'u1@example.net' ? 20 * MINUTE : 0) },
  });
  await sendFive(sim, hand);
  const query = `${EVENTS}?begin=${NOON / 1000}&ascending=yes&event=delivered`;
  const before = await call(sim, 'GET', query);
  assert.deepEqual(
    itemsOf(before).map((item) => item.recipient[1]),
    ['0', '2', '3', '4'],
  );
  hand.now = NOON + 21 * MINUTE;
  assert.deepEqual(itemsOf(await call(sim, 'GET', linkOf(before, 'next'))), []);
  assert.deepEqual(
    itemsOf(await call(sim, 'GET', query)).map((item) => item.recipient[1]),
    ['0', '1', '2', '3', '4'],
  );
});

test('an event is kept for thirty days, or for as long as the quirk says', async (t) => {
  const { sim, hand } = await startByHand(t);
  await sendFive(sim, hand);
  hand.now = NOON + 30 * DAY + 3 * MINUTE;
  const seen = async (): Promise<string> =>
    itemsOf(await call(sim, 'GET', `${EVENTS}?event=delivered`))
      .map((item) => item.recipient[1])
      .join('');
  assert.equal(await seen(), '43');
  sim.quirks.eventRetention = 29 * DAY;
  assert.equal(await seen(), '');
});

test('another domain shows nothing of this one', async (t) => {
  const { sim, hand } = await startByHand(t, { domains: [DOMAIN, 'two.example.com'] });
  await sendFive(sim, hand);
  assert.deepEqual(itemsOf(await call(sim, 'GET', '/v3/two.example.com/events')), []);
});

test('a bad limit or date is refused, and so is a page that never was', async (t) => {
  const { sim } = await startByHand(t);
  for (const query of ['?limit=301', '?limit=0', '?begin=2026-11-25T12:00:00Z', '/nonsense']) {
    assert.equal((await call(sim, 'GET', EVENTS + query)).status, 400, query);
  }
});

test('the Events API can be gone or broken while the Logs API works, and the other way round', async (t) => {
  const { sim } = await startByHand(t);
  const logs = (): Promise<Seen> =>
    fetch(`${sim.url}/v1/analytics/logs`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('api:key-test')}`, 'content-type': 'application/json' },
      body: '{"duration":"1h"}',
    }).then(async (response) => ({
      status: response.status,
      headers: response.headers,
      text: await response.text(),
      body: {},
    }));
  for (const [eventsApi, logsApi, statuses] of [
    ['gone', 'ok', [410, 200]],
    ['error', 'ok', [500, 200]],
    ['ok', 'gone', [200, 410]],
    ['ok', 'error', [200, 500]],
  ] as const) {
    Object.assign(sim.quirks, { eventsApi, logsApi });
    assert.deepEqual([(await call(sim, 'GET', EVENTS)).status, (await logs()).status], statuses);
  }
});

test('an hour is an hour: events outside the range do not show', async (t) => {
  const { sim, hand } = await startByHand(t);
  await sendFive(sim, hand);
  const query = `?begin=${(NOON + HOUR) / 1000}&ascending=yes`;
  assert.deepEqual(itemsOf(await call(sim, 'GET', EVENTS + query)), []);
});
