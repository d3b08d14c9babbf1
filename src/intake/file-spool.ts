import { openSpool } from '../base/spool.ts';
import type { Clock } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { isDatabaseTrouble } from '../store/db/trouble.ts';
import type { BirthSettings } from './terms.ts';
import { keepChecked } from './told.ts';

export type FileSpoolDeps = { store: Store; settings: BirthSettings; folder: string; now: Clock };

/** Takes over what applications left in a spool folder while they could not reach the database; says how many lines that were. */
export function fileSpool(deps: FileSpoolDeps): Promise<number> {
  // No limit, because only lines that no store takes are appended here, and they can be as many as there were.
  return openSpool({ folder: deps.folder, maxBytes: Number.POSITIVE_INFINITY }).file((lines) => refusedOf(deps, lines));
}

/** Keeps what these lines tell; gives those that no store will take. A line that fails by itself is one of them. */
async function refusedOf(deps: FileSpoolDeps, lines: readonly string[]): Promise<string[]> {
  try {
    const answers = await keepChecked(deps, lines.map(toldIn), deps.now());
    return lines.filter((_, i) => answers[i]);
  } catch (error) {
    if (isDatabaseTrouble(error)) throw error;
    if (lines.length <= 1) return [...lines];
    const refused: string[] = [];
    for (const line of lines) refused.push(...(await refusedOf(deps, [line])));
    return refused;
  }
}

/** What a line tells. Null for a line that a full disk has cut off; no store takes that. */
function toldIn(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
