import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FLAGS = ['--disable-warning=ExperimentalWarning', '--import', 'tsx'];
const fileOf = (script: string): string => join(import.meta.dirname, script);

/** Runs a script of this folder as a process of its own and returns what it printed as JSON. Rejects when it fails. */
export async function child(script: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await run(process.execPath, [...FLAGS, fileOf(script), ...args], { timeout: 60_000 });
  return JSON.parse(stdout);
}

/**
 * The same several times at once. Each prints a first line when it is ready and begins when all are; the rest of what
 * it prints is its result.
 */
export async function race(script: string, argsOfEach: readonly string[][]): Promise<unknown[]> {
  const runners = argsOfEach.map((args) => spawn(process.execPath, [...FLAGS, fileOf(script), ...args]));
  try {
    const results = runners.map(outputOf);
    await Promise.all(results.map((r) => r.ready));
    for (const runner of runners) runner.stdin.end('go\n');
    return await Promise.all(results.map((r) => r.result));
  } finally {
    for (const runner of runners) runner.kill('SIGKILL');
  }
}

function outputOf(runner: ChildProcessWithoutNullStreams): { ready: Promise<void>; result: Promise<unknown> } {
  let printed = '';
  let problems = '';
  runner.stderr.on('data', (piece: Buffer) => {
    problems += piece.toString();
  });
  const ended = once(runner, 'close').then(([code]) => {
    if (code !== 0) throw new Error(`the process ended with ${String(code)}:\n${problems}`);
  });
  const firstLine = new Promise<void>((resolve) => {
    runner.stdout.on('data', (piece: Buffer) => {
      printed += piece.toString();
      if (printed.includes('\n')) resolve();
    });
  });
  const result = ended.then((): unknown => JSON.parse(printed.slice(printed.indexOf('\n'))));
  return { ready: Promise.race([firstLine, ended]), result };
}

/** Whether a process that is killed before this statement of its own came to the end before it. */
export const migrates = (url: string, statement: number): Promise<boolean> =>
  child('migrate-child.ts', url, String(statement)).then(
    () => true,
    (error: { signal?: string }) => {
      if (error.signal !== 'SIGKILL') throw error;
      return false;
    },
  );
