import type { Ms } from '../../core/time.ts';
import { isDatabaseTrouble } from '../db/trouble.ts';
import type { InboxRow, Settled } from './inbox.ts';

/** How often a row is tried that fails by itself. */
const POISON = 3;

export type WorkOptions = {
  now: Ms;
  /** Between two tries of a row. */
  pause: Ms;
  onFailure(failure: { row: InboxRow; tries: number; isLast: boolean; error: unknown }): void;
};

/**
 * Works off all rows in one go, and one by one when that fails, so that a bad row does not block the others. A row that
 * fails is tried again, and after three tries set aside with its error. When the database is the reason no row is
 * counted as failed.
 */
export async function workOff<T extends { row: InboxRow }>(
  items: readonly T[],
  work: (items: readonly T[]) => Promise<Settled[]>,
  options: WorkOptions,
): Promise<Settled[]> {
  if (items.length === 0) return [];
  try {
    return await work(items);
  } catch (error) {
    if (isDatabaseTrouble(error)) throw error;
    const [first] = items;
    if (first && items.length === 1) return [failed(first.row, error, options)];
    const results: Settled[] = [];
    for (const item of items) results.push(...(await workOff([item], work, options)));
    return results;
  }
}

/** What becomes of a row that failed. */
export function failed(row: InboxRow, error: unknown, { now, pause, onFailure }: WorkOptions): Settled {
  const tries = row.tries + 1;
  const isLast = tries >= POISON;
  onFailure({ row, tries, isLast, error });
  const words = (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 500);
  return { id: row.id, outcome: isLast ? 'set_aside' : 'retry', tries, dueAt: now + pause, error: words };
}
