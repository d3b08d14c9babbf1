import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alertFor } from '../../../src/core/alerting.ts';
import { decide } from '../../../src/core/decision/decide.ts';
import type { Action, Circumstances, HandOver } from '../../../src/core/decision/world.ts';
import type { Birth, Fact } from '../../../src/core/delivery.ts';
import { fold } from '../../../src/core/fold.ts';
import type { MessageClass } from '../../../src/core/message-class.ts';
import type { Plan } from '../../../src/core/plan.ts';
import type { Policy } from '../../../src/core/policy.ts';
import type { Reason } from '../../../src/core/reason.ts';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../../../src/core/time.ts';
import { at, MORNING } from '../../support/clock.ts';
import * as past from '../../support/factory.ts';

const after = (seconds: number): Ms => MORNING + seconds * SECOND;

const NOTHING = { track: false, lookUp: false, storeCopy: false, schedule: false, forms: false };
const MAILGUN = { name: 'mailgun', can: { track: true, lookUp: true, storeCopy: true, schedule: true, forms: true } };
const SMTP = { name: past.HOW.fallback.provider, can: NOTHING };

const WORLD: Circumstances = {
  schedule: 'provider',
  storageGoneAt: null,
  candidates: [MAILGUN, SMTP],
  hasBody: false,
  suppressed: false,
  faultAt: null,
  adopted: false,
  askedInVain: false,
  behind: false,
  eventsSettle: 30 * MINUTE,
  pause: 30 * SECOND,
  askPatience: 10 * MINUTE,
};

type Given = {
  kind?: MessageClass;
  policy?: Partial<Policy>;
  hasSecondary?: boolean;
  now: Ms;
} & Partial<Circumstances>;

function decided(facts: readonly Fact[], given: Given): Action {
  const { kind, policy, hasSecondary = true, now, ...over } = given;
  const born = past.birth(kind, policy);
  const candidates = hasSecondary ? WORLD.candidates : [MAILGUN];
  const c = { ...WORLD, candidates, ...over };
  return decide({ id: born.id, d: fold(born, facts), policy: born.policy, c, now });
}

const end = (state: string, reason: Reason) => ({ do: 'end', state, reason });
const hold = (about: string, until: Ms, why: Reason) => ({ do: 'hold', about, until, why });
const secondary = (why: Reason, double: string | null = null) => handOver('fallback', { why, double });
const handOver = (how: past.How, over: Partial<HandOver>) => ({
  do: 'handOver',
  ...past.HOW[how],
  deliverAt: null,
  double: null,
  ...over,
});
/** What is asked about, and between which moments. */
const question = (action: Action) =>
  action.do === 'ask' ? { about: action.about, at: action.at, by: action.by } : action;
const isAsked = (action: Action, about: string) => assert.equal(action.do === 'ask' && action.about, about);

/** Attempts 1 to n through Mailgun, each failed a minute after it began and asked about; `gap` minutes apart. */
function failedTimes(n: number, plan: Plan = 'retry', gap = 10): Fact[] {
  const facts: Fact[] = [...past.sent()];
  for (let i = 1; i <= n; i++) {
    const began = at((i - 1) * gap);
    if (i > 1) facts.push(past.claimed(i, began, { since: at((i - 2) * gap + 1) }), past.accepted(i, began));
    facts.push(past.failed(at((i - 1) * gap + 1), plan), past.asked(i, at((i - 1) * gap + 2), 'failed'));
  }
  return facts;
}

for (const [attempt, minutes] of [4, 16, 64, 256].entries()) {
  test(`after attempt ${attempt + 1} the re-post is handed over at once, to go out ${minutes} minutes after the failure`, () => {
    const now = at(attempt * 10 + 2);
    const deliverAt = at(attempt * 10 + 1) + minutes * MINUTE;
    const wanted = handOver('repost', { deliverAt, why: 'ip_block' });
    assert.deepEqual(decided(failedTimes(attempt + 1), { now }), wanted);
  });
}

test('after attempt 5 the mail goes out through the secondary', () => {
  assert.deepEqual(decided(failedTimes(5), { now: at(42) }), secondary('ip_block'));
});

test('after attempt 5 without a secondary the delivery is abandoned, with its cause', () => {
  assert.deepEqual(decided(failedTimes(5), { now: at(42), hasSecondary: false }), end('abandoned', 'ip_block'));
});

test('a failure that only time helps against waits one step longer', () => {
  const wanted = handOver('repost', { deliverAt: at(1) + 16 * MINUTE, why: 'ip_block' });
  assert.deepEqual(decided(failedTimes(1, 'wait'), { now: at(2) }), wanted);
});

test('a failure that calls for another provider goes to the secondary at once; where there is none it is given up', () => {
  const facts = failedTimes(1, 'switch');
  assert.deepEqual(decided(facts, { now: at(2) }), secondary('ip_block'));
  assert.deepEqual(decided(facts, { now: at(2), hasSecondary: false }), end('abandoned', 'ip_block'));
});

test('a refusal that says nothing is tried through the pool where there is no secondary', () => {
  const refusal = past.failed(at(1), 'switch', { verdict: past.verdict('policy_block', 'switch_provider') });
  const facts = [...past.sent(), refusal, past.asked(1, at(2), 'failed')];
  assert.deepEqual(decided(facts, { now: at(2) }), secondary('policy_block'));
  const wanted = handOver('repost', { deliverAt: at(5), why: 'policy_block' });
  assert.deepEqual(decided(facts, { now: at(2), hasSecondary: false }), wanted);
});

test('nothing is sent to an address on our list, by no route', () => {
  const suppressed = end('failed', 'suppressed');
  const queued = decided([], { now: at(0), hasBody: true, suppressed: true });
  const retried = decided(failedTimes(1), { now: at(2), suppressed: true });
  const fellBack = decided(failedTimes(5), { now: at(42), suppressed: true });
  const again = decided([...failedTimes(5), past.reopened(5, at(50), 1, 5), past.asked(5, at(51), 'failed')], {
    now: at(51),
    suppressed: true,
  });
  assert.deepEqual([queued, retried, fellBack, again], [suppressed, suppressed, suppressed, suppressed]);
  assert.equal(
    decided([...past.sent(), past.failed(at(1))], { now: at(2), suppressed: true }).do,
    'ask',
    'it may have arrived',
  );
});

test('what the sender has to mend bars a retry of mail that failed for it, until it is opened again', () => {
  assert.deepEqual(decided(failedTimes(1), { now: at(2), faultAt: at(0) }), end('failed', 'ip_block'));
  assert.deepEqual(decided(failedTimes(5), { now: at(42), faultAt: at(0) }), end('failed', 'ip_block'));
  assert.equal(decided([], { now: at(0), hasBody: true, faultAt: at(0) }).do, 'handOver', 'a first send is not barred');
  const opened = [...failedTimes(1), past.reopened(1, at(50), 1, 1), past.asked(1, at(51), 'failed')];
  assert.equal(decided(opened, { now: at(51), faultAt: at(49) }).do, 'handOver', 'an operator says that it is mended');
  assert.deepEqual(decided(opened, { now: at(51), faultAt: at(51) }), end('failed', 'ip_block'), 'it is not');
});

test('delivery times have whole seconds', () => {
  const facts = [...past.sent(), past.failed(at(1) + 400), past.asked(1, at(2), 'failed')];
  const action = decided(facts, { now: at(2) });
  assert.equal(action.do === 'handOver' && action.deliverAt, at(5));
});

test('with the local schedule the wait is kept here and the re-post has no delivery time', () => {
  const facts = failedTimes(1);
  const wait = decided(facts, { now: at(2), schedule: 'local' });
  assert.deepEqual(wait, hold('failed', at(5), 'ip_block'));
  const due = [...facts, past.held(1, at(2), 'failed', at(5))];
  isAsked(decided(due, { now: at(5), schedule: 'local' }), 'failed');
  const news = [...due, past.asked(1, at(5), 'failed')];
  assert.deepEqual(decided(news, { now: at(5), schedule: 'local' }), handOver('repost', { why: 'ip_block' }));
});

test('a wait that is longer than Mailgun keeps scheduled mail stays here', () => {
  const action = decided(failedTimes(1), {
    now: at(2),
    policy: { usefulLife: 9 * DAY, waits: { kind: 'list', waits: [4 * DAY] } },
  });
  assert.equal(action.do, 'hold');
});

test('when the next attempt lies beyond the useful life the secondary gets it now', () => {
  const facts = failedTimes(4);
  assert.equal(decided(facts, { now: at(32), policy: { usefulLife: 5 * HOUR } }).do, 'handOver');
  assert.deepEqual(decided(facts, { now: at(32), policy: { usefulLife: 4 * HOUR } }), secondary('ip_block'));
});

test("when the next attempt lies beyond the stored copy's life the secondary gets it now, unless we keep a copy", () => {
  const facts = failedTimes(2);
  const storageGoneAt = at(11) + 16 * MINUTE;
  assert.deepEqual(decided(facts, { now: at(12), storageGoneAt }), secondary('ip_block'));
  assert.equal(decided(facts, { now: at(12), storageGoneAt: storageGoneAt + 1 }).do, 'handOver');
  const kept = decided(facts, { now: at(12), storageGoneAt, hasBody: true });
  assert.equal(kept.do === 'handOver' && kept.way, 'stored');
});

test('a failure after the useful life ends it as expired', () => {
  assert.deepEqual(decided(failedTimes(1), { now: MORNING + DAY }), end('expired', 'useful_life_over'));
});

test('the provider is asked before a failed delivery is sent again', () => {
  isAsked(decided([...past.sent(), past.failed(at(1))], { now: at(2) }), 'failed');
});

test('a provider that cannot be asked delays a retry, and does not stop it', () => {
  const facts = [...past.sent(), past.failed(at(1)), past.asked(1, at(2), 'failed', { problem: 'time-out' })];
  const again = { about: 'failed', at: at(2) + 30 * SECOND, by: at(11) };
  assert.deepEqual(question(decided(facts, { now: at(2) })), again);
  assert.equal(decided(facts, { now: at(11) }).do, 'handOver');
});

test('a question that is not answered in time delays a retry, and does not stop it', () => {
  const facts = [...past.sent(), past.failed(at(1))];
  assert.deepEqual(question(decided(facts, { now: at(2) })), { about: 'failed', at: at(2), by: at(12) });
  const wanted = handOver('repost', { deliverAt: at(13), why: 'ip_block' });
  const late = { now: at(12), policy: { waits: { kind: 'list' as const, waits: [12 * MINUTE] } } };
  assert.deepEqual(decided(facts, { ...late, askedInVain: true }), wanted);
});

test('after a long standstill the provider is asked first, and has as long as ever to answer', () => {
  const facts = [...past.sent(), past.failed(at(1))];
  const now = at(10 * 60);
  assert.deepEqual(question(decided(facts, { now })), { about: 'failed', at: now, by: now + 10 * MINUTE });
});

test('no question keeps an access mail from its fallback when the time for that has come', () => {
  const facts = [...past.sent(), past.failed(after(61))];
  const given = { kind: 'access' as const, now: after(61) };
  assert.deepEqual(question(decided(facts, given)), { about: 'failed', at: after(61), by: after(90) });
  assert.deepEqual(decided(facts, { ...given, now: after(90), askedInVain: true }), secondary('ip_block'));
  const late = [...past.sent(), past.failed(after(120))];
  const action = decided(late, { kind: 'access', now: after(120) });
  assert.deepEqual(question(action), { about: 'failed', at: after(120), by: after(121) });
});

test('a secondary that can not be used gives way to the next at once, and all of them are left alone for longer each time', () => {
  const other = { name: 'smtp.example:26', can: NOTHING };
  const candidates = [MAILGUN, SMTP, other];
  const facts = failedTimes(5);
  const tried: (string | number)[] = [];
  let now = at(50);
  for (let n = 6; n < 12; n++) {
    let action = decided(facts, { now, candidates });
    if (action.do === 'hold') {
      tried.push((action.until - now) / SECOND);
      now = action.until;
      facts.push(past.held(n - 1, now - 1, 'refused', now), past.asked(n - 1, now, 'refused'));
      action = decided(facts, { now, candidates });
    }
    assert.ok(action.do === 'handOver', JSON.stringify(action));
    tried.push(action.provider);
    facts.push(past.claimed(n, now, { how: 'fallback', provider: action.provider }), past.refused(n, now, 'busy'));
  }
  const [first, second] = [SMTP.name, other.name];
  assert.deepEqual(tried, [first, second, 30, first, second, 60, first, second]);
});

test('what neither Mailgun nor a secondary has taken is tried with Mailgun again, unless that is held back', () => {
  const facts = [
    ...[past.claimed(1, after(1), { how: 'send' }), past.refused(1, after(1), 'busy')],
    ...[past.claimed(2, after(90), { how: 'fallback' }), past.refused(2, after(90), 'account', 5 * MINUTE)],
  ];
  const given = { kind: 'access', hasBody: true } as const;
  assert.deepEqual(
    decided(facts, { ...given, now: after(91) }),
    hold('refused', after(120), 'secondary_did_not_take_it'),
  );
  const held = [...facts, past.held(2, after(91), 'refused', after(120))];
  assert.deepEqual(decided(held, { ...given, now: after(120) }), handOver('send', { why: 'refused_account' }));
  const down = [{ id: '', provider: 'mailgun', until: null, leaveFrom: after(60), why: 'provider_down' }] as const;
  const later = [...facts, past.held(2, after(91), 'refused', after(390))];
  assert.deepEqual(decided(later, { ...given, now: after(390), held: down }), secondary('refused_account'));
  const again = [...held, past.claimed(3, after(120), { how: 'send' }), past.refused(3, after(120), 'busy')];
  assert.deepEqual(decided(again, { ...given, now: after(120) }), secondary('refused_busy'));
});

test('what we took back ourselves is begun again at once, and says nothing of its provider', () => {
  const facts = [...FALLEN((n, when) => past.refused(n, when, 'withdrawn'), 50)];
  assert.deepEqual(decided(facts, { now: at(50) }), secondary('refused_withdrawn'));
  const first = [past.claimed(1, at(0), { how: 'send' }), past.refused(1, at(0), 'withdrawn')];
  assert.deepEqual(decided(first, { now: at(0), hasBody: true }), handOver('send', { why: 'refused_withdrawn' }));
});

test('a bulk mail is never given to the secondary', () => {
  assert.deepEqual(decided(failedTimes(5), { kind: 'bulk', now: at(42) }), end('abandoned', 'ip_block'));
  assert.deepEqual(decided(failedTimes(1, 'switch'), { kind: 'bulk', now: at(2) }), end('abandoned', 'ip_block'));
});

/** An access mail whose attempts failed at these seconds. */
function accessFailed(...seconds: number[]): Fact[] {
  const facts: Fact[] = [...past.sent()];
  for (const [i, s] of seconds.entries()) {
    const before = seconds[i - 1];
    if (before !== undefined)
      facts.push(past.claimed(i + 1, after(s - 1), { since: after(before) }), past.accepted(i + 1, after(s - 1)));
    facts.push(past.failed(after(s)), past.asked(i + 1, after(s), 'failed'));
  }
  return facts;
}

test('an access mail is retried after 30 s and then 60 s, and its waits stay here', () => {
  const policy = { maxAttempts: 3, fallbackAfter: null };
  const first = decided(accessFailed(1), { kind: 'access', policy, now: after(1) });
  assert.deepEqual(first, hold('failed', after(31), 'ip_block'));
  const second = decided(accessFailed(1, 35), { kind: 'access', policy, now: after(36) });
  assert.deepEqual(second, hold('failed', after(95), 'ip_block'));
});

test('an access mail falls back after 2 attempts', () => {
  assert.deepEqual(decided(accessFailed(1, 35), { kind: 'access', now: after(36) }), secondary('ip_block'));
});

test('an access mail falls back when its next attempt would come after 90 s', () => {
  assert.equal(decided(accessFailed(59), { kind: 'access', now: after(59) }).do, 'hold');
  assert.deepEqual(decided(accessFailed(60), { kind: 'access', now: after(60) }), secondary('ip_block'));
});

test('without a secondary an access mail keeps its attempts', () => {
  assert.equal(decided(accessFailed(61), { kind: 'access', now: after(61), hasSecondary: false }).do, 'hold');
});

test('an access mail that Mailgun has no room for falls back in time, though nothing was tried yet', () => {
  const facts = [past.claimed(1, after(1), { how: 'send' }), past.refused(1, after(1), 'busy')];
  assert.equal(decided(facts, { kind: 'access', now: after(2), hasBody: true }).do, 'hold');
  const wait = [past.claimed(1, after(1), { how: 'send' }), past.refused(1, after(1), 'busy', 5 * MINUTE)];
  assert.deepEqual(decided(wait, { kind: 'access', now: after(2), hasBody: true }), secondary('refused_busy'));
});

test('an access mail whose life ends undelivered expires, and the administrators are told', () => {
  const action = decided(accessFailed(1), { kind: 'access', now: at(15), hasSecondary: false });
  assert.deepEqual(action, end('expired', 'useful_life_over'));
  const born: Birth & { domain: string } = { ...past.birth('access'), domain: 'mg.example.com' };
  const before = fold(born, accessFailed(1));
  const expired = fold(born, [...accessFailed(1), past.ended(1, at(15), 'expired', 'useful_life_over')]);
  assert.deepEqual(alertFor(born, before, expired), { kind: 'expired', incident: 'expired:mg.example.com' });
});

const LOST = [past.claimed(1, at(0)), past.unanswered(1, at(1))];

test('an unconfirmed hand-over is asked about before anything else', () => {
  for (const kind of ['access', 'notice', 'bulk'] as const)
    isAsked(decided(LOST, { kind, now: at(1), hasBody: true }), 'unconfirmed');
});

test('"not found" counts only when the records have settled', () => {
  const unsettled = [...LOST, past.asked(1, at(2), 'unconfirmed', { settled: false, known: false })];
  assert.equal(decided(unsettled, { now: at(2), hasBody: true }).do, 'ask');
  const settled = [...LOST, past.asked(1, at(31), 'unconfirmed', { known: false })];
  const wanted = handOver('mime', { why: 'never_reached_provider' });
  assert.deepEqual(decided(settled, { now: at(31), hasBody: true }), wanted);
});

test('the wait for the records to settle ends when they have, and grows until then', () => {
  const answer = (minute: number) => [
    ...LOST,
    past.asked(1, at(minute), 'unconfirmed', { settled: false, known: false }),
  ];
  const next = (minute: number) => {
    const action = decided(answer(minute), { now: at(minute), hasBody: true });
    return action.do === 'ask' ? (action.at - MORNING) / MINUTE : null;
  };
  assert.deepEqual([1, 5, 11, 25].map(next), [1.5, 17, 31, 31]);
});

test('a provider that says neither yes nor no is asked after a pause, never at once again', () => {
  const stubborn = [...LOST, past.asked(1, at(40), 'unconfirmed', { settled: false, known: false })];
  const action = decided(stubborn, { now: at(40), hasBody: true });
  assert.ok(action.do === 'ask' && action.at >= at(40) + 30 * SECOND);
});

test('an unconfirmed access mail is sent elsewhere after 90 s, as a possible double', () => {
  const lost = [
    past.claimed(1, after(0)),
    past.unanswered(1, after(1)),
    past.asked(1, after(70), 'unconfirmed', { settled: false }),
  ];
  const wait = decided(lost, { kind: 'access', now: after(70), hasBody: true });
  assert.deepEqual(question(wait), { about: 'unconfirmed', at: after(90), by: after(91) });
  const late = decided(lost.slice(0, 2), { kind: 'access', now: after(120), hasBody: true });
  assert.deepEqual(question(late), { about: 'unconfirmed', at: after(120), by: after(121) });
  const wanted = secondary('never_reached_provider', 'the hand-over before it got no answer and may have gone out');
  assert.deepEqual(decided(lost, { kind: 'access', now: after(91), hasBody: true }), wanted);
});

test('what the application asked for later is sent by nobody else before', () => {
  const later = at(20 * 60);
  const gone = [past.claimed(1, at(0), { how: 'repost' }), past.refused(1, at(0), 'gone')];
  const born = { ...past.birth(), deliverAt: later };
  const look = (now: Ms) => ({
    id: born.id,
    d: fold(born, gone),
    policy: born.policy,
    c: { ...WORLD, hasBody: true },
    now,
  });
  assert.deepEqual(decide(look(at(1))), hold('refused', later, 'refused_gone'));
  assert.equal(decide(look(later)).do, 'handOver');
});

test('a notice that got no answer leaves elsewhere, as a possible double, when its provider is down past its patience', () => {
  const held = [
    { id: 'down mailgun', provider: 'mailgun', until: null, why: 'provider_down', leaveFrom: at(61) } as const,
  ];
  const asked = (minute: number) => past.asked(1, at(minute), 'unconfirmed', { problem: 'ECONNREFUSED' });
  const vain = (minute: number, first = 20): Fact[] => [...LOST, asked(first), asked(minute)];
  const given = { hasBody: true, held };
  const first = decided(vain(40), { ...given, now: at(40) });
  assert.equal(first.do === 'ask' && first.at, at(61), 'not before, and no later');
  const leaves = secondary('provider_down', 'the hand-over before it got no answer and may have gone out');
  assert.deepEqual(decided(vain(61), { ...given, now: at(61) }), leaves);
  const once = decided(vain(61, 61), { ...given, now: at(61) });
  assert.equal(once.do === 'ask' && once.at, at(71), 'one question that failed says little');
  for (const kind of ['access', 'bulk'] as const)
    assert.notEqual(decided(vain(61), { ...given, kind, now: at(61) }).do, 'handOver', kind);
  const heard = [...LOST, past.asked(1, at(61), 'unconfirmed', { settled: false, known: false })];
  assert.equal(decided(heard, { ...given, now: at(61) }).do, 'ask', 'it can be asked');
  const others: Partial<Given>[] = [
    { hasBody: false },
    { held: [] },
    { hasSecondary: false },
    { held: [...held, { id: 'hold', provider: SMTP.name, until: null }] },
    { policy: { fallback: false } },
  ];
  for (const other of others)
    assert.equal(decided(vain(61), { ...given, ...other, now: at(61) }).do, 'ask', JSON.stringify(other));
});

test('what the last secondary reports as failed is tried again by it, whatever its clock says', () => {
  const provider = past.HOW.fallback.provider;
  const taken = [past.claimed(1, at(0), { how: 'fallback' }), past.accepted(1, at(0), null, false)];
  const failedAt = (minute: number) => [...taken, { ...past.failed(at(minute)), provider, of: 1 }];
  const given = { hasBody: true, policy: { spread: 0 } };
  for (const minute of [1, 10_000]) {
    const first = decided(failedAt(minute), { ...given, now: at(2) });
    assert.equal(first.do === 'ask' || first.do === 'hold', true, `${minute}: ${first.do}`);
    const later = decided([...failedAt(minute), past.asked(1, at(6), 'failed')], { ...given, now: at(6) });
    assert.equal(later.do === 'handOver' && later.provider, provider, `${minute}`);
  }
});

test('an unconfirmed hand-over of which no copy is left ends as abandoned', () => {
  const settled = [...LOST, past.asked(1, at(31), 'unconfirmed', { known: false })];
  assert.deepEqual(decided(settled, { now: at(31) }), end('abandoned', 'never_reached_provider'));
});

test('what nobody can say of by the end of its useful life is asked about for a day more, and then expires', () => {
  const unheard = (hour: number) => past.asked(1, at(hour * 60), 'unconfirmed', { problem: 'time-out' });
  const facts = [...LOST, ...Array.from({ length: 24 }, (_, n) => unheard(24 + n))];
  assert.equal(decided(facts, { now: at(47 * 60), hasBody: true }).do, 'ask');
  assert.deepEqual(decided(facts, { now: at(48 * 60), hasBody: true }), end('expired', 'unconfirmed'));
  const answered = [...LOST, past.asked(1, at(24 * 60), 'unconfirmed', { settled: false, known: false })];
  assert.deepEqual(decided(answered, { now: at(24 * 60), hasBody: true }), end('expired', 'unconfirmed'));
});

test('an answer from before a standstill of days does not end a mail, and unheard days do not count', () => {
  const early = [...LOST, past.asked(1, at(10), 'unconfirmed', { settled: false, known: false })];
  isAsked(decided(early, { now: at(4 * 24 * 60) }), 'unconfirmed');
  const silent = [...past.sent(), past.asked(1, at(480), 'accepted', { problem: 'time-out' })];
  const now = at(5 * 24 * 60);
  isAsked(decided([...silent, past.asked(1, now - 1000, 'accepted', { problem: 'time-out' })], { now }), 'accepted');
  assert.deepEqual(
    decided([...silent, past.asked(1, now - 1000, 'accepted')], { now }),
    end('expired', 'silent_accepted'),
  );
});

test('while the records of the time without a daemon are unread, nothing is concluded from silence', () => {
  const now = at(2 * 24 * 60);
  const wait = { do: 'wait', until: now + 30 * SECOND };
  assert.deepEqual(decided(past.sent(), { now, behind: true }), wait);
  assert.deepEqual(decided(failedTimes(1), { now, behind: true }), wait);
  assert.deepEqual(decided(LOST, { now, behind: true, askedInVain: true }), wait);
  assert.equal(decided(failedTimes(1), { now: at(3), behind: true }).do, 'handOver', 'what is due goes on');
});

test('a hand-over in flight whose lease is over is presumed to be without an answer', () => {
  assert.deepEqual(decided([past.claimed(1, at(0))], { now: at(1) }), { do: 'presumeUnanswered' });
});

test('a stored copy that is gone costs no more tries than there are', () => {
  const third = [past.claimed(3, at(20), { since: at(11) }), past.refused(3, at(20), 'gone')];
  const given = { policy: { maxAttempts: 2 }, hasBody: true, now: at(21) };
  assert.deepEqual(decided([...failedTimes(2), ...third], given), secondary('storage_gone'));
});

test('of a code or a link no second copy goes out while nobody can be asked for the first, unless that is allowed', () => {
  const lost: Fact[] = [past.claimed(1, after(0), { how: 'send' }), past.unanswered(1, after(10))];
  const vain = past.asked(1, after(100), 'unconfirmed', { problem: 'time-out', settled: false, known: false });
  const heard = past.asked(1, after(100), 'unconfirmed', { settled: false, known: false });
  const given = { kind: 'access', hasBody: true, now: after(101) } as const;
  assert.equal(decided([...lost, heard], given).do, 'handOver', 'the provider knows nothing of it');
  assert.equal(decided([...lost, vain], given).do, 'ask');
  assert.equal(decided([...lost, vain], { ...given, policy: { atMostOnce: false } }).do, 'handOver');
  const over = decided([...lost, vain], { ...given, now: after(16 * 60) });
  assert.equal(over.do, 'ask', 'it is asked on, and not sent any more');
  const how = { how: 'fallback' } as const;
  const elsewhere = [past.claimed(1, after(90), how), past.unanswered(1, after(100))];
  assert.deepEqual(decided(elsewhere, { ...given, now: after(140) }), end('abandoned', 'unconfirmed'));
});

/** So many processes died in a row while they handed it over, and each time the provider had no trace of it. */
const deaths = (count: number): Fact[] =>
  Array.from({ length: count }, (_, i): Fact[] => [
    past.claimed(i + 1, at(100 * i), { how: 'send' }),
    { ...past.unanswered(i + 1, at(100 * i + 1)), died: true },
    past.asked(i + 1, at(100 * i + 31), 'unconfirmed', { known: false }),
  ]).flat();

test('a mail during whose hand-over three processes died in a row is set aside, until an operator opens it again', () => {
  const given = { hasBody: true, now: at(390) };
  assert.equal(decided(deaths(2), { ...given, now: at(190) }).do, 'handOver');
  assert.deepEqual(decided(deaths(3), given), end('abandoned', 'ends_processes'));
  const opened = [past.reopened(3, at(380), 1, 1), past.asked(3, at(381), 'unconfirmed', { known: false })];
  assert.equal(decided([...deaths(3), ...opened], given).do, 'handOver');
  const lived = [past.claimed(3, at(200), { how: 'send' }), past.refused(3, at(200), 'busy')];
  const again = [past.claimed(4, at(210), { how: 'send' }), { ...past.unanswered(4, at(211)), died: true as const }];
  const known = past.asked(4, at(241), 'unconfirmed', { known: false });
  assert.equal(decided([...deaths(2), ...lived, ...again, known], { ...given, now: at(600) }).do, 'handOver');
  const others = deaths(3).map((f) => (f.kind === 'claimed' ? { ...f, way: 'application' as const } : f));
  assert.equal(decided(others, given).do, 'handOver', 'the application is not ours');
});

test('a deferred delivery is asked about and left to the provider', () => {
  const facts = [
    ...past.sent(),
    past.reported('deferred', at(1), { storage: { url: 'https://storage.mailgun.net/x', key: 'x' } }),
  ];
  const now = at(1) + 8 * HOUR;
  isAsked(decided(facts, { now }), 'deferred');
  const action = decided([...facts, past.asked(1, now, 'deferred')], { now });
  assert.deepEqual(action, hold('deferred', now + 8 * HOUR, 'nothing_heard'));
  const over = decided([...facts, past.asked(1, at(24 * 60), 'deferred')], { now: at(24 * 60) });
  assert.deepEqual(over, end('expired', 'silent_deferred'));
});

test('an accepted delivery that nothing is heard of is asked about, and left alone where a trace of it is found', () => {
  const facts = [
    ...past.sent(),
    past.reported('accepted', at(0), { storage: { url: 'https://storage.mailgun.net/x', key: 'x' } }),
  ];
  const now = at(8 * 60);
  isAsked(decided(facts, { now }), 'accepted');
  const asked = (said: object) => decided([...facts, past.asked(1, now, 'accepted', said)], { now });
  const left = hold('accepted', now + 8 * HOUR, 'nothing_heard');
  for (const said of [
    {},
    { known: false },
    { known: false, traced: true },
    { known: false, traced: false, settled: false },
  ])
    assert.deepEqual(asked(said), left);
  assert.deepEqual(asked({ known: false, traced: false }), handOver('repost', { double: null, why: 'silence' }));
  const unasked = [...facts, past.asked(1, now, 'accepted', { problem: 'time-out' })];
  assert.equal(decided(unasked, { now }).do, 'ask');
});

test('a delivery that is only watched is never sent by us', () => {
  const policy = { watch: true, fallback: false };
  assert.deepEqual(decided(failedTimes(1), { policy, now: at(2) }), end('failed', 'ip_block'));
  const silent = [...past.sent(), past.asked(1, at(480), 'accepted')];
  assert.equal(decided(silent, { policy, now: at(480) }).do, 'hold');
});

const busy = (...minutes: number[]): Fact[] => {
  const facts = failedTimes(1);
  for (const [i, m] of minutes.entries())
    facts.push(past.claimed(i + 2, at(m), { since: at(1) }), past.refused(i + 2, at(m), 'busy'));
  return facts;
};

test('a busy or barred route costs no try and is left alone for longer each time', () => {
  const waits = [[5], [5, 6], [5, 6, 8], [5, 6, 8, 11]].map((minutes) => {
    const action = decided(busy(...minutes), { now: at(minutes.at(-1) ?? 0) });
    return action.do === 'hold' ? (action.until - at(minutes.at(-1) ?? 0)) / SECOND : null;
  });
  assert.deepEqual(waits, [30, 60, 120, 240]);
  const born = past.birth();
  assert.equal(fold(born, busy(5, 6, 8, 11)).tries, 1);
});

test('a route that says how long to leave it alone is obeyed', () => {
  const facts = [...failedTimes(1), past.claimed(2, at(5)), past.refused(2, at(5), 'busy', 7 * MINUTE)];
  assert.deepEqual(decided(facts, { now: at(5) }), hold('refused', at(12), 'refused_busy'));
});

test('a busy route keeps the schedule of the failure before it', () => {
  const facts = [...busy(2), past.held(2, at(2), 'refused', at(3)), past.asked(2, at(3), 'refused')];
  const wanted = handOver('repost', { deliverAt: at(5), why: 'refused_busy' });
  assert.deepEqual(decided(facts, { now: at(3) }), wanted);
});

test('a route that stays busy until the useful life is nearly over gives way to the secondary', () => {
  const born = at(24 * 60);
  const facts = [...failedTimes(1), past.claimed(2, born - MINUTE), past.refused(2, born - MINUTE, 'account', HOUR)];
  isAsked(decided(facts, { now: born - MINUTE }), 'refused');
  const news = [...facts, past.asked(2, born - MINUTE, 'refused')];
  assert.deepEqual(decided(news, { now: born - MINUTE }), secondary('refused_account'));
});

test('without a secondary a busy route is tried a last time before the useful life ends', () => {
  const born = at(24 * 60);
  const refusedAt = (when: Ms) => [
    ...failedTimes(1),
    ...[past.claimed(2, when), past.refused(2, when, 'account', HOUR), past.asked(2, when, 'refused')],
  ];
  const early = { now: born - 10 * MINUTE, hasSecondary: false };
  const action = decided(refusedAt(early.now), early);
  assert.ok(action.do === 'hold' && action.until < born && action.until >= born - MINUTE, JSON.stringify(action));
  const late = { now: born - 1, hasSecondary: false };
  assert.deepEqual(decided(refusedAt(late.now), late), end('abandoned', 'refused_account'));
});

test("what the application's own call was refused is the application's to mend", () => {
  for (const why of ['busy', 'account', 'invalid'] as const)
    assert.deepEqual(
      decided([past.claimed(1, at(0)), past.refused(1, at(0), why)], { now: at(0) }),
      end('failed', `refused_${why}`),
    );
});

test('a message that Mailgun calls invalid is not sent again through it', () => {
  const first = [past.claimed(1, at(0), { how: 'send' }), past.refused(1, at(0), 'invalid')];
  assert.deepEqual(decided(first, { now: at(0), hasBody: true }), end('failed', 'refused_invalid'));
  const repost = [...failedTimes(1), past.claimed(2, at(5)), past.refused(2, at(5), 'invalid')];
  assert.deepEqual(decided(repost, { now: at(5) }), secondary('refused_invalid'));
});

const GONE = [
  ...failedTimes(1),
  past.claimed(2, at(2), { since: at(1), deliverAt: at(5) }),
  past.refused(2, at(2), 'gone'),
];

test('when the stored copy is gone ours is sent, at the time that was meant', () => {
  const wanted = handOver('mime', { deliverAt: at(5), why: 'refused_gone' });
  assert.deepEqual(decided(GONE, { now: at(3), hasBody: true }), wanted);
});

test('when the stored copy is gone and we keep none the fallback is tried, and where there is none it is abandoned', () => {
  assert.deepEqual(decided(GONE, { now: at(3) }), secondary('storage_gone'));
  assert.deepEqual(decided(GONE, { now: at(3), hasSecondary: false }), end('abandoned', 'storage_gone'));
  const fallback = [...GONE, past.claimed(3, at(3), { how: 'fallback' }), past.refused(3, at(3), 'gone')];
  assert.deepEqual(decided(fallback, { now: at(3) }), end('abandoned', 'storage_gone'));
});

test('what our own check keeps from us is abandoned under a name of its own unless we keep a copy', () => {
  const facts = [...GONE.slice(0, -1), past.refused(2, at(2), 'storage_refused')];
  const ours = handOver('mime', { deliverAt: at(5), why: 'refused_storage_refused' });
  assert.deepEqual(decided(facts, { now: at(3), hasBody: true }), ours);
  assert.deepEqual(decided(facts, { now: at(3) }), end('abandoned', 'storage_refused'));
  const fallback = [
    ...failedTimes(5),
    past.claimed(6, at(50), { how: 'fallback' }),
    past.refused(6, at(50), 'storage_refused'),
  ];
  assert.deepEqual(decided(fallback, { now: at(50) }), end('abandoned', 'storage_refused'));
  assert.equal(fold(past.birth(), facts).tries, 1);
});

const FALLEN = (answer: (n: number, when: Ms) => Fact, ...minutes: number[]): Fact[] => {
  const facts = failedTimes(5);
  for (const [i, m] of minutes.entries())
    facts.push(past.claimed(6 + i, at(m), { how: 'fallback' }), answer(6 + i, at(m)));
  return facts;
};

test('a 4xx of the secondary is tried again on the same schedule, each time after a question', () => {
  const temporary = (n: number, when: Ms) => past.refused(n, when, 'temporary');
  for (const [i, minutes] of [4, 16, 64, 256].entries()) {
    const tries = Array.from({ length: i + 1 }, (_, n) => 50 + n);
    const facts = FALLEN(temporary, ...tries);
    const due = at(50 + i) + minutes * MINUTE;
    assert.deepEqual(decided(facts, { now: at(50 + i) }), hold('refused', due, 'secondary_did_not_take_it'));
    isAsked(decided(facts, { now: due }), 'refused');
    assert.deepEqual(
      decided([...facts, past.asked(6 + i, due, 'refused')], { now: due }),
      secondary('refused_temporary'),
    );
  }
  const five = FALLEN(temporary, 50, 51, 52, 53, 54);
  assert.deepEqual(decided(five, { now: at(55) }), end('abandoned', 'secondary_exhausted'));
});

test('a 5xx of the secondary is final', () => {
  const facts = FALLEN((n, when) => past.refused(n, when, 'permanent'), 50);
  assert.deepEqual(decided(facts, { now: at(50) }), end('abandoned', 'secondary_refused'));
});

test('a secondary that gave no answer is tried once more on the same schedule, as a possible double', () => {
  const facts = FALLEN(past.unanswered, 50);
  assert.deepEqual(decided(facts, { now: at(50) }), hold('unconfirmed', at(54), 'secondary_did_not_take_it'));
  const due = [...facts, past.asked(6, at(54), 'unconfirmed')];
  const double = 'the hand-over before it got no answer and may have gone out';
  assert.deepEqual(decided(due, { now: at(54) }), secondary('unanswered', double));
  const again = past.claimed(7, at(54), { how: 'fallback', double });
  const twice = [...due, again, past.unanswered(7, at(55))];
  assert.deepEqual(decided(twice, { now: at(56) }), end('abandoned', 'unconfirmed'));
});

test('an adopted message is sent only when the provider confirms the recipient', () => {
  const facts = (known: boolean) => [...past.sent(), past.failed(at(1)), past.asked(1, at(2), 'failed', { known })];
  assert.deepEqual(decided(facts(false), { now: at(2), adopted: true }), end('failed', 'not_confirmed'));
  assert.equal(decided(facts(true), { now: at(2), adopted: true }).do, 'handOver');
  const switched = [...past.sent(), past.failed(at(1), 'switch'), past.asked(1, at(2), 'failed', { known: false })];
  assert.deepEqual(decided(switched, { now: at(2), adopted: true }), end('failed', 'not_confirmed'));
});

test("an address that stays on the provider's bounce list goes to the secondary, or nowhere", () => {
  const facts = [...past.sent(), past.failed(at(1)), past.asked(1, at(2), 'failed', { listed: 'barred' })];
  assert.deepEqual(decided(facts, { now: at(2) }), secondary('bounce_listed'));
  assert.deepEqual(decided(facts, { now: at(2), hasSecondary: false }), end('abandoned', 'bounce_listed'));
});

/** The address is on the bounce list because of the first attempt, and then the provider was asked at these minutes. */
const onTheList = (...asked: [minute: number, said: object][]): Fact[] => [
  ...past.sent(),
  past.failed(at(1), 'retry', { bounce: past.bounce({ bounceType: 'hard' }) }),
  ...asked.map(([minute, said]) => past.asked(1, at(minute), 'failed', said)),
];
const VAIN = { problem: 'time-out' };
const NOT_THERE = { known: false };

test('nothing is sent to an address on the bounce list before the provider says that it is off it', () => {
  const action = decided(onTheList(), { now: at(2) });
  assert.deepEqual(action, { do: 'ask', about: 'failed', at: at(2), by: at(12), unsuppress: true });
  for (const listed of ['clear', 'removed'] as const) {
    const wanted = handOver('repost', { deliverAt: at(5), why: 'ip_block' });
    assert.deepEqual(decided(onTheList([2, { listed }]), { now: at(2) }), wanted);
  }
  isAsked(decided(onTheList([2, {}]), { now: at(2) }), 'failed');
  assert.deepEqual(decided(onTheList([2, { listed: 'barred' }]), { now: at(2) }), secondary('bounce_listed'));
});

test('the list is asked as well when the failure is told while a later attempt is unconfirmed', () => {
  const [claimed, accepted, failed] = onTheList();
  const again = [past.claimed(2, at(20)), past.unanswered(2, at(20)), past.asked(2, at(60), 'unconfirmed', NOT_THERE)];
  const facts = [claimed, accepted, failed, ...again].filter((fact) => fact !== undefined);
  assert.deepEqual(decided(facts, { now: at(60) }), {
    ...{ do: 'ask', about: 'unconfirmed', unsuppress: true },
    ...{ at: at(60), by: at(70) },
  });
  const cleared = [...facts, past.asked(2, at(61), 'unconfirmed', { ...NOT_THERE, listed: 'clear' })];
  assert.equal(decided(cleared, { now: at(61) }).do, 'handOver');
});

test('a bounce list that can not be asked is asked again after ever longer pauses, and no attempt is made meanwhile', () => {
  const facts = onTheList([2, VAIN]);
  assert.deepEqual(question(decided(facts, { now: at(2) })), { about: 'failed', at: at(2.5), by: at(12.5) });
  isAsked(decided(facts, { now: at(60) }), 'failed');
  const later = onTheList([2, VAIN], [62, VAIN]);
  assert.deepEqual(question(decided(later, { now: at(62) })), { about: 'failed', at: at(78), by: at(88) });
});

test('a question about the bounce list that nobody had time to ask is asked again', () => {
  const over = { do: 'presumeUnasked', about: 'failed' };
  assert.deepEqual(decided(onTheList(), { now: at(12), askedInVain: true }), over);
  isAsked(decided(onTheList([12, VAIN]), { now: at(12) }), 'failed');
});

test('the bounce list is waited for as long as the attempts would have taken that are left; then the mail goes elsewhere or ends', () => {
  const minute = 2 + 4 + 16 + 64 + 256;
  const facts = (last: number) =>
    [0, 60, 120, 180, 240, 300].map((n): [number, object] => [Math.min(2 + n, last), VAIN]);
  const before = onTheList(...facts(minute));
  isAsked(decided(before, { now: at(minute - 1) }), 'failed');
  assert.deepEqual(decided(before, { now: at(minute) }), secondary('bounce_list_unasked'));
  const alone = { now: at(minute), hasSecondary: false };
  assert.deepEqual(decided(before, alone), end('abandoned', 'bounce_list_unasked'));
  assert.deepEqual(decided(before, { ...alone, askedInVain: true }), end('abandoned', 'bounce_list_unasked'));
});

test('the bounce list keeps a mail no longer than it can be sent at all', () => {
  const waits = { kind: 'list' as const, waits: [4 * MINUTE, DAY] };
  const facts = onTheList([20 * 60 + 1, VAIN]);
  const given = { now: at(24 * 60) - MINUTE, policy: { waits } };
  assert.deepEqual(question(decided(facts, given)), {
    about: 'failed',
    at: at(20 * 60 + 1.5),
    by: at(24 * 60) - 30 * SECOND,
  });
  assert.deepEqual(decided(facts, { ...given, now: at(24 * 60) - 1 }), secondary('bounce_list_unasked'));
  const goneAt = { ...given, storageGoneAt: at(23 * 60), now: at(23 * 60) - 1 };
  assert.deepEqual(decided(facts, goneAt), secondary('bounce_list_unasked'));
});

test('the bounce list does not keep an access mail from its fallback', () => {
  const failed = past.failed(after(20), 'retry', { bounce: past.bounce({ bounceType: 'hard' }) });
  const facts = [...past.sent(), failed, past.held(1, after(20), 'failed', after(50))];
  const asked = past.asked(1, after(50), 'failed', VAIN);
  const action = decided([...facts, asked], { kind: 'access', now: after(80) });
  assert.deepEqual(question(action), { about: 'failed', at: after(80), by: after(90) });
});

test('what failed for the list itself, or for something else than the sender, does not go out to the list either', () => {
  const listed = (plan: Plan, over: object) => [...past.sent(), past.failed(at(1), plan, over)];
  const fromList = { bounce: past.bounce({ code: 605 }), verdict: past.verdict('suppressed', 'give_up_suppress') };
  const full = { bounce: past.bounce(), verdict: past.verdict('mailbox_full', 'retry_later') };
  const given = { now: at(2), hasSecondary: false };
  const policy = { bounce: past.bounce(), verdict: past.verdict('policy_block', 'switch_provider') };
  for (const facts of [listed('retry', fromList), listed('wait', full), listed('switch', policy)]) {
    const action = decided(facts, given);
    assert.equal(action.do === 'ask' && action.unsuppress, true, JSON.stringify(action));
    isAsked(decided([...facts, past.asked(1, at(2), 'failed', VAIN)], { ...given, now: at(60) }), 'failed');
  }
});

test('what an operator opens again after a fallback does not go out to the bounce list', () => {
  const facts = [
    ...onTheList([2, VAIN]),
    ...[past.claimed(2, at(400), { how: 'fallback' }), past.refused(2, at(400), 'permanent')],
    ...[past.ended(2, at(400), 'abandoned', 'secondary_refused'), past.reopened(2, at(500), 1, 1)],
  ];
  const action = decided(facts, { now: at(500) });
  assert.equal(action.do === 'ask' && action.unsuppress, true);
  const off = [...facts, past.asked(2, at(500), 'refused', { listed: 'removed' })];
  assert.deepEqual(decided(off, { now: at(500) }), handOver('repost', { why: 'reopened' }));
});

test('a queued message is sent, ends when its life is over, and is abandoned when there is nothing to send', () => {
  assert.deepEqual(decided([], { now: at(0), hasBody: true }), handOver('send', { why: null }));
  assert.deepEqual(decided([], { now: at(24 * 60), hasBody: true }), end('expired', 'useful_life_over'));
  assert.deepEqual(decided([], { now: at(0) }), end('abandoned', 'nothing_to_send'));
});

test('what an operator opens again is sent after a question, with a word on what was tried before', () => {
  const open = (last: Fact[], about: 'failed' | 'accepted' | 'unconfirmed') => {
    const facts = [...last, past.ended(1, at(10), 'cancelled', 'superseded'), past.reopened(1, at(60), 1, 1)];
    isAsked(decided(facts, { now: at(60), hasBody: true }), about);
    return decided([...facts, past.asked(1, at(60), about, { settled: false })], { now: at(60), hasBody: true });
  };
  const wanted = (double: string | null, over = {}) => handOver('mime', { why: 'reopened', double, ...over });
  assert.deepEqual(open(past.sent(), 'accepted'), wanted('the provider accepted the attempt before it'));
  assert.deepEqual(open(LOST, 'unconfirmed'), wanted('the hand-over before it got no answer and may have gone out'));
  const cured = open([...past.sent(), past.failed(at(1))], 'failed');
  assert.deepEqual(cured, handOver('repost', { why: 'reopened' }));
});

test('what an operator opens again for the backup leaves by another provider, after a question about what was tried', () => {
  const asEver = (attempt: number) => past.reopened(attempt, at(60), 1, 1);
  const opened = (attempt: number) => ({ ...asEver(attempt), byBackup: true as const });
  const given = { now: at(60), hasBody: true };
  const facts = [...past.sent(), past.failed(at(1)), past.ended(1, at(10), 'abandoned', 'ip_block'), opened(1)];
  isAsked(decided(facts, given), 'failed');
  const byBackup = handOver('fallback', { why: 'reopened' });
  assert.deepEqual(decided([...facts, past.asked(1, at(60), 'failed')], given), byBackup);
  const cancelled = past.ended(0, at(10), 'cancelled', 'by_operator');
  assert.deepEqual(decided([cancelled, opened(0)], given), byBackup);
  const without = { ...given, candidates: [MAILGUN] };
  const usual = decided([cancelled, asEver(0)], without);
  assert.equal(usual.do === 'handOver' && usual.provider, MAILGUN.name);
  assert.deepEqual(decided([cancelled, opened(0)], without), usual, 'where there is none it leaves as ever');
});

test('an operator cannot overtake a hand-over that is still in flight', () => {
  const facts = [
    past.claimed(1, at(0), { leaseUntil: at(3) }),
    past.ended(1, at(1), 'cancelled', 'superseded'),
    past.reopened(1, at(2), 1, 1),
  ];
  const wait = hold('sending', at(3), 'still_in_flight');
  assert.deepEqual(decided(facts, { now: at(2), hasBody: true }), wait);
  assert.deepEqual(decided(facts, { now: at(3), hasBody: true }), { do: 'presumeUnanswered' });
});

test('a copy is called a possible double although the attempt right before it was refused, when one before got no answer', () => {
  const facts = [
    ...LOST,
    past.asked(1, after(70), 'unconfirmed', { settled: false }),
    past.claimed(2, after(90), { ...past.HOW.fallback, double: 'the first may be out' }),
    past.refused(2, after(91), 'busy'),
  ];
  const next = decided([...facts, past.held(2, after(92), 'refused', after(121), 'refused_busy')], {
    kind: 'access',
    now: after(121),
    hasBody: true,
    askedInVain: true,
  });
  assert.match((next as HandOver).double ?? '', /may have gone out/);
});

test('what an operator holds back waits, no longer than its life, and looks again for another way', () => {
  const held = [{ id: 'h', provider: 'mailgun', until: after(20) }];
  const queued = (now: Ms, over: Partial<Circumstances> = {}) =>
    decided([], { kind: 'access', hasBody: true, now, held, ...over });
  const wait = (until: Ms) => ({ do: 'wait', until, isHeld: true });
  assert.deepEqual(queued(after(0)), wait(after(20)));
  assert.deepEqual(queued(after(0), { held: [{ id: 'h', provider: 'mailgun', until: null }] }), wait(after(90)));
  assert.deepEqual(queued(after(100), { held: [{ id: 'h', provider: null, until: null }] }), wait(after(700)));
  const other = queued(after(0), { held: [{ id: 'h', provider: SMTP.name, until: null }] }) as HandOver;
  assert.deepEqual([other.do, other.provider], ['handOver', 'mailgun'], 'another one is held');
});

test('what goes elsewhere because its provider is held is called a possible double when an attempt got no answer', () => {
  const held = [{ id: 'h', provider: 'mailgun', until: null }];
  const facts = [
    past.claimed(1, after(0)),
    past.unanswered(1, after(10)),
    past.claimed(2, after(100), { how: 'repost' }),
    past.refused(2, after(101), 'gone'),
  ];
  const next = decided(facts, { kind: 'access', hasBody: true, now: after(120), held }) as HandOver;
  assert.deepEqual([next.do, next.provider, next.why], ['handOver', SMTP.name, 'provider_held']);
  assert.match(next.double ?? '', /may have gone out/);
  assert.deepEqual(decided([], { kind: 'access', hasBody: true, now: after(120), held }), secondary('provider_held'));
});
