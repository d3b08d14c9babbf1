import { type TransferListItem, Worker } from 'node:worker_threads';

/** Megabytes of each thread for what was made a short while ago. With V8's 48 an idle daemon takes a tenth more memory. */
const YOUNG = 12;

/**
 * Starts a module that lies beside another one in a thread of its own. `data` is what it gets as `workerData`. Where the
 * sources run as they are, their loader has to be started in the thread as well.
 */
export function startThread(beside: string, name: string, data: unknown): Worker {
  const module = beside.replace(/[^/]+(\.[jt]s)$/, `${name}$1`);
  const given = { workerData: data, resourceLimits: { maxYoungGenerationSizeMb: YOUNG } };
  if (module.endsWith('.js')) return new Worker(new URL(module), given);
  const [loader, entry] = [import.meta.resolve('tsx/esm/api'), module].map((url) => JSON.stringify(url));
  const begin = `import(${loader}).then(({ register }) => { register(); return import(${entry}); })`;
  return new Worker(begin, { ...given, eval: true, execArgv: ['--disable-warning=ExperimentalWarning'] });
}

/** Someone who answers each question with a message that has its `id`. */
export type Asked<Q, A> = {
  /** Rejects when the thread ends before it has answered. `moved` is not here any more, but over there. */
  ask(question: Q, moved?: readonly TransferListItem[]): Promise<A>;
  /** How many questions are not answered yet. */
  open(): number;
};

/** Asks a thread, which keeps the process from ending only while somebody waits for an answer. */
export function asking<Q extends object, A extends object>(thread: Worker): Asked<Q, A> {
  type Answered = A & { id: number };
  const waiting = new Map<number, { resolve(answer: A): void; reject(error: Error): void }>();
  let last = 0;
  thread.unref();
  thread.on('message', (answered: Answered) => {
    const asked = waiting.get(answered.id);
    waiting.delete(answered.id);
    if (waiting.size === 0) thread.unref();
    asked?.resolve(answered);
  });
  const giveUp = (cause?: unknown) => {
    for (const { reject } of waiting.values()) reject(new Error('the thread has ended', { cause }));
    waiting.clear();
  };
  thread.on('error', giveUp);
  thread.on('exit', () => giveUp());
  return {
    ask: (question, moved = []) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        if (waiting.size === 0) thread.ref();
        waiting.set(id, { resolve, reject });
        thread.postMessage({ ...question, id }, moved);
      }),
    open: () => waiting.size,
  };
}

/** What of these bytes can be moved to another thread instead of copied: nothing when they share their memory with others. */
export const movable = ({ buffer, byteLength }: Uint8Array): ArrayBuffer[] =>
  buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];

/** Buffers arrive in another thread as plain arrays of bytes. */
export const asBuffer = ({ buffer, byteOffset, length }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, length);
