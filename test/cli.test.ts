import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Env } from '../src/config/env.ts';
import { mailgun } from './commands/support.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const REPORT = fileURLToPath(new URL('../scripts/report.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');

type Running = { process: ChildProcessWithoutNullStreams; out: () => string; err: () => string; code: Promise<number> };

/** The program as a process of its own, in a folder of its own, with nothing of our environment. */
function homing(t: TestContext, args: readonly string[], env: Env = {}, dotEnv = '', file = CLI): Running {
  const folder = mkdtempSync(join(tmpdir(), 'homing-run-'));
  if (dotEnv !== '') writeFileSync(join(folder, '.env'), dotEnv);
  const command = [process.execPath, '--import', TSX, file, ...args];
  const run = running(t, command, { cwd: folder, env: { PATH: process.env['PATH'], ...env } });
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return run;
}

/** What is still there of it when the test is over is ended, with all that it has started. */
function running(t: TestContext, [file = '', ...args]: string[], how: { cwd: string; env: Env }): Running {
  const child = spawn(file, args, { ...how, detached: true });
  const code = once(child, 'close').then(([status]) => Number(status));
  t.after(async () => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    await code;
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (part: Buffer) => {
    out += part.toString();
  });
  child.stderr.on('data', (part: Buffer) => {
    err += part.toString();
  });
  return { process: child, out: () => out, err: () => err, code };
}

/** Resolves when it has printed that, and rejects when it ends before. */
async function printed({ process: child, out, err }: Running, what: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const found = what.exec(out());
    if (found) return found;
    assert.equal(child.exitCode, null, `it ended without printing ${what}:\n${out()}${err()}`);
    await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
  }
}

test('the help names every command and the exit codes, and asks for no setting', async (t) => {
  const run = homing(t, ['--help'], { PORT: 'none' });
  assert.equal(await run.code, 0);
  for (const name of ['start', 'migrate', 'explain', 'retry', 'cancel', 'doctor', 'probe', 'classify', 'demo'])
    assert.match(run.out(), new RegExp(`^ {2}${name}\\b`, 'm'));
  assert.match(run.out(), /0 done, 1 failed, 2 wrong usage, 78 wrong configuration/);
  assert.equal(run.err(), '');
});

test('an unknown command is wrong usage, and the right one is suggested', async (t) => {
  const run = homing(t, ['explian', 'x']);
  assert.equal(await run.code, 2);
  assert.match(run.err(), /unknown command 'explian'[\s\S]*Did you mean explain\?/);
  assert.equal(run.out(), '');
});

test('npm run report is homing report, with its words and exit codes', async (t) => {
  for (const args of [['--date', 'yesterday'], ['--help'], ['--date', '2026-11-21']]) {
    const [script, command] = [homing(t, args, {}, '', REPORT), homing(t, ['report', ...args])];
    assert.equal(await script.code, await command.code);
    assert.deepEqual([script.out(), script.err()], [command.out(), command.err()]);
    assert.match(script.out() + script.err(), /expected a day like|Usage: homing report|There is no database/i);
  }
});

test('a wrong configuration ends with 78 and every problem; .env is read, and the environment wins', async (t) => {
  const dotEnv =
    '\ufeffRETRY_BASE=none\nPORT=99999\nLEASE=long\nMAILGUN_API_KEY=key-swordfish\nSECONDARY_SMTP_URL=ftp://user:swordfish@relay\n';
  const run = homing(t, ['start'], { LEASE: '30s', LOG_LEVEL: 'loud' }, dotEnv);
  assert.equal(await run.code, 78);
  const named = [...run.err().matchAll(/^ {2}- ([A-Z_]+) /gm)].map(([, name]) => name);
  const expected = [
    'LOG_LEVEL',
    'MAILGUN_DOMAIN',
    'MAILGUN_WEBHOOK_SIGNING_KEY',
    'PORT',
    'RETRY_BASE',
    'SECONDARY_SMTP_URL',
  ];
  assert.deepEqual(named.sort(), expected);
  assert.doesNotMatch(run.err(), /swordfish|at file:|Warning/);
  assert.equal(run.out(), '');
});

test('starts, tells of slips and of what is not set, answers, says where it can not listen, and ends with 0 on SIGTERM', async (t) => {
  const { env } = await mailgun(t);
  const slips = { ADMIN_EMAIL: 'swordfish@example.com', SECONDARY_SMTP: 'smtp://relay', RETRY_MAXATTEMPTS: '3' };
  const daemon = homing(t, ['start'], { ...env, ...slips, HOST: '127.0.0.1', PORT: '0' });
  const [, port] = await printed(daemon, /"port":(\d+)/);
  for (const meant of ['ADMIN_EMAILS', 'SECONDARY_SMTP_URL', 'RETRY_MAX_ATTEMPTS'])
    assert.match(daemon.out(), new RegExp(`"level":40,.* is not a setting and is ignored: did you mean ${meant}\\?`));
  for (const unset of ['SECONDARY_SMTP_URL', 'ADMIN_EMAILS', 'API_TOKENS', 'ENCRYPTION_KEY', 'PUBLIC_URL'])
    assert.match(daemon.out(), new RegExp(`"msg":"${unset} is not set: `));
  assert.doesNotMatch(daemon.out(), /swordfish/);
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
  const second = homing(t, ['start'], { ...env, HOST: '127.0.0.1', PORT: port });
  assert.equal(await second.code, 1);
  assert.match(second.err(), /can't listen on 127\.0\.0\.1:\d+: it is in use/);
  const nowhere = homing(t, ['start'], { ...env, HOST: 'http://0.0.0.0', PORT: port });
  assert.equal(await nowhere.code, 1);
  assert.match(nowhere.err(), /can't listen on http:\/\/0\.0\.0\.0:\d+: /);
  daemon.process.kill('SIGTERM');
  assert.equal(await daemon.code, 0);
  assert.match(daemon.out(), /"msg":"stopped"/);
  assert.equal(daemon.err(), '');
});

test('stops when the npm that started it is told to stop', async (t) => {
  const { env } = await mailgun(t);
  const folder = mkdtempSync(join(tmpdir(), 'homing-run-'));
  const here = { DATABASE_URL: `sqlite:${join(folder, 'homing.sqlite')}`, HOST: '127.0.0.1', PORT: '0' };
  const all = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env, ...here };
  const npm = running(t, ['npm', 'run', '-s', 'homing', '--', 'start'], { cwd: ROOT, env: all });
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await printed(npm, /homing is up/);
  npm.process.kill('SIGTERM');
  await npm.code;
  assert.match(npm.out(), /"msg":"stopped"/);
});

test('waits for a request in flight when told to stop, and ends at once with 1 when told again', async (t) => {
  const { env } = await mailgun(t);
  const daemon = homing(t, ['start'], { ...env, HOST: '127.0.0.1', PORT: '0' });
  const [, port] = await printed(daemon, /"port":(\d+)/);
  const socket = connect(Number(port), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {}); // it is to be cut off
  await once(socket, 'connect');
  socket.write('POST /webhooks/mailgun HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n{');
  await once(socket, 'data');
  daemon.process.kill('SIGINT');
  await printed(daemon, /stopping/);
  assert.equal(daemon.process.exitCode, null);
  daemon.process.kill('SIGTERM');
  assert.equal(await daemon.code, 1);
});

test('classifies a long stream in order, one line for each', async (t) => {
  const run = homing(t, ['classify']);
  const lines = Array.from({ length: 5_000 }, (_, id) => JSON.stringify({ id, code: 550, message: 'user unknown é' }));
  run.process.stdin.end(`${lines.join('\r\n')}\nplain text without an end`);
  assert.equal(await run.code, 0);
  const answers = run.out().trimEnd().split('\n');
  assert.equal(answers.length, 5_001);
  const ids = answers.slice(0, 5_000).map((line) => (JSON.parse(line) as { id: number }).id);
  assert.deepEqual(ids, [...ids.keys()]);
});

test('ends quietly when nobody reads on', async (t) => {
  const run = homing(t, ['classify']);
  run.process.stdin.on('error', () => {}); // EPIPE on this side too
  run.process.stdout.once('data', () => run.process.stdout.destroy());
  run.process.stdin.write('550 5.1.1 user unknown\n'.repeat(200_000));
  assert.equal(await run.code, 0);
  assert.equal(run.err(), '');
});
