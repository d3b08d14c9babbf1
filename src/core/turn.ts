import type { Delivery, Fact } from './delivery.ts';

/** What a commit has changed of one delivery: what happened, and how it stands after it. */
export type Turn = {
  deliveryId: string;
  messageId: string;
  facts: readonly Fact[];
  /** How it stood; null for one that is new. */
  before: Delivery | null;
  after: Delivery;
};
