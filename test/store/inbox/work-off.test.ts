import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InboxRow, Settled } from '../../../src/store/inbox/inbox.ts';
import { workOff } from '../../../src/store/inbox/work-off.ts';
import { MORNING } from '../../support/clock.ts';

const row = (id: string, tries = 0): { row: InboxRow } => ({
  row: {
    ...{ id, provider: 'mailgun', source: 'webhook', event_key: id, received_at: MORNING },
    ...{ content_type: null, body: '{}', tries, outcome: 'new', lease: null },
  },
});

const done = (items: readonly { row: InboxRow }[]): Settled[] => items.map((i) => ({ id: i.row.id, outcome: 'done' }));
const options = { now: MORNING, pause: 1000, onFailure: () => {} };

test('rows are worked off in one go', async () => {
  let calls = 0;
  const work = async (items: readonly { row: InboxRow }[]) => {
    calls++;
    return done(items);
  };
  assert.deepEqual(await workOff([row('a'), row('b')], work, options), done([row('a'), row('b')]));
  assert.equal(calls, 1);
});

test('one that fails is tried three times, and the others are done', async () => {
  const work = async (items: readonly { row: InboxRow }[]) => {
    if (items.some((i) => i.row.id === 'bad')) throw new Error('it is wrong');
    return done(items);
  };
  const outcome = async (tries: number) =>
    (await workOff([row('a'), row('bad', tries)], work, options)).map((r) => r.outcome);
  assert.deepEqual(await outcome(0), ['done', 'retry']);
  assert.deepEqual(await outcome(1), ['done', 'retry']);
  assert.deepEqual(await outcome(2), ['done', 'set_aside']);
});

test('no row is to blame when the database is in trouble: nothing is counted, and all are tried again', async () => {
  for (const code of ['SQLITE_BUSY', 'ER_LOCK_WAIT_TIMEOUT', 'ECONNREFUSED']) {
    let calls = 0;
    const work = async () => {
      calls++;
      throw Object.assign(new Error('the database is away'), { code });
    };
    await assert.rejects(workOff([row('a', 2), row('b')], work, options), /the database is away/);
    assert.equal(calls, 1, code);
  }
});

test('trouble of the database that begins while rows are tried one by one is no fault of theirs either', async () => {
  const work = async (items: readonly { row: InboxRow }[]) => {
    if (items.length > 1) throw new Error('one of them is wrong');
    throw Object.assign(new Error('the database is away'), { code: 'SQLITE_BUSY' });
  };
  await assert.rejects(workOff([row('a', 2), row('b', 2)], work, options), /the database is away/);
});
