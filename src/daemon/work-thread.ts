// Does the work of a daemon in a thread of its own (see `workInThread`).
import { parentPort, workerData } from 'node:worker_threads';
import type { Log } from '../base/log.ts';
import { keepTidy } from '../base/tidy.ts';
import type { Config } from '../config/config.ts';
import type { Ms } from '../core/time.ts';
import { startWork } from './work.ts';
import type { FromWork, LogLine, ToWork } from './work-in-thread.ts';

const { config, startedAt } = workerData as { config: Config; startedAt: Ms };
const say = (what: FromWork) => parentPort?.postMessage(what);

/** Bytes that the heap of this thread may grow by. */
const ALLOWANCE = 48 * 1024 * 1024;

/** What was logged since the last message: the story of a commit is told at once. */
let lines: LogLine[] = [];

const tellLines = () => {
  if (lines.length > 0) say({ lines });
  lines = [];
};

const logging =
  (level: keyof Log) =>
  (fields: object, text: string): void => {
    if (lines.length === 0) queueMicrotask(tellLines);
    lines.push({ level, fields: Object.entries(fields).map(([name, value]) => [name, plain(value)]), text });
  };

/** Of an error only some of it arrives on the other side. */
const plain = (value: unknown): unknown => {
  if (!(value instanceof Error)) return value;
  const { name, message, stack } = value;
  return { error: { name, message, stack, code: (value as { code?: unknown }).code } };
};

const log = {
  debug: ['trace', 'debug'].includes(config.LOG_LEVEL) ? logging('debug') : () => {},
  info: logging('info'),
  warn: logging('warn'),
  error: logging('error'),
} as Log;

keepTidy(ALLOWANCE);
const work = startWork(
  config,
  log,
  { heardTime: (heard) => say({ heard }), reconciled: (at) => say({ reconciled: at }) },
  startedAt,
);

parentPort?.on('message', async (told: ToWork) => {
  if ('wake' in told) return work.wake(told.wake);
  if ('kept' in told) return work.kept(told.kept);
  if ('measure' in told) return say({ measured: await work.measured() });
  await work.stop();
  parentPort?.close();
});
