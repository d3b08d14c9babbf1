import type { Settings } from '../core/settings.ts';
import type { Clock } from '../core/time.ts';
import { AppError } from '../errors.ts';
import { openSpool } from '../spool.ts';
import type { Store } from '../store/open.ts';
import { recordMessage } from './intake.ts';

export type FileSpoolDeps = { store: Store; settings: Settings; folder: string; now: Clock };

/** Files what applications left in a spool folder while they could not reach the database; says how many lines that were. */
export function fileSpool(deps: FileSpoolDeps): Promise<number> {
  // Nothing is appended here but what no store will take, and that may be as much as there was.
  return openSpool({ folder: deps.folder, maxBytes: Number.POSITIVE_INFINITY }).file(async (lines) => {
    const aside: string[] = [];
    for (const line of lines) if (!(await isFiled(deps, line))) aside.push(line);
    return aside;
  });
}

async function isFiled(deps: FileSpoolDeps, line: string): Promise<boolean> {
  try {
    await recordMessage(deps, JSON.parse(line), deps.now());
    return true;
  } catch (error) {
    // A line that is torn or wrong; any other trouble is the database's, and passes.
    if (error instanceof AppError || error instanceof SyntaxError) return false;
    throw error;
  }
}
