import assert from 'node:assert/strict';
import type { Fact } from '../../../src/core/delivery.ts';
import { fullRule, type Measure, type Rule } from '../../../src/core/thresholds/rule.ts';
import { DAY, HOUR, MINUTE, type Ms } from '../../../src/core/time.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { addMailSigns, type MailSign } from '../../../src/store/thresholds/mail-signs.ts';
import { countSent } from '../../../src/store/thresholds/sent.ts';
import { lookAtThresholds } from '../../../src/tell/thresholds/look.ts';
import { mailSignsIn } from '../../../src/tell/thresholds/mail-signs.ts';
import { replay } from '../../../src/tell/thresholds/replay.ts';
import { clockAt, MORNING } from '../../support/clock.ts';
import { failed, reported, seed } from '../../support/factory.ts';
import { logInto } from '../../support/homing.ts';
import { eachStore } from '../../support/stores.ts';

const STEP = 5 * MINUTE;
const PART = HOUR / 2;
const LENGTH = 7 * PART;

const rule = (name: Measure, over: Partial<Rule> & Pick<Rule, 'rings' | 'clears'>): Rule =>
  fullRule({ name, measure: name, least: 5, leastBad: 2, window: PART, ...over });

const RULES: readonly Rule[] = [
  rule('bounced', { rings: 0.2, clears: 0.1, per: ['receiver'] }),
  rule('complained', { rings: 0.02, clears: 0.01, window: DAY }),
  rule('overdue', { rings: 0.3, clears: 0.1, least: 3, per: ['class'] }),
  rule('slow', { rings: 8 * MINUTE, clears: MINUTE, least: 3, per: ['class'] }),
  rule('polled', { rings: 0.5, clears: 0.2, per: [] }),
];

/** What becomes of the mail that is asked for in a step: in the third part of it some bounces, in the fifth it is late. */
function fateOf(step: number, n: number, at: Ms): { after: number; fact: Fact } {
  const part = Math.floor((step * STEP) / PART);
  const [late, polled] = [part === 4, part === 1];
  const fact = part === 2 && n < 2 ? failed(at, 'stop') : reported('delivered', at, polled ? { foundBy: 'poll' } : {});
  return { after: late ? 3 : 0, fact };
}

/** A day of a daemon that looks every five minutes; says what was told. */
async function live(store: Store, rules: readonly Rule[]): Promise<string[]> {
  const clock = clockAt();
  const signs: MailSign[] = [];
  store.heard = (turns) => void signs.push(...mailSignsIn(turns));
  const looked = new Map<string, Ms>();
  const fates: { step: number; id: string; fact: Fact }[] = [];
  for (let step = 0; step * STEP <= LENGTH; step++) {
    clock.set(MORNING + step * STEP);
    await lookAtThresholds({ store, rules, timezone: 'UTC', now: clock, looked, log: logInto([]) });
    clock.advance(MINUTE);
    for (let n = 0; n < 4; n++) {
      const createdAt = clock() + n;
      const [view] = await seed(
        store,
        { messageId: `m-${step}-${n}@mg.example.com`, createdAt, class: 'access' },
        createdAt,
      );
      const { after, fact } = fateOf(step, n, clock() + MINUTE);
      fates.push({ step: step + after, id: view?.id ?? '', fact });
      if (step === 20 && n < 3)
        fates.push({ step: step + 2, id: view?.id ?? '', fact: reported('complained', clock()) });
    }
    clock.advance(MINUTE);
    for (const { id, fact } of fates.filter((fate) => fate.step === step))
      await change(store, [id], clock(), () => [fact]);
    await addMailSigns(store, signs.splice(0), clock());
  }
  delete store.heard;
  const rows: { incident: string; kind: string; at: Ms }[] = await store.db('alert_items').orderBy(['at', 'incident']);
  return rows.map(({ incident, at }) => `${incident} ${new Date(Number(at)).toISOString()}`);
}

eachStore('the past rings when the present did, and clears when it did', async ({ store }) => {
  const told = await live(store, RULES);
  const now = MORNING + LENGTH;
  const { rungs, mails, from, to } = await replay(store, { rules: RULES, days: 30, timezone: 'UTC', now });
  const again = rungs.flatMap(({ rule, scope, rangAt, clearedAt }) => {
    const name = [rule, ...Object.values(scope).filter(Boolean)].join(':');
    const at = (kind: string, moment: Ms) => `${kind}:${name} ${new Date(moment).toISOString()}`;
    return [at('threshold', rangAt), ...(clearedAt === null ? [] : [at('threshold_over', clearedAt)])];
  });
  assert.deepEqual(again.sort(), [...told].sort());
  assert.deepEqual([from, to, mails], [MORNING, now, (LENGTH / STEP) * 4]);
  const names = new Set(rungs.map(({ rule }) => rule));
  assert.deepEqual([...names].sort(), ['bounced', 'complained', 'overdue', 'polled', 'slow']);
  assert.ok(rungs.some(({ clearedAt }) => clearedAt !== null));
});

eachStore('the past says what it would have been, tells nobody, and how far it is', async ({ store }) => {
  await live(store, []);
  const seen: number[] = [];
  const progress = (done: Ms, all: Ms) => void seen.push(done / all);
  const before = await everything(store);
  const played = await replay(store, { rules: RULES, days: 1, timezone: 'UTC', now: MORNING + LENGTH, progress });
  assert.deepEqual(await everything(store), before);
  assert.deepEqual([seen[0], seen.at(-1)], [0, 1]);
  const bounced = played.rungs.find(({ rule }) => rule === 'bounced');
  assert.match(bounced?.worst ?? '', /^1\d of 2\d mails to example\.net bounced in the last 30 min, 5\d(\.\d)? %$/);
  assert.match(bounced?.cleared ?? '', /^bounced: it is over after .*it clears at 10 %\.$/);
});

eachStore('of an empty database there is nothing to say', async ({ store }) => {
  const { rungs, mails } = await replay(store, { rules: RULES, days: 30, timezone: 'UTC', now: MORNING });
  assert.deepEqual([rungs, mails], [[], 0]);
});

eachStore('a tag that fell silent in the past is found there', async ({ store }) => {
  const flat = fullRule({
    ...{
      name: 'flat',
      measure: 'flatline',
      rings: 0,
      clears: 0,
      least: 2,
      leastBad: 0,
      per: ['domain'],
      holds: HOUR / 2,
      clearsAfter: 0,
    },
    kinds: ['tag'],
  });
  for (let day = 0; day < 10; day++)
    for (let n = 0; n < 2; n++) {
      const createdAt = MORNING + day * DAY + n;
      if (day !== 8)
        await seed(store, { messageId: `t-${day}-${n}@mg.example.com`, createdAt, tags: ['digest'] }, createdAt);
    }
  const now = MORNING + 9 * DAY + HOUR;
  while ((await countSent(store, now)) > 0) {}
  const { rungs } = await replay(store, { rules: [flat], days: 30, timezone: 'UTC', now });
  assert.deepEqual(
    rungs.map(({ scope, rangAt, clearedAt }) => [
      scope.about,
      rangAt - MORNING - 8 * DAY,
      clearedAt && clearedAt - MORNING - 9 * DAY,
    ]),
    [['tag digest', 50 * MINUTE, 20 * MINUTE]],
  );
});

/** Of all tables how many rows they have, but for what only reading does not change. */
async function everything(store: Store): Promise<Record<string, number>> {
  const tables = [
    'alert_items',
    'alerts',
    'threshold_states',
    'mail_signs',
    'sent_counts',
    'cursors',
    'facts',
    'deliveries',
  ];
  const counts = await Promise.all(
    tables.map(async (table) => [table, Number((await store.db(table).count({ n: '*' }).first())?.['n'])]),
  );
  return Object.fromEntries(counts) as Record<string, number>;
}
