import type { Delivery, Fact } from '../../core/delivery.ts';
import type { View } from './rows.ts';

/**
 * A delivery as it was, what happened to it, and as it is now. `first` marks the first delivery of a message, under
 * which the message is counted, when the message is made or changes its class. `unheard`: the administrators were told of
 * nothing so far, because the delivery was only watched.
 */
export type Move = {
  view: View;
  fresh: Fact[];
  before: Delivery | null;
  after: View;
  first?: boolean;
  unheard?: boolean;
};
