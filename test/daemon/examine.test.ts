import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config/config.ts';
import { examine } from '../../src/daemon/examine.ts';
import { database, mailgun } from '../commands/support.ts';

test('the doctor looks in a process of its own, by the configuration of this one', async (t) => {
  const { url } = await database(t);
  const { env } = await mailgun(t);
  const found = await examine(readConfig({ DATABASE_URL: url, ...env }, 'daemon'));
  const of = (check: string) => found.filter((one) => one.check === check).map(({ status }) => status);
  assert.deepEqual(of('API key'), ['ok']);
  assert.deepEqual(of('migrations'), ['ok']);
  assert.ok(
    found.some(({ status, mend }) => status !== 'ok' && mend !== null),
    JSON.stringify(found),
  );
});

test('one that comes to no end is given up', async (t) => {
  const { url } = await database(t);
  await assert.rejects(examine(readConfig({ DATABASE_URL: url }, 'database'), 1), /no end in time/);
});
