import { gather } from '../base/gather.ts';
import type { Log } from '../base/log.ts';
import { groupBy } from '../core/group.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import { refusalOf } from '../mail/refusal.ts';
import type { Store } from '../store/db/open.ts';
import { addSigns, type Sign } from '../store/notes/signs.ts';
import type { BirthSettings } from './terms.ts';
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

/** So many are written together, and the first of them waits so long for the others. */
const MOST = 500;
const LINGER: Ms = SECOND;

/**
 * Counts the signs of single records a moment later, those of a second in one commit: nobody waits for it. What is lost with
 * the process are a few of many.
 */
export function countSigns({ store, settings, now, log }: CountDeps): CountSign {
  const write = (signs: readonly ToldSign[]) => noteSigns(store, signs, { now: now(), window: settings.outageWindow });
  const { later } = gather<ToldSign>(write, MOST, { linger: LINGER });
  return (sign) =>
    void later(sign).catch((error: unknown) => log.warn({ error }, 'what calls of applications say was not counted'));
}

export type CountSign = (sign: ToldSign) => void;
type CountDeps = { store: Store; settings: Pick<BirthSettings, 'outageWindow'>; now: Clock; log: Log };

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
