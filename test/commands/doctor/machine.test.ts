import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { roomFor } from '../../../src/commands/doctor/space.ts';
import { freshFolder } from '../../client/support.ts';
import { examine, healthy } from './support.ts';

const GB = 1024 ** 3;

test('a disk that is nearly full is told before nothing can be taken in any more', async (t) => {
  const { env } = await healthy(t);
  assert.match((await examine(env)).of('disk')[0]?.says ?? '', /^\d+ MB \(\d+ %\) are free for the database/);
  for (const [free, total, status] of [
    [50 * GB, 100 * GB, 'ok'],
    [0.5 * GB, 2 * GB, 'ok'],
    [0.5 * GB, 100 * GB, 'warning'],
    [0.05 * GB, 0.1 * GB, 'problem'],
    [0, 0, 'problem'],
  ] as const)
    assert.equal(roomFor('it', { free, total }).status, status, `${free} of ${total}`);
});

test('a spool folder that is missing, none, or open to everybody is told', async (t) => {
  const { env } = await healthy(t);
  const folder = freshFolder(t);
  const found = async (SPOOL_DIR: string) => {
    const [finding] = (await examine({ ...env, SPOOL_DIR })).of('spool folder');
    return `${finding?.status}: ${finding?.says}`;
  };
  assert.match(await found(join(folder, 'none')), /^warning: .* is not there$/);
  const file = join(folder, 'file');
  writeFileSync(file, '');
  assert.match(await found(file), /^problem: .* is no folder$/);
  const own = join(folder, 'own');
  mkdirSync(own, { mode: 0o700 });
  assert.match(await found(own), /^ok: /);
  writeFileSync(join(own, 'set-aside.jsonl'), 'x\n');
  assert.match(await found(own), /^warning: .*set-aside\.jsonl has records/);
  chmodSync(own, 0o777);
  assert.match(await found(own), /^warning: everybody may write/);
});

test('what is not kept on this machine needs no room here', async (t) => {
  const { env } = await healthy(t);
  const { worst } = await examine({ ...env, DATABASE_URL: 'mysql://homing@127.0.0.1:1/homing' });
  assert.deepEqual([worst('disk'), worst('spool folder')], ['not there', 'not there']);
});
