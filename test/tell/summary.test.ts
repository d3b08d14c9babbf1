import assert from 'node:assert/strict';
import type { Fact } from '../../src/core/delivery.ts';
import { timesOf } from '../../src/core/figures/times.ts';
import type { MessageClass } from '../../src/core/message-class.ts';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import type { Store } from '../../src/store/db/open.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { periodOf } from '../../src/tell/summary/days.ts';
import { summaryJson } from '../../src/tell/summary/json.ts';
import { summaryText } from '../../src/tell/summary/text.ts';
import { summaryOf } from '../../src/tell/summary-of.ts';
import { accepted, bounce, claimed, ended, failed, policy, reported, seed, sent, verdict } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const LATER = Date.UTC(2027, 0, 1);
let made = 0;

/** One delivery asked for at that moment, with the facts that follow it. */
async function asked(
  store: Store,
  at: Ms,
  facts: Fact[] = [],
  over: { class?: MessageClass; to?: string; domain?: string } = {},
) {
  const kind = over.class ?? 'notice';
  const more = { messageId: `r${made++}@mg.example.com`, class: kind, policy: policy(kind), createdAt: at };
  const where = { recipients: [over.to ?? 'ann@example.net'], domain: over.domain ?? 'mg.example.com' };
  return seed(store, { ...more, ...where, facts: [...sent(at), ...facts] }, at);
}

const day = (store: Store, date: string, timezone = 'UTC', last = date) =>
  summaryOf(store, periodOf(date, last, timezone, LATER), { now: LATER, details: 'summary' });

eachStore('every figure of a day is what was counted by hand', async ({ store }) => {
  const at = Date.UTC(2026, 10, 21, 10);
  const ok = (after: Ms) => [reported('delivered', at + after)];
  const blocked = failed(at + MINUTE, 'retry', { sendingIp: '198.51.100.7' });
  // Three access mails: 10 s, 2 min and 20 min; one notice found by polling; one cured, one saved, one lost, one open.
  for (const took of [10 * SECOND, 2 * MINUTE, 20 * MINUTE]) await asked(store, at, ok(took), { class: 'access' });
  await asked(store, at, [reported('delivered', at + 30 * SECOND, { foundBy: 'poll' })]);
  const again = [
    claimed(2, at + 5 * MINUTE, { since: at + MINUTE }),
    accepted(2, at + 5 * MINUTE, 'm2@mg.example.com'),
  ];
  const arrived = reported('delivered', at + 6 * MINUTE, { messageId: 'm2@mg.example.com', sendingIp: '198.51.100.9' });
  await asked(store, at, [blocked, ...again, arrived], { to: 'a@outlook.com' });
  const fallback = [claimed(2, at + 5 * MINUTE, { how: 'fallback' }), accepted(2, at + 5 * MINUTE, null, false)];
  await asked(store, at, [blocked, ...fallback], { to: 'b@outlook.com' });
  const unknown = failed(at + MINUTE, 'stop', { bounce: bounce({ message: '5.1.1 <c@outlook.com> unknown' }) });
  await asked(store, at, [unknown], { to: 'c@outlook.com' });
  await asked(store, at);
  await asked(store, at, [ended(1, at + HOUR, 'cancelled', 'superseded')], { class: 'bulk', domain: 'mg.example.org' });
  await asked(store, at, [blocked, ended(1, at + HOUR, 'abandoned', 'ip_block')], {
    class: 'bulk',
    domain: 'mg.example.org',
  });
  const r = await day(store, '2026-11-21');
  const j = summaryJson(r) as { total: Record<string, unknown>; topFailures: Record<string, unknown>[] };
  const { total: t } = r;
  assert.deepEqual(
    [t.messages, t.deliveries, t.firstTry, t.afterRetry, t.byFallback, t.lost, t.open],
    [10, 10, 4, [{ attempt: 2, n: 1 }], 1, 2, 1],
  );
  assert.deepEqual(t.states, {
    ...{ queued: 0, sending: 0, unconfirmed: 0, accepted: 1, deferred: 0 },
    ...{ delivered: 5, relayed: 1, failed: 1, abandoned: 1, expired: 0, cancelled: 1 },
  });
  assert.deepEqual(t.ends.map((e) => [e.state, e.reason, e.n]).sort(), [
    ['abandoned', 'ip_block', 1],
    ['cancelled', 'superseded', 1],
    ['failed', 'recipient_unknown', 1],
  ]);
  assert.deepEqual(
    t.cures.find((c) => c.cause === 'ip_block'),
    {
      ...{
        cause: 'ip_block',
        failed: 3,
        retried: 1,
        cured: 1,
        arrivedAfterAll: 0,
        saved: 1,
        lost: 1,
        cancelled: 0,
        open: 0,
      },
    },
  );
  assert.deepEqual(t.retries, [{ cause: 'ip_block', attempt: 2, sendingIp: 'changed', result: 'arrived', n: 1 }]);
  assert.deepEqual(t.found, { webhook: 8, poll: 1, lookup: 0 });
  const access = r.groups.find((g) => g.class === 'access');
  const times = timesOf(access?.figures.times ?? new Map());
  assert.deepEqual(
    [times.median, times.p95, times.within(MINUTE), times.within(5 * MINUTE), times.within(15 * MINUTE)],
    [2 * MINUTE, 20 * MINUTE, 1, 2, 2],
  );
  assert.deepEqual(
    r.groups.map((g) => [g.domain, g.class, g.figures.deliveries]),
    [
      ['mg.example.com', 'access', 3],
      ['mg.example.com', 'notice', 5],
      ['mg.example.org', 'bulk', 2],
    ],
  );
  const { recipientDomain, cause, failed: n, cured, saved } = r.places[0] ?? {};
  assert.deepEqual([recipientDomain, cause, n, cured, saved], ['outlook.com', 'ip_block', 2, 1, 1]);
  assert.equal(r.places.find((p) => p.cause === 'recipient_unknown')?.example, '550 5.1.1 <(address)> unknown');
  assert.equal(j.total['eventsOnlyByPollingPercent'], 11.11);
  assert.equal(j.total['timeToDeliveryMedianSeconds'], 210);
  const bars = r.daily.at(-1);
  assert.deepEqual(bars, { day: '2026-11-21', firstTry: 4, afterRetry: 1, byFallback: 1, lost: 2, other: 2 });
  assert.equal(r.daily.length, 30);
});

eachStore('what was cancelled after a failure is cancelled in every table, and lost in none', async ({ store }) => {
  const at = Date.UTC(2026, 10, 21, 10);
  await asked(store, at, [failed(at + MINUTE, 'retry'), ended(1, at + HOUR, 'cancelled', 'by_application')]);
  const summary = await day(store, '2026-11-21');
  const { total, places, daily } = summary;
  assert.deepEqual([total.states.cancelled, total.lost, places[0]?.lost, daily.at(-1)?.lost], [1, 0, 0, 0]);
  const { failures } = (summaryJson(summary) as { total: { failures: Record<string, unknown>[] } }).total;
  assert.deepEqual([failures[0]?.['failed'], failures[0]?.['lost'], failures[0]?.['cancelled']], [1, 0, 1]);
  const table = /first failure.*\n.*/.exec(summaryText(summary))?.[0] ?? '';
  assert.match(table, /lost canc\. {2}open\n.* 0 {5}1 {5}0$/);
});

for (const { timezone, date, hours, offset } of [
  { timezone: 'Europe/Zurich', date: '2026-10-25', hours: 25, offset: 2 * HOUR },
  { timezone: 'Europe/Zurich', date: '2026-03-29', hours: 23, offset: HOUR },
  { timezone: 'America/New_York', date: '2026-11-01', hours: 25, offset: -4 * HOUR },
  { timezone: 'America/New_York', date: '2026-03-08', hours: 23, offset: -5 * HOUR },
  { timezone: 'Asia/Kolkata', date: '2026-11-21', hours: 24, offset: 5.5 * HOUR },
]) {
  eachStore(`${date} in ${timezone} has ${hours} hours, each of which belongs to it alone`, async ({ store }) => {
    const from = Date.parse(`${date}T00:00:00Z`) - offset;
    const to = from + hours * HOUR;
    const inside = [from, from + 2.5 * HOUR, from + 12 * HOUR, to - 1];
    for (const at of [...inside, from - 1, to, to + 1]) await asked(store, at, [reported('delivered', at + SECOND)]);
    const r = await day(store, date, timezone);
    assert.deepEqual([r.period.from, r.period.to], [from, to]);
    assert.equal(r.total.deliveries, 4);
    assert.equal(r.before.deliveries, 1);
    assert.equal(r.daily.at(-1)?.firstTry, 4);
    assert.equal(r.daily.at(-2)?.firstTry, 1);
  });
}

eachStore('a late event changes the figures of the day that was asked for, and of no other', async ({ store }) => {
  const at = Date.UTC(2026, 10, 21, 23, 59);
  const [view] = await asked(store, at, [
    failed(at + MINUTE, 'stop', { verdict: verdict('mailbox_full', 'retry_later') }),
  ]);
  assert.equal((await day(store, '2026-11-21')).total.states.failed, 1);
  await change(store, [view?.id ?? ''], at + 2 * DAY, () => [reported('delivered', at + DAY)]);
  const r = await day(store, '2026-11-21');
  assert.deepEqual([r.total.states.failed, r.total.states.delivered, r.total.lost], [0, 1, 0]);
  assert.equal((await day(store, '2026-11-22')).total.deliveries, 0);
  assert.equal((await day(store, '2026-11-15', 'UTC', '2026-11-21')).total.deliveries, 1);
});

eachStore('an empty database has a report, and a day to come has none', async ({ store }) => {
  const r = await day(store, '2026-11-21');
  assert.equal(r.total.deliveries, 0);
  assert.equal((summaryJson(r) as { sentence: string }).sentence, 'No mail was asked for.');
  assert.throws(() => periodOf('2027-01-02', '2027-01-02', 'UTC', LATER), /2027-01-02 has not come yet/);
});
