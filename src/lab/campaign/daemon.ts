// The daemon as its users run it: a process of its own, started by the command line, killed without a word.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const FLAGS = ['--disable-warning=ExperimentalWarning', '--import', 'tsx'];

export type Ended = { code: number | null; signal: string | null };
export type DaemonProcess = {
  pid: number;
  /** Resolves to its port when it is up; rejects when it ended before. */
  up: Promise<number>;
  ended: Promise<Ended>;
  isRunning(): boolean;
  signal(name: NodeJS.Signals): void;
  /** Kills it without a word and waits until it is gone. */
  kill(): Promise<void>;
  /** All that it has written to stdout and stderr, line by line. */
  lines: readonly string[];
};

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** Runs a command of homing; its environment is what is given and no more. */
export function startProcess(command: readonly string[], env: Record<string, string>): DaemonProcess {
  const child = spawn(process.execPath, [...FLAGS, join('src', 'cli.ts'), ...command], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  alive.add(child);
  const lines: string[] = [];
  let running = true;
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    alive.delete(child);
    running = false;
    return { code, signal };
  });
  const up = portOf(child, lines, ended);
  // Who does not wait for it to come up does not care whether it did.
  up.catch(() => {});
  return {
    pid: child.pid ?? 0,
    up,
    ended,
    isRunning: () => running,
    signal: (name) => child.kill(name),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    lines,
  };
}

/** Keeps every line, and finds the one that says which port it listens on. */
function portOf(child: ChildProcess, lines: string[], ended: Promise<Ended>): Promise<number> {
  const found = new Promise<number>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (line.includes('"homing is up"')) resolve(Number((JSON.parse(line) as { port: number }).port));
      });
    }
  });
  const never = ended.then(({ code, signal }): number => {
    throw new Error(`the process ended with ${code ?? signal} before it was up:\n${lines.slice(-10).join('\n')}`);
  });
  return Promise.race([found, never]);
}
