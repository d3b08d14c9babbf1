import type { Delivery, Fact } from '../../core/delivery.ts';
import type { View } from './rows.ts';

/** `first` marks the birth of a message's first delivery, under which the message is counted. */
export type Move = { view: View; fresh: Fact[]; before: Delivery | null; after: View; first?: boolean };
