import type { Delivery } from '../core/delivery.ts';
import { recipientDomain } from '../core/figures/place.ts';
import { toldBy } from '../core/receivers.ts';
import type { ReceiverSign } from '../store/notes/receivers.ts';
import type { View } from '../store/rows/rows.ts';

/** What receivers did, by how deliveries stood before some events and stand after them. */
export const receiverSignsIn = (before: ReadonlyMap<string, Delivery>, after: readonly View[]): ReceiverSign[] =>
  after.flatMap((view) => {
    const told = toldBy(before.get(view.id) ?? view.delivery, view.delivery);
    return told ? [{ ...told, receiver: recipientDomain(view.recipient), class: view.class }] : [];
  });
