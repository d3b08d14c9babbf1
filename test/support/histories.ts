// Believable pasts of a delivery, for properties: several attempts by all routes, ids kept or changed, lost answers,
// a provider whose clock is off, questions, holds, ends and reopenings.

import fc from 'fast-check';
import type { Birth, Fact, Outcome } from '../../src/core/delivery.ts';
import { fold } from '../../src/core/fold.ts';
import { CLASSES } from '../../src/core/message-class.ts';
import { MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import { MORNING } from './clock.ts';
import * as past from './factory.ts';

export type History = { birth: Birth; facts: Fact[] };

const PLANS = ['retry', 'wait', 'switch', 'stop'] as const;
const LATER = ['delivered', 'opened', 'complained', 'deferred', 'other', 'accepted'] as const;

/** One attempt in the rough: what `write` makes facts of. */
const turn = fc.record({
  how: fc.constantFrom('repost', 'repost', 'mime', 'fallback'),
  gap: fc.integer({ min: 1, max: 600 }),
  answer: fc.constantFrom('kept', 'changed', 'nameless', 'none', 'lost', 'busy', 'gone', 'late'),
  deliver: fc.option(fc.integer({ min: 1, max: 300 })),
  failure: fc.option(fc.record({ after: fc.integer({ min: 1, max: 90 }), plan: fc.constantFrom(...PLANS) }), {
    freq: 3,
  }),
  reports: fc.array(fc.record({ report: fc.constantFrom(...LATER), after: fc.integer({ min: 0, max: 200 }) }), {
    maxLength: 2,
  }),
  asks: fc.uniqueArray(
    fc.record({ after: fc.integer({ min: 1, max: 300 }), settled: fc.boolean(), known: fc.boolean() }),
    {
      selector: (a) => a.after,
      maxLength: 2,
    },
  ),
  hold: fc.option(fc.integer({ min: 1, max: 400 })),
  end: fc.option(fc.constantFrom('failed', 'abandoned', 'expired', 'cancelled'), { freq: 8 }),
});
type Turn = (typeof turn)['generate'] extends (...args: never[]) => { value: infer T } ? T : never;

export const histories: fc.Arbitrary<History> = fc
  .record({
    kind: fc.constantFrom(...CLASSES),
    first: fc.constantFrom('application', 'send'),
    skew: fc.integer({ min: -300, max: 300 }),
    turns: fc.array(turn, { minLength: 1, maxLength: 6 }),
  })
  .map(({ kind, first, skew, turns }) => {
    const born = past.birth(kind);
    const facts: Fact[] = [];
    let now = MORNING;
    for (const [i, t] of turns.entries()) {
      now += t.gap * SECOND;
      const how = (i === 0 ? first : t.how) as past.How;
      facts.push(...write(born, facts, i + 1, how, t, now, skew * SECOND));
      now = Math.max(now, ...facts.map((f) => f.at)) + SECOND;
    }
    return { birth: born, facts };
  });

function write(born: Birth, before: readonly Fact[], n: number, how: past.How, t: Turn, now: Ms, skew: Ms): Fact[] {
  const since = fold(born, before).attempts.at(-1)?.failure?.at ?? null;
  const planned = t.deliver !== null && how === 'repost' ? now + t.deliver * MINUTE : null;
  const deliverAt = planned !== null && planned <= born.createdAt + born.policy.usefulLife ? planned : null;
  const messageId =
    t.answer === 'changed' ? `m${n}@mg.example.com` : t.answer === 'nameless' ? null : 'm1@mg.example.com';
  const facts: Fact[] = [past.claimed(n, now, { how, since, deliverAt }), ...answers(n, t, now, messageId, how)];
  const told = (after: number): Ms => now + skew + after * SECOND;
  if (how !== 'fallback') {
    for (const [i, r] of t.reports.entries())
      facts.push(past.reported(r.report, told(r.after), { key: `reported:${n}:${i}`, messageId }));
    if (t.failure)
      facts.push(past.failed(told(t.failure.after), t.failure.plan, { key: `reported:${n}:failed`, messageId }));
  }
  const about: Outcome = fold(born, [...before, ...facts]).attempts.at(-1)?.outcome ?? 'sending';
  for (const a of t.asks)
    facts.push(past.asked(n, now + a.after * SECOND, about, { settled: a.settled, known: a.known }));
  if (t.hold !== null) facts.push(past.held(n, now + 301 * SECOND, about, now + (301 + t.hold) * SECOND));
  const round = before.filter((f) => f.kind === 'reopened').length;
  if (t.end !== null) {
    facts.push(past.ended(n, now + 302 * SECOND, t.end, 'useful_life_over', round));
    facts.push(past.reopened(n, now + 303 * SECOND, round + 1, 2));
  }
  return facts;
}

function answers(n: number, t: Turn, now: Ms, messageId: string | null, how: past.How): Fact[] {
  const taken = (at: Ms) => past.accepted(n, at, messageId, how !== 'fallback');
  switch (t.answer) {
    case 'kept':
    case 'changed':
    case 'nameless':
      return [taken(now + SECOND)];
    case 'lost':
      return [past.unanswered(n, now + SECOND)];
    case 'late':
      return [past.unanswered(n, now + SECOND), taken(now + 2 * SECOND)];
    case 'busy':
    case 'gone':
      return [past.refused(n, now + SECOND, t.answer)];
    default:
      return [];
  }
}
