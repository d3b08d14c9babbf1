import { within } from '../../base/wait.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import { pendingMigrations } from './migrate.ts';
import { durabilityProblems, type Store } from './open.ts';
import { transact } from './transact.ts';
import { isDatabaseTrouble, refusesWrites } from './trouble.ts';

const GLANCE: Ms = SECOND;
const PROBE = { name: 'probe', value: '', at: 0 };

/** Why nothing can be kept in the database now, in words for an operator; empty when it can. */
export async function databaseProblems(store: Store): Promise<string[]> {
  try {
    // A large file takes longer: then what was found counts the next time.
    await within(store.file?.inspect() ?? Promise.resolve(), GLANCE, undefined);
    const pending = await pendingMigrations(store.db);
    if (pending.length > 0) return [`the database lacks ${pending.length} migration(s): run "homing migrate"`];
    const problems = await durabilityProblems(store);
    await probe(store);
    const problem = store.file?.problem() ?? null;
    return problem === null ? problems : [...problems, problem];
  } catch (error) {
    if (!isDatabaseTrouble(error)) throw error;
    return [store.file?.problem() ?? wordsOf(error)];
  }
}

/** Whether something can be written down now. */
export async function takesWrites(store: Store): Promise<boolean> {
  try {
    await probe(store);
    return true;
  } catch (error) {
    if (!isDatabaseTrouble(error)) throw error;
    return false;
  }
}

/** A disk that is full, or a server that is read-only, answers every question. */
const probe = (store: Store) => transact(store, (tx) => tx('cursors').insert(PROBE).onConflict('name').merge());

function wordsOf(error: unknown): string {
  if (refusesWrites(error)) return 'the database takes no writes';
  const code = String((error as { code?: unknown }).code);
  return code.startsWith('SQLITE_BUSY') ? 'another process has the database locked' : 'the database does not answer';
}
