import { groupBy } from '../core/group.ts';
import type { Ms } from '../core/time.ts';
import { refusalOf } from '../mail/refusal.ts';
import type { Store } from '../store/db/open.ts';
import { addSigns, type Sign } from '../store/notes/signs.ts';
import type { ToldMessage } from './told-message.ts';

/** What a call that an application made itself says of a provider, and when it was made. */
export type ToldSign = Omit<Sign, 'n'> & { at: Ms };

/**
 * Null for what says nothing: a mail that is about to be sent, one for another server, a wish for fewer calls, and a refusal
 * of the account, which may be the application's own. What got no answer at all may be the trouble of its own network.
 */
export function signOf(told: ToldMessage, provider: string): Omit<Sign, 'n'> | null {
  const { via, state, noAnswer, error = {} } = told;
  if (via !== undefined || (state === 'sending' && !noAnswer)) return null;
  if (state === 'accepted') return { provider, kind: 'taken' };
  const { status, smtp, message } = state === 'sending' ? { ...noAnswer, smtp: null, message: null } : error;
  if (smtp) return null;
  if (!status) return { provider, kind: 'unreached' };
  const why = refusalOf(status, message ?? '', 'send');
  if (why === null) return { provider, kind: 'failed' };
  return why === 'busy' || why === 'account' ? null : { provider, kind: 'taken' };
}

/** Counts them at their own times, as far as those still count: records may come late. */
export async function noteSigns(
  store: Store,
  signs: readonly ToldSign[],
  { now, window }: { now: Ms; window: Ms },
): Promise<void> {
  const lately = signs.filter(({ at }) => at > now - window);
  for (const [at, mine] of groupBy(lately, (sign) => sign.at - (sign.at % (window / 6)))) {
    const same = groupBy(mine, ({ provider, kind }) => `${kind} ${provider}`);
    const sums = [...same.values()].map(([{ provider, kind }, ...more]) => ({ provider, kind, n: 1 + more.length }));
    await addSigns(store, sums, { now: at, window });
  }
}
