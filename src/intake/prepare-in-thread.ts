import { AppError, type ErrorCode } from '../base/errors.ts';
import { type Asked, asBuffer, asking, movable, startThread } from '../base/thread.ts';
import { inBackground } from '../base/wait.ts';
import { MINUTE, type Ms } from '../core/time.ts';
import type { Prepared, QueueTerms } from './draft.ts';
import type { Prepare } from './prepare-here.ts';
import type { RawCall } from './read-call.ts';

export type ToPrepare = { call: RawCall; now: Ms };
export type FromPrepare =
  | { prepared: Prepared }
  | { refused: { code: ErrorCode; message: string; problems: readonly string[] } }
  | { broke: string };

/** With nothing to read for so long the thread ends, and its memory is given back. */
const IDLE: Ms = MINUTE;

/**
 * Reads calls in a thread of its own, which is there while there are some. The bytes of a call go over to it, and are
 * not here any more.
 */
export function prepareInThread({ settings, encryptionKey, domains }: QueueTerms): Prepare {
  const { policies, lease, outageWindow } = settings;
  const terms: QueueTerms = { settings: { policies, lease, outageWindow }, encryptionKey, domains };
  let thread: Asked<ToPrepare, FromPrepare> | null = null;
  let end = () => {};
  let stayOn = () => {};

  function start(): Asked<ToPrepare, FromPrepare> {
    const worker = startThread(import.meta.url, 'prepare-thread', terms);
    const asked = asking<ToPrepare, FromPrepare>(worker);
    const leave = () => {
      if (thread === asked) thread = null;
    };
    // It ran out of memory, or has a fault: those who wait are told, and the next call starts another one.
    worker.on('error', leave);
    worker.on('exit', leave);
    end = () => {
      leave();
      void worker.terminate();
    };
    return asked;
  }

  return async (call, now) => {
    stayOn();
    thread ??= start();
    const { ask, open } = thread;
    try {
      return preparedIn(await ask({ call, now }, movable(call.raw)));
    } finally {
      if (open() === 0) stayOn = inBackground(IDLE, end);
    }
  };
}

function preparedIn(said: FromPrepare): Prepared {
  if ('refused' in said) throw new AppError(said.refused.code, said.refused.message, said.refused.problems);
  if ('broke' in said) throw new Error(said.broke);
  const { draft, call } = said.prepared;
  return { draft: { ...draft, body: asBuffer(draft.body) }, call };
}
