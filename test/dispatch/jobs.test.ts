import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { DISPATCH_JOBS } from '../../src/dispatch/jobs.ts';
import { type Homing, queueMail, startByHand } from '../support/homing.ts';

const env = { ENCRYPTION_KEY: 'ab'.repeat(32) };

async function queueEach(homing: Homing, kinds: readonly string[]): Promise<void> {
  for (const [n, kind] of kinds.entries())
    await queueMail(homing, `${kind}${n}@example.org`, { 'v:homing-class': kind });
}

test('while much mail is taken in access mail leaves at once, and the rest a few times a second, for a minute', async (t) => {
  const homing = await startByHand(t, { env });
  const { inside, clock } = homing;
  let perSecond = 1000;
  let at = clock();
  // Whatever is asked for the time takes some of it.
  const monotonic = () => ++at;
  const [job] = DISPATCH_JOBS.map((one) =>
    one.start({ ...inside, monotonic, queued: { perSecond: () => perSecond }, wake: () => {} }),
  );
  assert.ok(job);
  /** How much was looked at, of the mail that is queued now. */
  const handled = async (...kinds: string[]): Promise<number> => {
    await queueEach(homing, kinds);
    const sum = await job.run();
    await job.idle?.();
    return sum;
  };
  assert.equal(await handled('notice', 'access', 'bulk'), 3);
  assert.equal(await handled('notice', 'access', 'bulk'), 1, 'the rest rests');
  assert.equal(await handled('access'), 1);
  at += SECOND;
  assert.equal(await handled(), 2, 'for a second at most');
  assert.equal(await handled('notice'), 0);
  at += MINUTE;
  assert.equal(await handled(), 1);
  assert.equal(await handled('notice'), 1, 'what lasts for longer than a minute is the usual');
  perSecond = 0;
  assert.equal(await handled('notice'), 1);
  perSecond = 1000;
  assert.equal(await handled('bulk'), 1);
  assert.equal(await handled('bulk'), 0, 'another flood');
  perSecond = 0;
  assert.equal(await handled(), 1, 'it is over at once when little comes in');
});
