import { openSpool } from '../base/spool.ts';
import type { Clock } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import type { BirthSettings } from './terms.ts';
import { keepChecked } from './told.ts';

export type FileSpoolDeps = { store: Store; settings: BirthSettings; folder: string; now: Clock };

/** Takes over what applications left in a spool folder while they could not reach the database; says how many lines that were. */
export function fileSpool(deps: FileSpoolDeps): Promise<number> {
  // No limit, because only lines that no store takes are appended here, and they can be as many as there were.
  return openSpool({ folder: deps.folder, maxBytes: Number.POSITIVE_INFINITY }).file(async (lines) => {
    const read = lines.map((line) => ({ line, told: toldIn(line) }));
    const answers = await keepChecked(
      deps,
      read.map(({ told }) => told),
      deps.now(),
    );
    return read.flatMap(({ line }, i) => (answers[i] ? [line] : []));
  });
}

/** What a line tells. Null for a line that a full disk has cut off; no store takes that. */
function toldIn(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
