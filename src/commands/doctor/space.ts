import { existsSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Finding, ok, problem, warning } from './finding.ts';

type Space = { free: number; total: number };

/** Null where a file system does not tell it. */
export function spaceAt(folder: string): Space | null {
  let there = resolve(folder);
  while (!existsSync(there)) there = dirname(there);
  try {
    const { bavail, blocks, bsize } = statfsSync(there);
    return { free: bavail * bsize, total: blocks * bsize };
  } catch {
    return null;
  }
}

const MB = 1024 * 1024;

/** Whether there is room for a busy day's mail, and for the next few. */
export function roomFor(what: string, { free, total }: Space): Finding {
  const percent = total > 0 ? Math.round((100 * free) / total) : 0;
  const says = `${Math.round(free / MB)} MB (${percent} %) are free for ${what}`;
  if (free < 100 * MB) return problem('disk', says, 'make room: without it nothing can be taken in');
  if (free < 1024 * MB && percent < 10) return warning('disk', says, 'make room, or lower RETENTION_DAYS');
  return ok('disk', says);
}
