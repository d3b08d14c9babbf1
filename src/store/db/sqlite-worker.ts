import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { asking, startThread } from '../../base/thread.ts';
import { SECOND } from '../../core/time.ts';
import type { FileWatch } from './file-health.ts';
import { type HowToRun, type Ran, sqliteFile } from './sqlite-connection.ts';

/** Whoever runs the statements of a file. */
export type SqliteWorker = {
  open(): Promise<void>;
  run(sql: string, bindings: readonly unknown[]): Promise<Ran>;
  /** Runs a statement once with each of these values, all or none. */
  runEach(sql: string, each: readonly (readonly unknown[])[]): Promise<void>;
  close(): Promise<void>;
  /** The last thing that is asked of it. */
  end(): Promise<void>;
  /** Null for a database in memory. */
  file: FileWatch | null;
};

/** The driver is synchronous: a statement that waits for another writer in here lets nothing else in this thread go on. */
const HERE: HowToRun = { busy: 20, checkpoint: 1000, cache: 16 };

/** Runs them in this thread. */
export function workHere(filename: string, isThere: boolean): SqliteWorker {
  const file = sqliteFile(filename, { ...HERE, isThere });
  return {
    open: async () => file.open(),
    run: async (sql, bindings) => file.run(sql, bindings),
    runEach: async (sql, each) => file.runEach(sql, each),
    close: async () => file.close(),
    end: async () => {},
    file: file.health,
  };
}

/**
 * In a thread of its own a statement may wait for as long as a change is tried anyway. Whoever asks waits for its commits,
 * so the log is left to the others who write to the file, unless they let it grow too long. What it asks for is mostly new,
 * and needs no large cache.
 */
const IN_THREAD: HowToRun = { busy: SECOND, checkpoint: 16_000, cache: 8 };

type Question =
  | { op: 'open' | 'close' | 'inspect' }
  | { op: 'run'; sql: string; bindings: readonly unknown[] }
  | { op: 'runEach'; sql: string; each: readonly (readonly unknown[])[] };
export type Asked = Question & { id: number };

export type Answered = { id: number } & Answer;
type Answer = { problem: string | null } & (
  | { ran: Ran | null }
  | { error: { name: string; message: string; code: string | undefined } }
);

/**
 * Runs them in a thread of its own, one after the other, so that no commit that waits for the disk, and no wait for another
 * writer, holds this thread up.
 */
export function workInThread(filename: string, isThere: boolean): SqliteWorker {
  let problem: string | null = null;
  const thread = startThread(import.meta.url, 'sqlite-thread', { filename, how: { ...IN_THREAD, isThere } });
  const asked = asking<Question, Answer>(thread);
  // It answers with the errors of statements. Any other is of the thread itself, and nobody would be answered any more.
  thread.on('error', (error) => {
    throw error;
  });

  async function ask(what: Question, moved: readonly ArrayBuffer[] = []): Promise<Ran | null> {
    const answer = await asked.ask(what, moved);
    problem = answer.problem;
    if ('error' in answer) throw Object.assign(new Error(answer.error.message), answer.error);
    return answer.ran;
  }

  return {
    open: async () => void (await ask({ op: 'open' })),
    async run(sql, given) {
      const moved: ArrayBuffer[] = [];
      return (await ask({ op: 'run', sql, bindings: inOwnMemory(given, moved) }, moved)) as Ran;
    },
    async runEach(sql, given) {
      const moved: ArrayBuffer[] = [];
      await ask({ op: 'runEach', sql, each: given.map((bindings) => inOwnMemory(bindings, moved)) }, moved);
    },
    close: async () => void (await ask({ op: 'close' })),
    end: () => ended(thread),
    file: { problem: () => problem, inspect: async () => void (await ask({ op: 'inspect' })) },
  };
}

/**
 * Bytes that are a part of others would be posted with all of these, once for each part. Whoever asks keeps his own: a change
 * may be tried again. The copies are added to `moved`.
 */
function inOwnMemory(given: readonly unknown[], moved: ArrayBuffer[]): readonly unknown[] {
  if (!given.some((value) => value instanceof Uint8Array)) return given;
  return given.map((value) => {
    if (!(value instanceof Uint8Array)) return value;
    const copy = new Uint8Array(value);
    moved.push(copy.buffer);
    return copy;
  });
}

async function ended(thread: Worker): Promise<void> {
  const gone = once(thread, 'exit');
  await thread.terminate();
  await gone;
}
