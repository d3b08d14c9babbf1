import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { newId } from '../../src/base/ids.ts';
import { openSpool } from '../../src/base/spool.ts';
import { HomingError } from '../../src/client/homing-error.ts';
import type { Told } from '../../src/client/record.ts';
import { createRecorder } from '../../src/client/recorder.ts';
import type { Problem } from '../../src/client/types.ts';
import { DOMAIN, freshFolder } from './support.ts';

function told(): Told {
  const id = newId(Date.now());
  const about = { domain: DOMAIN, from: 'a@example.com', to: ['ann@example.org'], subject: null, key: null };
  return { id, messageId: `${id}@${DOMAIN}`, ...about, class: 'notice', createdAt: 0, state: 'sending' };
}

/** A recorder whose store fails with what is in `trouble`. */
function setup(t: TestContext, trouble: { now: Error | null }, patience = 5000) {
  const problems: Problem[] = [];
  const stored: Told[] = [];
  const folder = freshFolder(t);
  const slow = { until: Promise.resolve() };
  const recorder = createRecorder({
    ready: async () => null,
    async take(records) {
      if (trouble.now) throw trouble.now;
      await slow.until;
      stored.push(...records);
      return records.map(() => ({ ok: true }));
    },
    spool: openSpool({ folder, maxBytes: 100_000 }),
    patience,
    pause: 60_000,
    onProblem: (problem) => problems.push(problem),
    monotonic: () => performance.now(),
  });
  t.after(recorder.close);
  return { recorder, problems, stored, folder, slow };
}

test('an outage is told of when it begins, and once', async (t) => {
  const trouble = { now: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) };
  const { recorder, problems } = setup(t, trouble);
  for (let n = 0; n < 3; n++) await recorder.before(told());
  assert.deepEqual(problems, [{ kind: 'spooled', count: 1, detail: 'the store can not be used: ECONNREFUSED' }]);
  assert.equal(recorder.counts().spooled, 3);
});

test('what somebody has to mend is told of with each record, and all are filed when it is mended', async (t) => {
  const trouble: { now: Error | null } = { now: new HomingError('unauthorized', 'it does not know this token') };
  const { recorder, problems, stored, folder } = setup(t, trouble);
  for (let n = 0; n < 3; n++) await recorder.before(told());
  const one = { kind: 'misconfigured', count: 1, detail: 'it does not know this token' };
  assert.deepEqual(problems, [one, one, one]);
  trouble.now = null;
  await recorder.catchUp();
  await recorder.before(told());
  assert.equal(stored.length, 4);
  assert.equal(problems.length, 3);
  assert.deepEqual([readdirSync(folder), recorder.counts()], [[], { recorded: 1, spooled: 3, filed: 3, lost: 0 }]);
});

test('an outage that turns out to be a wrong token is told of as that', async (t) => {
  const trouble: { now: Error | null } = { now: new Error('away') };
  const { recorder, problems } = setup(t, trouble);
  await recorder.before(told());
  trouble.now = new HomingError('unauthorized', 'it does not know this token');
  await recorder.catchUp();
  await recorder.before(told());
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ['spooled', 'misconfigured'],
  );
});

test('after close records go to the spool, and nobody is kept waiting for the store', async (t) => {
  const { recorder, stored, folder } = setup(t, { now: null });
  await recorder.before(told());
  await recorder.close();
  await recorder.before(told());
  assert.equal(stored.length, 1);
  assert.deepEqual(readdirSync(folder), ['spool.jsonl']);
});

test('a store that was only slow is used again as soon as it has answered', async (t) => {
  const { recorder, stored, slow } = setup(t, { now: null }, 1000);
  let answer = () => {};
  slow.until = new Promise((resolve) => {
    answer = resolve;
  });
  await recorder.before(told());
  await recorder.flush();
  assert.equal(recorder.counts().spooled, 1);
  answer();
  // The pause is a minute: without the answer this would go on for so long.
  for (let n = 0; n < 1000 && recorder.counts().recorded < 2; n++) await recorder.before(told());
  assert.equal(recorder.counts().recorded, 2);
  assert.ok(stored.length >= 3, 'what had gone to the spool meanwhile is filed');
});
