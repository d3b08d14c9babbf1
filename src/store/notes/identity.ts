import { createHmac, randomBytes } from 'node:crypto';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { transact } from '../db/transact.ts';
import { cursor } from './cursors.ts';

const NAME = 'identity';

/** Gives the database a secret of its own, unless it has one: it tells the daemons of this database from all others. */
export async function makeIdentity(store: Store, now: Ms): Promise<void> {
  const row = { name: NAME, value: randomBytes(32).toString('hex'), at: now };
  await transact(store, (tx) => insertNew(tx, 'cursors', row, 'name'));
}

/** Null when no daemon has started on this database yet. */
export const identityOf = async (store: Store): Promise<string | null> => (await cursor(store, NAME))?.value ?? null;

/** What only a daemon of that database can answer to a nonce. */
export const proofOf = (identity: string, nonce: string): string =>
  createHmac('sha256', identity).update(`identity ${nonce}`).digest('hex');
