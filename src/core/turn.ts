import type { Delivery, Fact } from './delivery.ts';
import type { MessageClass } from './message-class.ts';
import type { Ms } from './time.ts';

/** What a commit has changed of one delivery: what happened, and how it stands after it. */
export type Turn = {
  deliveryId: string;
  messageId: string;
  class: MessageClass;
  /** The domain of its recipient. */
  receiver: string;
  /** From when on it was wanted: when it was made, or the time that was asked for. */
  wantedAt: Ms;
  /** The domain that it is sent from. */
  domain: string;
  facts: readonly Fact[];
  /** How it stood; null for one that is new. */
  before: Delivery | null;
  after: Delivery;
};
