import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSteadyClock } from '../../src/base/steady-clock.ts';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import { MORNING } from '../support/clock.ts';

/** A machine whose clock can be set, and the true time. */
function machine() {
  let [truth, wall, ran] = [MORNING, MORNING, 5000];
  let asleep = 0;
  const clock = createSteadyClock({ wall: () => wall, monotonic: () => ran, uptime: () => ran + asleep });
  return {
    clock,
    set(by: Ms) {
      wall += by;
    },
    sleep(by: Ms) {
      [truth, wall, asleep] = [truth + by, wall + by, asleep + by];
    },
    pass(length: Ms, hears = false) {
      for (let gone = 0; gone < length; gone += SECOND) {
        [truth, wall, ran] = [truth + SECOND, wall + SECOND, ran + SECOND];
        clock.now();
      }
      if (hears) clock.heard(truth);
    },
    /** By how much the steady clock is ahead of the truth. */
    ahead: () => clock.now() - truth,
  };
}

for (const [words, step] of [
  ['back an hour', -HOUR],
  ['ahead an hour', HOUR],
  ['ahead a day', DAY],
  ['back a day', -DAY],
] as const)
  test(`the machine's clock set ${words}, and right again, moves nothing while another clock says so`, () => {
    const m = machine();
    m.pass(MINUTE);
    m.set(step);
    assert.equal(m.ahead(), 0);
    for (let n = 0; n < 180; n++) {
      m.pass(MINUTE, true);
      assert.equal(m.ahead(), 0);
    }
    assert.equal(m.clock.behindBy(), -step);
    m.set(-step);
    m.pass(MINUTE, true);
    assert.deepEqual([m.ahead(), m.clock.behindBy()], [0, 0]);
  });

test('a clock that was wrong from the start is set right at once if it was slow, and at half speed if it was fast', () => {
  const slow = machine();
  slow.set(HOUR);
  slow.clock.heard(slow.clock.now() + HOUR);
  assert.equal(slow.clock.now(), MORNING + HOUR);
  const fast = machine();
  fast.set(-HOUR);
  let last = fast.clock.now();
  fast.clock.heard(MORNING - HOUR);
  for (let n = 0; n < 120; n++) {
    fast.pass(MINUTE);
    const now = fast.clock.now();
    assert.ok(now - last >= 30 * SECOND, 'nothing stands still');
    last = now;
  }
  assert.equal(last, MORNING - HOUR + 2 * HOUR);
});

test('when nobody tells the time the machine is followed after ten minutes', () => {
  const m = machine();
  m.set(HOUR);
  m.pass(10 * MINUTE);
  assert.equal(m.ahead(), 0);
  m.pass(10 * SECOND);
  assert.equal(m.ahead(), HOUR);
});

test('a clock that agrees with neither decides nothing', () => {
  const m = machine();
  m.set(HOUR);
  m.pass(MINUTE);
  m.clock.heard(MORNING + 30 * DAY);
  assert.equal(m.ahead(), 0);
  m.pass(11 * MINUTE);
  assert.equal(m.ahead(), HOUR);
});

test('a machine that slept has the time at once when it wakes', () => {
  const m = machine();
  m.pass(MINUTE);
  m.sleep(9 * HOUR);
  assert.equal(m.ahead(), 0);
});

test('small corrections are followed at once', () => {
  const m = machine();
  m.set(900);
  assert.equal(m.ahead(), 900);
  m.set(-1500);
  assert.equal(m.ahead(), -600);
});
