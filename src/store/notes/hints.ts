import { fitted } from '../../base/ids.ts';
import type { Hint } from '../../core/hint.ts';
import { safeLine, storable } from '../../core/safe-text.ts';
import { HOUR, type Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { transact } from '../db/transact.ts';

/** So long a hint counts when nothing more is said of it: the word that it is over may never come. */
const LASTS: Ms = 2 * HOUR;
/** So many are kept of one provider: whoever has the secret of an address can post without end. */
const MOST = 50;
/** So many are told. */
const TOLD = 3;

/** Notes a hint, unless something later was said of the same incident. */
export async function noteHint(
  store: Store,
  provider: string,
  { name, says, at, isOver }: Hint,
  now: Ms,
): Promise<void> {
  const key = { provider, name: fitted(name, 100) };
  const row = { says: storable(safeLine(says, 300), 300), at: Math.min(at, now), until: isOver ? 0 : now + LASTS };
  await transact(store, async (tx) => {
    await tx('hints')
      .where({ provider })
      .where('until', '<', now)
      .where('at', '<', now - LASTS)
      .delete();
    const known = await tx('hints').where(key).first('at');
    if (known) {
      await tx('hints').where(key).where('at', '<=', row.at).update(row);
      return;
    }
    const kept = await tx('hints').where({ provider }).count({ n: '*' }).first();
    if (Number(kept?.['n']) >= MOST) return;
    await insertNew(tx, 'hints', { ...key, ...row }, ['provider', 'name']);
  });
}

/** What is said of a provider now, the newest first. */
export async function hintsOf({ db }: Store, provider: string, now: Ms): Promise<string[]> {
  return db('hints').where({ provider }).where('until', '>', now).orderBy('at', 'desc').limit(TOLD).pluck('says');
}
