import type { Delivery, Fact } from '../../core/delivery.ts';
import type { View } from './rows.ts';

/**
 * A delivery as it was, what happened to it, and as it is. `first` marks a message's first delivery, under which the
 * message is counted, where the message is born or moves to another class.
 */
export type Move = { view: View; fresh: Fact[]; before: Delivery | null; after: View; first?: boolean };
