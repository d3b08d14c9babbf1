// The daemon as its users run it: a process of its own, started by the command line, killed without a word.
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(import.meta.dirname, '..', '..', '..');

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
  /** Resolves when it has written so many lines, or has ended. */
  wrote(count: number): Promise<void>;
};

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/**
 * Runs a command of homing; its environment is what is given and no more. With `log`, an open file, its lines go there
 * and are not read, so that `up` never resolves.
 */
export function startProcess(command: readonly string[], env: Record<string, string>, log?: number): DaemonProcess {
  const child = spawn(process.execPath, [join('scripts', 'homing.mjs'), ...command], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', log ?? 'pipe', log ?? 'pipe'],
  });
  alive.add(child);
  const output = outputOf(child);
  let running = true;
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    alive.delete(child);
    running = false;
    return { code, signal };
  });
  const up = Promise.race([portIn(output), failureOf(ended, output)]);
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
    lines: output.lines,
    async wrote(count) {
      await Promise.race([lineAt(output, count - 1), ended]);
    },
  };
}

type Output = { lines: string[]; news: EventEmitter };

/** Every line, of stdout and stderr as they come. */
function outputOf(child: ChildProcess): Output {
  const output: Output = { lines: [], news: new EventEmitter() };
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      output.lines.push(line);
      output.news.emit('line');
    });
  }
  return output;
}

async function lineAt({ lines, news }: Output, n: number): Promise<string> {
  for (let line = lines[n]; ; line = lines[n]) {
    if (line !== undefined) return line;
    await once(news, 'line');
  }
}

/** Reads on until the line that says which port it listens on. */
async function portIn(output: Output): Promise<number> {
  for (let n = 0; ; n++) {
    const line = await lineAt(output, n);
    if (line.includes('"homing is up"')) return (JSON.parse(line) as { port: number }).port;
  }
}

async function failureOf(ended: Promise<Ended>, { lines }: Output): Promise<never> {
  const { code, signal } = await ended;
  throw new Error(`the process ended with ${code ?? signal} before it was up:\n${lines.slice(-10).join('\n')}`);
}
