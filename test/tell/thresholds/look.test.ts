import assert from 'node:assert/strict';
import type { MessageClass } from '../../../src/core/message-class.ts';
import { fullRule, type Rule } from '../../../src/core/thresholds/rule.ts';
import { DAY, HOUR, MINUTE, type Ms } from '../../../src/core/time.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { standingThresholds } from '../../../src/store/threshold-states.ts';
import { addMailSigns } from '../../../src/store/thresholds/mail-signs.ts';
import { countSent } from '../../../src/store/thresholds/sent.ts';
import { lookAtThresholds } from '../../../src/tell/thresholds/look.ts';
import { clockAt, MORNING } from '../../support/clock.ts';
import { reported, seed, seedQueued, sent } from '../../support/factory.ts';
import { logInto } from '../../support/homing.ts';
import { eachStore } from '../../support/stores.ts';
import { daemonOf, listening, turnsOf } from '../../support/tellers.ts';

const BOUNCED = fullRule({
  ...{ name: 'bounced', measure: 'bounced', rings: 0.05, clears: 0.03, least: 100, leastBad: 10 },
  ...{ per: ['receiver'], holds: 2 * MINUTE, clearsAfter: 5 * MINUTE },
});

const told = async (store: Store): Promise<string[]> =>
  (await store.db('alert_items').orderBy('at')).map(({ kind, detail }) => `${kind}: ${detail}`);

/** Looks each minute until then, as a daemon does that was just started. */
async function daemon(
  store: Store,
  clock: ReturnType<typeof clockAt>,
  rules: readonly Rule[],
  until: Ms,
): Promise<void> {
  const looked = new Map<string, Ms>();
  while (clock() < until) {
    await lookAtThresholds({ store, rules, timezone: 'UTC', now: clock, looked, log: logInto([]) });
    clock.advance(MINUTE);
  }
}

const bounces = (store: Store, at: Ms, bounced: number, arrived: number, receiver = 'example.com') =>
  addMailSigns(store, [{ domain: 'mg.example.com', class: 'notice', receiver, signs: { bounced, arrived } }], at);

eachStore('what rings is told once, over restarts and by all daemons, and so is its end', async ({ store, open }) => {
  const there = open();
  const clock = clockAt();
  await bounces(store, MORNING, 12, 168);
  await daemon(store, clock, [BOUNCED], MORNING + 2 * MINUTE);
  assert.deepEqual(await told(store), [], 'it may be over in a moment');
  // Another daemon takes over in the middle.
  await daemon(there, clock, [BOUNCED], MORNING + 10 * MINUTE);
  await daemon(store, clock, [BOUNCED], MORNING + 20 * MINUTE);
  const rings =
    'threshold: bounced: 12 of 180 mails to example.com bounced in the last hour, 6.7 %; the rule says 5 %. It is so since 2026-11-25 09:00:00 UTC.';
  assert.deepEqual(await told(store), [rings]);
  await bounces(store, clock(), 0, 1000);
  await daemon(there, clock, [BOUNCED], clock() + 3 * MINUTE);
  await daemon(store, clock, [BOUNCED], clock() + 10 * MINUTE);
  assert.deepEqual(await told(store), [
    rings,
    'threshold_over: bounced: it is over after 23 min: 12 of 1 180 mails to example.com bounced in the last hour, 1 %; it clears at 3 %.',
  ]);
  assert.deepEqual(await standingThresholds(store), []);
});

eachStore('a figure that rings is one conversation, from its beginning to its end', async ({ store }) => {
  const rule = fullRule({ ...BOUNCED, per: ['domain', 'class'] });
  const clock = clockAt();
  const to = listening();
  const teller = daemonOf({ store, clock, to });
  const looked = new Map<string, Ms>();
  const until = async (end: Ms) => {
    for (; clock() < end; clock.advance(MINUTE)) {
      await lookAtThresholds({ store, rules: [rule], timezone: 'UTC', now: clock, looked, log: logInto([]) });
      await teller.look();
    }
  };
  await addMailSigns(
    store,
    [{ domain: 'mg.example.com', class: 'access', receiver: '', signs: { bounced: 20, arrived: 100 } }],
    clock(),
  );
  await until(MORNING + 25 * MINUTE);
  await until(MORNING + 2 * HOUR);
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'mail repeated', 'mail repeated', 'mail ended']);
  assert.equal(new Set(to.heard.map(({ conversation }) => conversation)).size, 1);
  const [first, , , last] = to.heard;
  assert.deepEqual(
    [first?.kind, first?.severity, first?.incident],
    ['threshold', 'error', 'threshold:bounced:mg.example.com:access'],
  );
  assert.match(first?.body ?? '', /20 of 120 access mails of mg\.example\.com\s+bounced/);
  assert.match(last?.body ?? '', /too few access\s+mails of\s+mg\.example\.com were sent to say/);
  assert.equal((await store.db('alert_items').whereNull('alert_id')).length, 0);
});

eachStore('what rings again after its end is told again', async ({ store }) => {
  const clock = clockAt();
  for (let n = 0; n < 2; n++) {
    await bounces(store, clock(), 20, 100);
    await daemon(store, clock, [BOUNCED], clock() + 10 * MINUTE);
    await daemon(store, clock, [BOUNCED], clock() + 2 * HOUR);
  }
  const kinds: string[] = await store.db('alert_items').orderBy('at').pluck('kind');
  assert.deepEqual(kinds, ['threshold', 'threshold_over', 'threshold', 'threshold_over']);
});

eachStore('when many recipient domains bounce at once, the worst of them are told', async ({ store }) => {
  const clock = clockAt();
  for (let n = 0; n < 30; n++) await bounces(store, MORNING, 20 + n, 100, `r${n}.example`);
  await daemon(store, clock, [BOUNCED], MORNING + 20 * MINUTE);
  const all = await told(store);
  assert.equal(all.length, 10);
  assert.match(all.join('\n'), /49 of 149 mails to r29\.example/);
});

eachStore('small troubles that go on do not hide a big one that comes later', async ({ store }) => {
  const clock = clockAt();
  for (let n = 0; n < 10; n++) await bounces(store, MORNING, 20, 180, `r${n}.example`);
  await daemon(store, clock, [BOUNCED], MORNING + 10 * MINUTE);
  assert.equal((await told(store)).length, 10);
  await bounces(store, clock(), 20, 180, 'small.example');
  await bounces(store, clock(), 90_000, 110_000, 'main.example');
  await daemon(store, clock, [BOUNCED], clock() + 10 * MINUTE);
  const all = await told(store);
  assert.equal(all.length, 11);
  assert.match(all.at(-1) ?? '', /90 000 of 200 000 mails to main\.example/);
});

eachStore('a rule that is taken away leaves nothing ringing', async ({ store }) => {
  const clock = clockAt();
  await bounces(store, MORNING, 20, 100);
  await daemon(store, clock, [BOUNCED], MORNING + 5 * MINUTE);
  const other = fullRule({ name: 'other', measure: 'complained', rings: 0.1, clears: 0.1 });
  await daemon(store, clock, [other], clock() + 10 * MINUTE);
  assert.equal((await told(store)).length, 1, 'another daemon may have the rule');
  await daemon(store, clock, [other], clock() + 20 * MINUTE);
  assert.match((await told(store))[1] ?? '', /^threshold_over: bounced: .* no rule of this name/);
});

eachStore('mail that does not arrive in time rings within minutes, and mail that waits does', async ({ store }) => {
  const rules = [
    fullRule({
      name: 'late',
      measure: 'overdue',
      rings: 0.15,
      clears: 0.05,
      least: 5,
      per: ['class'],
      window: 15 * MINUTE,
      holds: MINUTE,
    }),
    fullRule({
      name: 'waits',
      measure: 'backlog',
      rings: 3,
      clears: 0,
      least: 0,
      leastBad: 0,
      per: ['class'],
      holds: MINUTE,
    }),
  ];
  const clock = clockAt();
  for (let n = 0; n < 5; n++) await seed(store, { messageId: `late-${n}@mg.example.com`, class: 'access' });
  for (let n = 0; n < 3; n++)
    await seedQueued(store, { id: `01QUEUED00000000000000000${n}`, messageId: `w-${n}@mg.example.com`, class: 'bulk' });
  await daemon(store, clock, rules, MORNING + 9 * MINUTE);
  assert.deepEqual(
    (await told(store)).map((one) => one.split('. ')[0]),
    [
      'threshold: waits: 3 bulk mails wait to be handed over; the rule says 3',
      'threshold: late: 5 of 5 access mails did not arrive within 5 min, 100 %; the rule says 15 %',
    ],
  );
});

eachStore(
  'a rule that can not be judged keeps none of the others from that, and stands in the log',
  async ({ store }) => {
    const waits = { name: 'waits', measure: 'backlog', rings: 1, clears: 0, least: 0, leastBad: 0 } as const;
    const rules = [BOUNCED, fullRule({ ...waits, per: ['class'], holds: MINUTE })];
    const lines: string[] = [];
    const clock = clockAt();
    const looked = new Map<string, Ms>();
    const look = () => lookAtThresholds({ store, rules, timezone: 'UTC', now: clock, looked, log: logInto(lines) });
    await seedQueued(store, { id: '01QUEUED000000000000000000', messageId: 'w@mg.example.com', class: 'bulk' });
    const renamed = (from: string, to: string) =>
      store.db.raw('alter table mail_signs rename column ?? to ??', [from, to]);
    await renamed('complained', 'gone');
    try {
      for (let n = 0; n < 9; n++, clock.advance(MINUTE)) await look();
    } finally {
      await renamed('gone', 'complained');
    }
    assert.match((await told(store)).join(), /^threshold: waits: 1 bulk/);
    assert.match(lines[0] ?? '', /"rule":"bounced".*a rule of alerts could not be judged/);
  },
);

let made = 0;
async function ask(
  store: Store,
  at: Ms,
  n: number,
  over: { class?: MessageClass; tags?: string[]; template?: string } = {},
) {
  for (let i = 0; i < n; i++)
    await seed(store, { messageId: `asked-${++made}@mg.example.com`, createdAt: at + i, facts: [], ...over }, at);
}

const FLAT = fullRule({
  ...{
    name: 'flat',
    measure: 'flatline',
    rings: 0,
    clears: 0,
    least: 3,
    leastBad: 0,
    per: ['domain'],
    holds: 0,
    clearsAfter: 0,
  },
});

eachStore('a class and a tag that usually are sent at this hour, and are not today, are told of', async ({ store }) => {
  const day = (n: number) => MORNING - n * DAY;
  for (const n of [1, 2, 3, 4, 5, 6, 7, 8]) {
    await ask(store, day(n) - 30 * MINUTE, 3, { tags: ['welcome'] });
    await ask(store, day(n) - 20 * MINUTE, 2, { tags: ['rare'] });
  }
  await ask(store, day(7) - 30 * MINUTE, 5, { tags: ['weekly'], class: 'bulk' });
  // Today only the others were sent.
  await ask(store, MORNING - 10 * MINUTE, 1);
  const clock = clockAt(MORNING + 4 * MINUTE);
  while ((await countSent(store, clock())) > 0) {}
  await daemon(store, clock, [FLAT], clock() + 3 * MINUTE);
  assert.deepEqual(await told(store), [
    'flatline: flat: none of the mails of mg.example.com with the tag welcome were sent in the last hour; usually it is about 3. It is so since 2026-11-25 09:04:00 UTC.',
  ]);
  await ask(store, MORNING + 5 * MINUTE, 1, { tags: ['welcome'] });
  clock.set(MORNING + 20 * MINUTE);
  await countSent(store, clock());
  await daemon(store, clock, [FLAT], clock() + 3 * MINUTE);
  const [, over] = await told(store);
  assert.match(
    over ?? '',
    /^flatline_over: flat: it is over after 16 min: 1 of the mails .* was sent in the last hour/,
  );
});

eachStore('while it is not known what was sent, nothing is said to be missing', async ({ store }) => {
  for (const n of [1, 2, 3, 4, 5, 6, 7, 8]) await ask(store, MORNING - n * DAY - 30 * MINUTE, 5);
  const clock = clockAt(MORNING);
  await daemon(store, clock, [FLAT], clock() + 10 * MINUTE);
  assert.deepEqual(await told(store), [], 'nothing is counted yet');
  while ((await countSent(store, MORNING - HOUR)) > 0) {}
  await daemon(store, clock, [FLAT], clock() + 10 * MINUTE);
  assert.deepEqual(await told(store), [], 'the counting stands still');
});

eachStore('however much mail is on its way, what is overdue and what was slow are seen', async ({ store }) => {
  const clock = clockAt(MORNING + 20 * MINUTE);
  const crowd = async (name: string, at: Ms, n: number) => {
    const recipients = Array.from({ length: n }, (_, i) => `r${i}@example.net`);
    const messageId = `${name}@mg.example.com`;
    const views = await seed(
      store,
      { class: 'access', createdAt: at, messageId, recipients, facts: sent(at, messageId) },
      at,
    );
    return views.map(({ id }) => id);
  };
  const slow = await crowd('slow', clock() - 8 * MINUTE, 100);
  await change(store, slow, clock() - MINUTE, () => [reported('delivered', clock() - MINUTE)]);
  await crowd('overdue', clock() - 7 * MINUTE, 240);
  // More than is read of it, and all of it in time.
  const quick = [...(await crowd('a', clock() - 2000, 1000)), ...(await crowd('b', clock() - 1000, 1000))];
  await change(store, quick, clock(), () => [reported('delivered', clock())]);
  await crowd('c', clock() - 2000, 1000);
  await crowd('d', clock() - 1000, 1000);
  await crowd('e', clock() - 500, 100);
  const late = fullRule({
    ...{
      name: 'late',
      measure: 'overdue',
      only: { domain: null, class: 'access', receiver: null },
      within: 5 * MINUTE,
      window: 10 * MINUTE,
    },
    ...{ rings: 0.5, clears: 0.2, least: 100, leastBad: 10, holds: 0 },
  });
  const slowly = fullRule({
    ...{
      name: 'slowly',
      measure: 'slow',
      only: { domain: null, class: 'access', receiver: null },
      window: 10 * MINUTE,
    },
    ...{ rings: 5 * MINUTE, clears: MINUTE, least: 50, leastBad: 5, holds: 0 },
  });
  await lookAtThresholds({
    store,
    rules: [late, slowly],
    timezone: 'UTC',
    now: clock,
    looked: new Map(),
    log: logInto([]),
  });
  const words = await told(store);
  assert.deepEqual(
    words.map((one) => one.split(': ').slice(0, 2).join(': ')),
    ['threshold: late', 'threshold: slowly'],
  );
  assert.match(words[0] ?? '', /340 of 340/);
});
