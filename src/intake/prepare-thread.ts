// Reads large mail that was handed over, in a thread of its own (see `prepareInThread`).
import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../base/errors.ts';
import { giveBack } from '../base/give-back.ts';
import { letGo } from '../base/let-go.ts';
import { asBuffer, movable } from '../base/thread.ts';
import type { Ms } from '../core/time.ts';
import type { QueueTerms } from './draft.ts';
import { prepareHere } from './prepare-here.ts';
import type { FromPrepare, ToPrepare } from './prepare-in-thread.ts';
import type { RawCall } from './read-call.ts';

const prepare = prepareHere(workerData as QueueTerms);

parentPort?.on('message', async ({ id, call, now }: ToPrepare & { id: number }) => {
  const said = await answerTo({ ...call, raw: asBuffer(call.raw) }, now);
  letGo(call.raw);
  parentPort?.postMessage({ ...said, id }, 'prepared' in said ? movable(said.prepared.draft.body) : []);
  giveBack('all');
});

async function answerTo(call: RawCall, now: Ms): Promise<FromPrepare> {
  try {
    return { prepared: await prepare(call, now) };
  } catch (error) {
    if (!(error instanceof AppError)) return { broke: error instanceof Error ? String(error.stack) : String(error) };
    const { code, message, problems } = error;
    return { refused: { code, message, problems } };
  }
}
