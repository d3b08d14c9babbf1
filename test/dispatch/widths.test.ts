// How many hand-overs a provider gets at once.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Ms, SECOND } from '../../src/core/time.ts';
import { createWidths } from '../../src/dispatch/widths.ts';
import { clockAt } from '../support/clock.ts';
import { type Homing, queueMail, startByHand } from '../support/homing.ts';

const LANE = 'whole mailgun';
const about = { key: 'one', at: 0, attempt: 1, detail: '' };
const accepted = (took: Ms | null = 100) =>
  ({ fact: { ...about, kind: 'accepted', messageId: null, tracked: true }, took }) as const;
const refused = (why: 'busy' | 'account' | 'permanent') =>
  ({ fact: { ...about, kind: 'refused', why, retryAfter: null }, took: 100 }) as const;
const unanswered = { fact: { ...about, kind: 'unanswered' }, took: null } as const;

/** A lane of 4 to 8 places for which mail waits. */
function wantedLane() {
  const clock = clockAt();
  const widths = createWidths(new Map([[LANE, { usual: 4, most: 8 }]]), clock);
  widths.want(LANE);
  return { clock, widths, note: (ended: Parameters<typeof widths.note>[1]) => widths.note(LANE, ended) };
}

test('each quick hand-over makes room for one more, up to the most', () => {
  const { widths, note } = wantedLane();
  assert.equal(widths.of(LANE), 4);
  note(accepted());
  assert.equal(widths.of(LANE), 5);
  for (let n = 0; n < 10; n++) note(accepted());
  assert.equal(widths.of(LANE), 8);
});

test('what says nothing of the provider changes nothing: a large mail, a refusal of the mail itself', () => {
  const { widths, note } = wantedLane();
  note(accepted());
  note(accepted(null));
  note(refused('permanent'));
  assert.equal(widths.of(LANE), 5);
});

test('a call for several makes room for one', () => {
  const { widths, note } = wantedLane();
  note(accepted());
  note({ ...accepted(), isToldBefore: true });
  assert.equal(widths.of(LANE), 5);
});

for (const [name, trouble] of Object.entries({
  'no answer': unanswered,
  'a busy provider': refused('busy'),
  'a refused account': refused('account'),
  'a slow answer': accepted(SECOND + 1),
})) {
  test(`all that was gained is lost by ${name}`, () => {
    const { widths, note } = wantedLane();
    for (let n = 0; n < 4; n++) note(accepted());
    note(trouble);
    assert.equal(widths.of(LANE), 4);
  });
}

test('places are kept as long as mail waits, and gained anew then', () => {
  const { clock, widths, note } = wantedLane();
  note(accepted());
  clock.advance(SECOND - 1);
  widths.want(LANE);
  clock.advance(SECOND - 1);
  assert.equal(widths.of(LANE), 5);
  clock.advance(1);
  assert.equal(widths.of(LANE), 4);
  note(accepted());
  assert.equal(widths.of(LANE), 4, 'nothing waits');
  widths.want(LANE);
  assert.equal(widths.of(LANE), 4);
});

/** Queues so much mail that some waits when most is under way. */
async function backlog(t: TestContext): Promise<Homing> {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  for (let n = 0; n < 500; n++) await queueMail(homing, `${n}@inbox.test`, { 'v:homing-class': 'notice' });
  return homing;
}

/** How many hand-overs a provider holds that begins to hang; waits until there are that many. */
async function heldBy({ sim, dispatcher }: Homing, atLeast: number): Promise<number> {
  const before = sim.requests.length;
  const held = () => sim.requests.length - before;
  sim.misbehave(({ path }) => /messages/.test(path), 'hang');
  while ((await dispatcher.run()) > 0 || held() < atLeast) await new Promise(setImmediate);
  for (let n = 0; n < 50; n++) await new Promise(setImmediate);
  return held();
}

test('a provider that hangs from the beginning holds 64 mails', async (t) => {
  assert.equal(await heldBy(await backlog(t), 64), 64);
});

test('one that was quick while mail waited holds 128', async (t) => {
  const homing = await backlog(t);
  for (let n = 0; n < 3; n++) await homing.dispatch();
  assert.equal(await heldBy(homing, 128), 128);
});
