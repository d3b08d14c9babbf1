// Runs the statements of an SQLite file, one after the other, in a thread of its own (see `workInThread`).
import { parentPort, workerData } from 'node:worker_threads';
import { letGo } from '../../base/let-go.ts';
import { type HowToRun, type Ran, sqliteFile } from './sqlite-connection.ts';
import type { Answered, Asked } from './sqlite-worker.ts';

const { filename, how } = workerData as { filename: string; how: HowToRun };
const file = sqliteFile(filename, how);

parentPort?.on('message', async (asked: Asked) => {
  const said = await answerTo(asked);
  parentPort?.postMessage({ id: asked.id, problem: file.health?.problem() ?? null, ...said } as Answered);
  // Copies that came for this statement alone.
  for (const bindings of bindingsOf(asked)) for (const value of bindings) if (value instanceof Uint8Array) letGo(value);
});

function bindingsOf(asked: Asked): readonly (readonly unknown[])[] {
  if (asked.op === 'run') return [asked.bindings];
  return asked.op === 'runEach' ? asked.each : [];
}

async function answerTo(asked: Asked): Promise<{ ran: Ran | null } | { error: object }> {
  try {
    if (asked.op === 'run') return { ran: file.run(asked.sql, asked.bindings) };
    if (asked.op === 'runEach') file.runEach(asked.sql, asked.each);
    else if (asked.op === 'inspect') await file.health?.inspect();
    else file[asked.op]();
    return { ran: null };
  } catch (error) {
    const { name, message, code } = error as Error & { code?: string };
    return { error: { name, message, code } };
  }
}
