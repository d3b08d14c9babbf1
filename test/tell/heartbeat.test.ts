import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startSimHealthchecks } from '../../src/lab/servers/healthchecks.ts';
import { withHeartbeat } from '../../src/tell/heartbeat.ts';
import { clockAt } from '../support/clock.ts';
import { logInto } from '../support/homing.ts';

async function checked(t: TestContext, patience?: number) {
  const sim = await startSimHealthchecks();
  t.after(sim.close);
  const lines: string[] = [];
  const deps = { url: sim.check, now: clockAt(), log: logInto(lines), ...(patience ? { patience } : {}) };
  return { sim, lines, deps };
}

test('a run tells of its start and of its success, and both are of one run', async (t) => {
  const { sim, deps } = await checked(t);
  assert.equal(await withHeartbeat(deps, async () => 'done'), 'done');
  await withHeartbeat({ ...deps, url: `${sim.check}/` }, async () => {});
  assert.deepEqual(
    sim.pings.map(({ signal }) => signal),
    ['start', 'success', 'start', 'success'],
  );
  const [first, second, third] = sim.pings;
  assert.match(first?.run ?? '', /^[0-9a-f-]{36}$/);
  assert.equal(first?.run, second?.run);
  assert.notEqual(first?.run, third?.run);
});

test('a run that fails, or is broken off, tells so with a line, and fails all the same', async (t) => {
  const { sim, deps } = await checked(t);
  const broken = AbortSignal.abort(new Error('stopped\nfor anna.muster@example.com'));
  await assert.rejects(
    withHeartbeat(deps, async () => broken.throwIfAborted()),
    /stopped/,
  );
  assert.deepEqual(
    sim.pings.map(({ signal, said }) => [signal, said]),
    [
      ['start', ''],
      ['fail', '2026-11-25 09:00:00 UTC the reconciler failed: stopped for a***@example.com'],
    ],
  );
});

for (const mood of ['failing', 'hanging', 'moved', 'telling'] as const)
  test(`a run goes on as if nothing was when the service is ${mood}, and the log says so`, async (t) => {
    const { sim, deps, lines } = await checked(t, 300);
    sim.feel(mood);
    assert.equal(await withHeartbeat(deps, async () => 'done'), 'done');
    await assert.rejects(
      withHeartbeat(deps, () => Promise.reject(new Error('the run failed'))),
      { message: 'the run failed' },
    );
    assert.deepEqual([sim.asked.length, lines.length], [4, 4]);
    assert.match(lines[1] ?? '', /"signal":"success".*the heartbeat could not be told/);
    assert.doesNotMatch(lines.join(), /073305d2|ccddee/, 'the address of the check is its key');
  });

test('a run that is never over tells of no end, so the service notices', async (t) => {
  const { sim, deps } = await checked(t);
  let isBegun: () => void = () => {};
  const begun = new Promise<void>((resolve) => {
    isBegun = resolve;
  });
  void withHeartbeat(deps, () => {
    isBegun();
    return new Promise(() => {});
  });
  await begun;
  while (sim.pings.length === 0) await new Promise(setImmediate);
  assert.deepEqual(
    sim.pings.map(({ signal }) => signal),
    ['start'],
  );
});

test('without a service the run is all there is', async () => {
  const deps = { url: null, now: clockAt(), log: logInto([]) };
  assert.equal(await withHeartbeat(deps, async () => 1), 1);
});
