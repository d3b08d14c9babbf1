import { accountIncident } from '../core/alerting.ts';
import type { Ms } from '../core/time.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';

/** Tells the administrators that a provider refuses to answer questions from our account. */
export async function tellOfAccount(
  store: Store,
  { provider, detail, now }: { provider: string; detail: string; now: Ms },
): Promise<void> {
  const { kind, incident, key } = accountIncident(provider, now);
  await raise(store, { item_key: key, incident, kind, at: now, detail: `${provider}: ${detail}` });
}
