import type { Heap } from '../base/heap.ts';
import { putOffIncident } from '../core/alerting.ts';
import { type PutOffAtOnce, putOffAtOnce, putOffsIn } from '../core/receivers.ts';
import type { OutageRules } from '../core/signs.ts';
import type { Clock } from '../core/time.ts';
import { putOffWords } from '../core/words/receivers.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import { addReceiverSigns, type ReceiverSign, receiverCounts } from '../store/notes/receivers.ts';

export type ReceiverDeps = {
  store: Store;
  rules: Pick<OutageRules, 'window'>;
  /** What this process saw of receivers, to be counted with what others saw. */
  receiverSigns?: Pick<Heap<ReceiverSign>, 'take'>;
  now: Clock;
};

/** Writes down what this process saw. What is lost with it are a few seconds of figures for minutes. */
export async function countReceivers({ store, rules, receiverSigns, now }: ReceiverDeps): Promise<void> {
  await addReceiverSigns(store, receiverSigns?.take() ?? [], { now: now(), window: rules.window });
}

/**
 * What receivers did with the mail of a provider. People are told of those that put off most of it, and nothing is switched
 * for them; several at once speak against the provider.
 */
export async function lookAtReceivers(
  { store, rules, now }: ReceiverDeps,
  provider: string,
): Promise<PutOffAtOnce | null> {
  const { window } = rules;
  const at = now();
  const counts = await receiverCounts(store, provider, { now: at, window });
  for (const putOff of putOffsIn(counts)) {
    const { key, ...incident } = putOffIncident(provider, putOff.name, at);
    await raise(store, { item_key: key, ...incident, at, detail: `${provider}: ${putOffWords(putOff, window)}.` });
  }
  return putOffAtOnce(counts);
}
