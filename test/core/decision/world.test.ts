// The decisions, played against made-up worlds: whatever the provider does, every delivery must end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { listing } from '../../../src/core/bounce-list.ts';
import { decide } from '../../../src/core/decision/decide.ts';
import type { Action, Circumstances, HandOver } from '../../../src/core/decision/world.ts';
import type { Birth, Delivery, Fact } from '../../../src/core/delivery.ts';
import { fold } from '../../../src/core/fold.ts';
import { CLASSES } from '../../../src/core/message-class.ts';
import { isReason } from '../../../src/core/reason.ts';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../../../src/core/time.ts';
import { MORNING } from '../../support/clock.ts';
import * as past from '../../support/factory.ts';
import { histories } from '../../support/histories.ts';

const NOTHING = { track: false, lookUp: false, storeCopy: false, schedule: false, forms: false };
const ALL = { track: true, lookUp: true, storeCopy: true, schedule: true, forms: true };
const MAILGUN = { name: 'mailgun', can: ALL };
const SMTP = { name: past.HOW.fallback.provider, can: NOTHING };
const SECOND_SMTP = { name: 'smtp.example:26', can: NOTHING };
const TRACKED = { name: 'tracked', can: { ...ALL, storeCopy: false, schedule: false, forms: false } };

const CIRCUMSTANCES: fc.Arbitrary<Circumstances> = fc.record({
  candidates: fc.constantFrom([MAILGUN], [MAILGUN, SMTP], [MAILGUN, SMTP, SECOND_SMTP], [MAILGUN, TRACKED, SMTP]),
  schedule: fc.constantFrom('provider' as const, 'local' as const),
  storageGoneAt: fc.constantFrom(null, null, MORNING + HOUR, MORNING + 3 * DAY),
  hasBody: fc.boolean(),
  suppressed: fc.nat(9).map((n) => n === 0),
  faultAt: fc.option(fc.constantFrom(MORNING - HOUR, MORNING + HOUR, MORNING + 30 * HOUR)),
  adopted: fc.constantFrom(false, false, true),
  askedInVain: fc.constant(false),
  behind: fc.constant(false),
  eventsSettle: fc.constant(30 * MINUTE),
  pause: fc.constant(30 * SECOND),
  askPatience: fc.constant(10 * MINUTE),
});

/** How often, in percent, the world does each thing. */
const MOOD = fc.record({
  refuses: fc.constantFrom(0, 20, 100),
  keepsQuiet: fc.constantFrom(0, 20, 100),
  cannotBeAsked: fc.constantFrom(0, 20, 100),
  neverAnswers: fc.constantFrom(0, 20, 100),
  barred: fc.constantFrom(0, 0, 30),
  neverSettles: fc.boolean(),
  fails: fc.constantFrom(0, 60, 100),
  defers: fc.constantFrom(0, 30),
  losesEvents: fc.constantFrom(0, 30, 100),
  skew: fc.integer({ min: -5 * MINUTE, max: 5 * MINUTE }),
  reopens: fc.constantFrom(0, 50),
});
type Mood = typeof MOOD extends fc.Arbitrary<infer T> ? T : never;

type World = {
  born: Birth;
  c: Circumstances;
  mood: Mood;
  draw(below: number): number;
  now: Ms;
  facts: Fact[];
  coming: Fact[];
  steps: number;
  askedInVain: Set<number>;
  /** The attempt with which the play begins: what was done before is not ours to judge. */
  from: number;
};

const chance = (w: World, percent: number): boolean => w.draw(100) < percent;
const pick = <T>(w: World, list: readonly T[]): T => list[w.draw(list.length)] as T;
const look = (w: World): Delivery => fold(w.born, w.facts);

/** A small generator of numbers, so that a run can be played again. */
function drawing(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** What the provider will tell of an attempt that it has: nothing, or a failure, a deferral, an arrival, hours later. */
function tells(w: World, attempt: number, messageId: string | null, from: Ms, provider = 'mailgun'): void {
  const when = (): Ms => from + w.mood.skew + w.draw(3 * HOUR);
  const over = { provider, messageId, key: `reported:${attempt}:${w.coming.length + w.facts.length}` };
  if (chance(w, w.mood.losesEvents)) return;
  if (chance(w, w.mood.defers))
    w.coming.push(past.reported('deferred', when(), { ...over, key: `${over.key}:deferred` }));
  const plan = pick(w, ['retry', 'retry', 'wait', 'switch', 'stop'] as const);
  const hard = chance(w, 40) ? { bounce: past.bounce({ bounceType: 'hard' }) } : {};
  if (chance(w, w.mood.fails)) w.coming.push(past.failed(when(), plan, { ...over, ...hard }));
  else if (chance(w, 50)) w.coming.push(past.reported('delivered', when(), over));
}

function handOver(w: World, d: Delivery, action: HandOver): void {
  checkHandOver(w, d, action);
  const n = d.attempt + 1;
  const { provider, role, way, deliverAt, double } = action;
  const { track } = w.c.candidates.find(({ name }) => name === provider)?.can ?? NOTHING;
  const since = d.attempts.at(-1)?.failure?.at ?? null;
  const claim = { provider, role, way, deliverAt, double, since, leaseUntil: w.now + MINUTE };
  w.facts.push(past.claimed(n, w.now, claim));
  const messageId = pick(w, ['m1@mg.example.com', `m${n}@mg.example.com`, null]);
  if (chance(w, w.mood.keepsQuiet)) {
    if (chance(w, 50)) w.facts.push(past.unanswered(n, w.now + 1));
    if (track && chance(w, 50)) tells(w, n, messageId, w.now, provider);
  } else if (chance(w, w.mood.refuses)) {
    const whys =
      role === 'fallback'
        ? (['temporary', 'permanent', 'busy', 'account', 'gone', 'storage_refused', 'withdrawn'] as const)
        : (['busy', 'account', 'gone', 'storage_refused', 'invalid', 'withdrawn'] as const);
    const all = [...whys, ...(deliverAt === null ? [] : (['unscheduled'] as const)), 'busy' as const];
    w.facts.push(past.refused(n, w.now, pick(w, all), chance(w, 20) ? w.draw(2 * HOUR) : null));
  } else {
    w.facts.push(past.accepted(n, w.now, track ? messageId : null, track));
    if (track) tells(w, n, messageId, Math.max(deliverAt ?? 0, w.now), provider);
  }
}

function checkHandOver(w: World, d: Delivery, action: HandOver): void {
  for (const a of d.attempts.filter((one) => one.number >= w.from)) {
    assert.notEqual(a.outcome, 'sending', 'an attempt is still in flight');
    const wasAsked = a.asked !== null || w.askedInVain.has(a.number);
    if (a.outcome === 'unconfirmed') assert.ok(wasAsked, `attempt ${a.number} is unconfirmed and nobody was asked`);
  }
  const isOther = w.c.candidates.slice(1).some(({ name }) => name === action.provider);
  if (action.role === 'fallback') assert.ok(isOther && w.born.policy.fallback, 'this class has no fallback');
  else assert.ok(d.tries < d.budget, `try ${d.tries + 1} of ${d.budget}`);
  if (w.from === 1 && action.role === 'retry') assert.equal(listing(d), null, 'sent to an address on the bounce list');
  assert.ok(w.now < d.usefulUntil, 'sent after its useful life');
  assert.ok(action.deliverAt === null || action.deliverAt <= d.usefulUntil + SECOND, 'to go out after its useful life');
  const last = d.attempts.at(-1);
  const settled =
    last?.asked?.settled && last.asked.problem === null && !last.asked.known && last.claim.way !== 'stored';
  const mayBeOut = last?.outcome === 'accepted' || (last?.outcome === 'unconfirmed' && !settled);
  if (mayBeOut) assert.ok(action.double, 'a double that is not called one');
}

function ask(w: World, d: Delivery, action: Extract<Action, { do: 'ask' }>): void {
  assert.ok(action.by > w.now, 'a question that nobody has time to answer');
  const answersAt = Math.max(w.now, action.at);
  if (answersAt >= action.by || chance(w, w.mood.neverAnswers)) {
    w.now = Math.max(w.now, action.by);
    w.askedInVain.add(d.attempt);
    w.c = { ...w.c, askedInVain: true };
    return;
  }
  w.now = answersAt;
  const last = d.attempts.at(-1);
  const problem = chance(w, w.mood.cannotBeAsked) ? 'time-out' : null;
  const lookUp = w.c.candidates.find(({ name }) => name === last?.claim.provider)?.can.lookUp === true;
  const settled = lookUp && !w.mood.neverSettles && w.now >= (last?.unanswered?.at ?? w.now) + w.c.eventsSettle;
  const said = { problem, settled: problem === null && settled, known: problem === null && chance(w, 60) };
  const listed = chance(w, w.mood.barred) ? 'barred' : 'clear';
  w.facts.push(
    past.asked(d.attempt, w.now, action.about, { ...said, ...(action.unsuppress && !problem ? { listed } : {}) }),
  );
}

function act(w: World, d: Delivery): void {
  const action = decide({ id: w.born.id, d, policy: w.born.policy, c: w.c, now: w.now });
  w.c = { ...w.c, askedInVain: false };
  switch (action.do) {
    case 'presumeUnanswered':
      w.facts.push(past.unanswered(d.attempt, w.now));
      break;
    case 'presumeUnasked':
      w.facts.push(past.asked(d.attempt, w.now, action.about, { settled: false, known: false, problem: 'no answer' }));
      break;
    case 'wait':
      assert.fail('it waits for records that are read');
      break;
    case 'ask':
      ask(w, d, action);
      break;
    case 'hold':
      assert.ok(isReason(action.why), `no reason: ${action.why}`);
      assert.ok(action.until > w.now, `a hold until ${action.until - w.now} ms from now: ${action.why}`);
      w.facts.push(past.held(d.attempt, w.now, action.about, action.until, action.why));
      break;
    case 'end':
      assert.ok(isReason(action.reason), `no reason: ${action.reason}`);
      w.facts.push(past.ended(d.attempt, w.now, action.state, action.reason, d.round));
      break;
    case 'handOver':
      handOver(w, d, action);
  }
}

/** Files what the provider tells by now; says whether it told anything. */
function news(w: World): boolean {
  const came = w.coming.filter((f) => f.at - w.mood.skew <= w.now);
  w.coming = w.coming.filter((f) => !came.includes(f));
  w.facts.push(...came);
  return came.length > 0;
}

/** Plays one delivery to its end and returns how it ended. */
function play(w: World): Delivery {
  let atOnce = 0;
  let before = w.now;
  for (;;) {
    const d = look(w);
    if (d.nextAt === null) return d;
    atOnce = d.nextAt > w.now || w.now > before ? 0 : atOnce + 1;
    before = w.now;
    assert.ok(atOnce < 12, `it runs hot: ${w.facts.slice(-6).map((f) => `${f.kind} ${f.at}`)}`);
    w.now = Math.max(w.now + w.draw(2), d.nextAt);
    const due = news(w) ? look(w) : d;
    if (due.nextAt !== null && due.nextAt <= w.now) act(w, due);
    w.steps++;
    assert.ok(w.steps < 2500, `it never ends: ${w.facts.slice(-6).map((f) => `${f.kind} ${f.at}`)}`);
  }
}

function firstFacts(w: World, first: 'queued' | 'sent' | 'sending'): void {
  if (first === 'queued' && !w.c.adopted) return;
  w.facts.push(past.claimed(1, MORNING));
  if (first === 'sending' && !w.c.adopted) return;
  w.facts.push(past.accepted(1, MORNING));
  tells(w, 1, 'm1@mg.example.com', MORNING);
}

test('whatever the world does, every delivery ends, in few steps, with few tries and no unasked double', () => {
  const runs = fc.record({
    kind: fc.constantFrom(...CLASSES),
    first: fc.constantFrom('queued' as const, 'sent' as const, 'sending' as const),
    c: CIRCUMSTANCES,
    mood: MOOD,
    seed: fc.integer(),
  });
  fc.assert(
    fc.property(runs, ({ kind, first, c, mood, seed }) => {
      const w: World = {
        born: past.birth(kind),
        c,
        mood,
        draw: drawing(seed),
        now: MORNING,
        facts: [],
        coming: [],
        steps: 0,
        askedInVain: new Set(),
        from: 1,
      };
      firstFacts(w, first);
      let d = play(w);
      while (d.round < 2 && chance(w, mood.reopens) && d.state !== 'delivered') {
        w.now += HOUR;
        w.facts.push(past.reopened(d.attempt, w.now, d.round + 1, d.tries));
        d = play(w);
      }
      assert.ok(d.tries <= d.budget, `${d.tries} tries of ${d.budget}`);
    }),
    { numRuns: 400, includeErrorInReport: true },
  );
});

test('from any believable past a delivery comes to its end', () => {
  const runs = fc.record({ h: histories, c: CIRCUMSTANCES, mood: MOOD, seed: fc.integer() });
  fc.assert(
    fc.property(runs, ({ h, c, mood, seed }) => {
      const now = Math.max(MORNING, ...h.facts.map((f) => f.at));
      const w: World = {
        born: h.birth,
        c,
        mood,
        draw: drawing(seed),
        now,
        facts: [...h.facts],
        coming: [],
        steps: 0,
        askedInVain: new Set(),
        from: 1,
      };
      w.from = look(w).attempt;
      play(w);
    }),
    { numRuns: 600, includeErrorInReport: true },
  );
});
