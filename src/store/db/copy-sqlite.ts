import { once } from 'node:events';
import { createRequire } from 'node:module';
import { startThread } from '../../base/thread.ts';
import { moduleName } from './sqlite-connection.ts';

const require = createRequire(import.meta.url);

export type CopyAsked = { driver: string; file: string; to: string; tables: readonly string[] };
export type CopyAnswer = { counts: Record<string, number>; damage: string | null };

/**
 * Copies an SQLite file while others read and write it, in a thread of its own, and reads the copy through. Gives the number
 * of rows of these tables in it. Rejects when it can't be copied, or the copy is damaged.
 */
export async function copySqlite(file: string, to: string, tables: readonly string[]): Promise<Record<string, number>> {
  const asked: CopyAsked = { driver: require.resolve(moduleName()), file, to, tables };
  const [{ counts, damage }] = (await once(startThread(import.meta.url, 'copy-thread', asked), 'message')) as [
    CopyAnswer,
  ];
  if (damage !== null) throw new Error(`the copy of the database is damaged: ${damage.slice(0, 200)}`);
  return counts;
}
