import { clockIncident } from '../core/alerting.ts';
import { MINUTE, type Ms } from '../core/time.ts';
import { lengthWords, timeWords } from '../core/words/numbers.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';

/** Certificates and signatures bear no more than a few minutes either. */
const TOLERATED: Ms = 5 * MINUTE;

/** Tells the administrators when the machine's clock is not that of the provider, which is `behindBy` ahead. */
export async function tellOfClock(store: Store, { behindBy, now }: { behindBy: Ms | null; now: Ms }): Promise<void> {
  if (behindBy === null || Math.abs(behindBy) <= TOLERATED) return;
  const off = `${lengthWords(Math.abs(behindBy))} ${behindBy > 0 ? 'behind' : 'ahead of'}`;
  await tell(store, now, `It is ${off} that of Mailgun.`);
}

/** Tells the administrators that every webhook is refused as stale, of which the last was signed then. */
export function tellOfStale(store: Store, { signedAt, now }: { signedAt: Ms; now: Ms }): Promise<void> {
  const detail = `All webhooks are refused as stale: it is ${timeWords(now)} here, and ${timeWords(signedAt)} in the last of them.`;
  return tell(store, now, `${detail} If the clock is right, somebody posts old ones again.`);
}

async function tell(store: Store, at: Ms, detail: string): Promise<void> {
  const { kind, incident, key } = clockIncident(at);
  await raise(store, { item_key: key, incident, kind, at, detail });
}
