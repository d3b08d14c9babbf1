import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scope } from '../../../src/core/thresholds/judge.ts';
import { fullRule, type Measure, type Rule } from '../../../src/core/thresholds/rule.ts';
import { clearWords, figureWords, ringWords } from '../../../src/core/thresholds/words.ts';
import { DAY, HOUR, MINUTE } from '../../../src/core/time.ts';
import { MORNING } from '../../support/clock.ts';

const scope = (over: Partial<Scope> = {}): Scope => ({ domain: '', class: '', about: '', ...over });
const rule = (measure: Measure, over: Partial<Rule> = {}): Rule => fullRule({ name: 'mine', measure, ...over });
const share = (bad: number, of: number) => ({ of, bad, value: bad / of });

test('what rings says how much of which mail, what the rule says, and since when', () => {
  const bounced = rule('bounced', { rings: 0.05 });
  const standing = { beyondSince: MORNING, rangAt: MORNING, wellSince: null, lookedAt: MORNING, worst: share(12, 180) };
  assert.equal(
    ringWords(bounced, scope({ about: 'example.com' }), standing),
    'mine: 12 of 180 mails to example.com bounced in the last hour, 6.7 %; the rule says 5 %. It is so since 2026-11-25 09:00:00 UTC.',
  );
});

const FIGURES: [Rule, Scope, { of: number; bad: number; value: number }, string][] = [
  [
    rule('complained', { window: 7 * DAY }),
    scope({ domain: 'mg.example.com', class: 'bulk' }),
    share(13, 10_000),
    '13 of 10 000 bulk mails of mg.example.com were called spam in the last 7 d, 0.13 %',
  ],
  [
    rule('delivered', { window: DAY }),
    scope(),
    { of: 100, bad: 20, value: 0.8 },
    '80 of 100 mails that came to an end in the last day arrived, 80 %',
  ],
  [
    rule('deferred'),
    scope({ class: 'notice' }),
    share(1, 3),
    '1 of 3 notice mails were put off in the last hour, 33.3 %',
  ],
  [rule('polled'), scope(), share(20, 100), '20 of 100 events about mails came by no webhook in the last hour, 20 %'],
  [rule('overdue'), scope({ class: 'access' }), share(3, 10), '3 of 10 access mails did not arrive within 5 min, 30 %'],
  [
    rule('slow'),
    scope(),
    { of: 100, bad: 5, value: 10 * MINUTE },
    'of 100 mails that arrived in the last hour, one of twenty took 10 min or longer',
  ],
  [
    rule('backlog'),
    scope({ class: 'access' }),
    { of: 1200, bad: 1200, value: 1200 },
    '1 200 access mails wait to be handed over',
  ],
  [rule('backlog'), scope({ class: 'bulk' }), { of: 1, bad: 1, value: 1 }, '1 bulk mail waits to be handed over'],
  [
    rule('flatline'),
    scope({ domain: 'mg.example.com', about: 'tag welcome' }),
    { of: 25, bad: 0, value: 0 },
    'none of the mails of mg.example.com with the tag welcome were sent in the last hour; usually it is about 25',
  ],
];

for (const [one, about, figure, words] of FIGURES)
  test(`the measure ${one.measure} has a sentence`, () => assert.equal(figureWords(one, about, figure), words));

test('what clears says after how long, and why', () => {
  const bounced = rule('bounced', { rings: 0.05, clears: 0.03 });
  const standing = { beyondSince: MORNING, rangAt: MORNING, wellSince: null, lookedAt: MORNING, worst: share(12, 180) };
  const of = (why: 'well' | 'little' | 'gone', bad: number | null) =>
    clearWords(
      bounced,
      { scope: scope(), standing, reading: bad === null ? null : { scope: scope(), ...share(bad, 200) }, why },
      MORNING + 2 * HOUR,
    );
  assert.equal(
    of('well', 2),
    'mine: it is over after 2 h: 2 of 200 mails bounced in the last hour, 1 %; it clears at 3 %.',
  );
  assert.equal(of('little', null), 'mine: it is over after 2 h: too few mails were sent to say.');
  assert.equal(of('gone', null), 'mine: it is over after 2 h: no rule of this name is about the mails any more.');
});

test('names that others chose do what they like to no terminal', () => {
  const words = figureWords(rule('flatline'), scope({ about: 'tag \u001b[31mred\nline' }), {
    of: 25,
    bad: 0,
    value: 0,
  });
  assert.doesNotMatch(words, /\p{Cc}/u);
});
