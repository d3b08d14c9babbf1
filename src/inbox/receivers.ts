import type { Delivery } from '../core/delivery.ts';
import { recipientDomain } from '../core/figures/place.ts';
import { toldBy } from '../core/receivers.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { addReceiverSigns } from '../store/notes/receivers.ts';
import type { View } from '../store/rows/rows.ts';

/** Counts what receivers did, by how deliveries stood before an event and stand after it. */
export async function noteReceivers(
  store: Store,
  { before, after }: { before: ReadonlyMap<string, Delivery>; after: readonly View[] },
  moment: { now: Ms; window: Ms },
): Promise<void> {
  const signs = after.flatMap((view) => {
    const told = toldBy(before.get(view.id) ?? view.delivery, view.delivery);
    return told ? [{ ...told, receiver: recipientDomain(view.recipient), class: view.class }] : [];
  });
  await addReceiverSigns(store, signs, moment);
}
