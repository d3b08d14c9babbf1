// Runs `load.ts`.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type Load = { taken: number; perSecond: number; p50: number; p99: number };
export type What = { what: 'webhook' | 'mail'; url: string; secret: string; connections: number };

/** Posts so many, at a pace or as fast as they are answered. All of them have to be taken. */
export async function post({ what, url, secret, connections }: What, count: number, rate?: number): Promise<Load> {
  const pace = rate === undefined ? [] : [String(Math.round(rate))];
  const args = [what, url, secret, String(count), String(connections), ...pace];
  const { stdout } = await run(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'load.ts'), ...args]);
  const result = JSON.parse(stdout) as Load;
  if (result.taken !== count) throw new Error(`only ${result.taken} of ${count} were taken`);
  return result;
}

/** The median of several. */
export const middle = <T>(list: readonly T[], by: (one: T) => number): T =>
  [...list].sort((a, b) => by(a) - by(b))[Math.floor(list.length / 2)] as T;
