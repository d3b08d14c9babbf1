import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { seal } from '../../../src/base/seal.ts';
import type { Finding } from '../../../src/commands/doctor/finding.ts';
import type { Env } from '../../../src/config/env.ts';
import { MINUTE } from '../../../src/core/time.ts';
import { publishKeys } from '../../../src/intake/sealing-keys.ts';
import { migrate } from '../../../src/store/db/migrate.ts';
import { openStore } from '../../../src/store/db/open.ts';
import { freshFolder } from '../../client/support.ts';
import { MORNING } from '../../support/clock.ts';
import { queueDraft, seedQueued } from '../../support/factory.ts';
import { homingAsNobody } from '../../support/nobody.ts';
import { onMariaDb } from '../../support/stores.ts';
import { database, mailgun } from '../support.ts';
import { examine } from './support.ts';

const [OLD, NEW] = ['0123456789abcdef'.repeat(4), 'fedcba9876543210'.repeat(4)];

/** The settings of a user to whom the rights of files apply, for a database that he may read. */
async function readable(t: TestContext): Promise<{ env: Env; folder: string; file: string }> {
  const { env } = await mailgun(t);
  const folder = freshFolder(t);
  const file = join(folder, 'homing.sqlite');
  const store = openStore(`sqlite:${file}`);
  await migrate(store.db);
  await store.close();
  chmodSync(folder, 0o777);
  chmodSync(file, 0o666);
  return { folder, file, env: { ...env, DATABASE_URL: `sqlite:${file}`, HOST: '127.0.0.1', PORT: '0' } };
}

const databaseSays = (out: string): string[] =>
  (JSON.parse(out) as { findings: Finding[] }).findings
    .filter(({ check, status }) => check === 'database' && status === 'problem')
    .map(({ says }) => says);

test('a database that may only be read is a problem to the doctor, and no crash to the others', async (t) => {
  const { env, file } = await readable(t);
  chmodSync(file, 0o444);
  const doctor = await homingAsNobody(['doctor', '--json', '--patience', '1s'], env);
  assert.match(databaseSays(doctor.out).join(), /sqlite:.*SQLITE_(?:READONLY|CANTOPEN)/);
  assert.equal(doctor.code, 1);
  for (const args of [['start'], ['suppressions', 'add', 'ann@example.org']]) {
    const { code, err } = await homingAsNobody(args, env);
    assert.equal(code, 1);
    assert.match(err, /^The database sqlite:.* can't be used: .* \(SQLITE_(?:READONLY|CANTOPEN)\)\n$/);
  }
});

test('a folder in which SQLite can not make its files again is a problem before the next start', async (t) => {
  const { env, file, folder } = await readable(t);
  // A daemon that runs has made them already.
  const running = openStore(`sqlite:${file}`);
  t.after(running.close);
  await running.db('cursors').insert({ name: 'x', value: '', at: 1 });
  for (const end of ['-wal', '-shm']) chmodSync(`${file}${end}`, 0o666);
  chmodSync(folder, 0o555);
  const { out } = await homingAsNobody(['doctor', '--json', '--patience', '1s'], env);
  chmodSync(folder, 0o755);
  assert.match(databaseSays(out).join(), /this user may not write in .*, where SQLite keeps its files/);
});

onMariaDb('a server that takes no writes is a problem', async ({ t, store, url }) => {
  const { env } = await mailgun(t);
  const found = async () => (await examine({ ...env, DATABASE_URL: url })).of('database').map((f) => f.says);
  assert.doesNotMatch((await found()).join(), /nothing can be written/);
  // As a replica does, or a server during a failover.
  await store.db.raw('set global tx_read_only = 1');
  try {
    assert.match((await found()).join(), /nothing can be written in mysql:.*READ ONLY transaction/i);
  } finally {
    await store.db.raw('set global tx_read_only = 0');
  }
  assert.equal((await store.db('cursors').where('name', 'like', 'write check%')).length, 0);
});

test('a key that does not open what is kept, or that the daemons do not have, is a problem', async (t) => {
  const [{ store, url }, { env }] = await Promise.all([database(t), mailgun(t)]);
  const of = async (ENCRYPTION_KEY: string) =>
    (await examine({ ...env, DATABASE_URL: url, ENCRYPTION_KEY }))
      .of('encryption key')
      .map((f) => `${f.status}: ${f.says}`);
  const draft = queueDraft({ key: null });
  await seedQueued(store, { ...draft, body: await seal(Buffer.from('Hi'), OLD, draft.id) }, MORNING + MINUTE);
  assert.match(
    (await of(NEW)).join(),
    /problem: ENCRYPTION_KEY is not the right one: 1 mail is kept here sealed with another/,
  );
  assert.doesNotMatch((await of(`${NEW},${OLD}`)).join(), /problem/);
  await store.db('message_bodies').delete();
  assert.doesNotMatch((await of(NEW)).join(), /problem/);
  await publishKeys(store, [OLD], MORNING);
  assert.match((await of(NEW)).join(), /problem: .*the daemons of this database/);
});
