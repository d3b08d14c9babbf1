import { putOffIncident } from '../core/alerting.ts';
import { type PutOffAtOnce, putOffAtOnce, putOffsIn } from '../core/receivers.ts';
import type { Clock, Ms } from '../core/time.ts';
import { putOffWords } from '../core/words/receivers.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import { receiverCounts } from '../store/notes/receivers.ts';

type Deps = { store: Store; window: Ms; now: Clock };

/**
 * What receivers did with the mail of a provider. People are told of those that put off most of it, and nothing is switched
 * for them; several at once speak against the provider.
 */
export async function lookAtReceivers({ store, window, now }: Deps, provider: string): Promise<PutOffAtOnce | null> {
  const at = now();
  const counts = await receiverCounts(store, provider, { now: at, window });
  for (const putOff of putOffsIn(counts)) {
    const { key, ...incident } = putOffIncident(provider, putOff.name, at);
    await raise(store, { item_key: key, ...incident, at, detail: `${provider}: ${putOffWords(putOff, window)}.` });
  }
  return putOffAtOnce(counts);
}
