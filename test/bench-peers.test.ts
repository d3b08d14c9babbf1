import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

test('the bench of queues says which one it leaves out, and why, and measures the others', async () => {
  const options = ['--quick', '--jobs', '10', '--only', 'sqlite,bullmq'];
  const args = ['--disable-warning=ExperimentalWarning', '--import', 'tsx', 'scripts/bench-peers.ts', ...options];
  const { stdout } = await run(process.execPath, args, { env: { PATH: '' } });
  assert.match(stdout, /^bullmq: left out \(neither redis-server nor valkey-server is installed/m);
  const rows = stdout.split('\n').filter((line) => line.startsWith('| Homing on SQLite |'));
  assert.equal(rows.length, 4);
  for (const row of rows) assert.ok(Number(row.split(' | ')[2]) > 0, row);
});

test('the bench of queues refuses a queue that it does not know', async () => {
  const args = ['--import', 'tsx', 'scripts/bench-peers.ts', '--only', 'sqlite,kafka'];
  const refused = await run(process.execPath, args).catch((error: { code: number; stderr: string }) => error);
  assert.equal('code' in refused && refused.code, 2);
  assert.match(refused.stderr, /--only knows no kafka/);
});
