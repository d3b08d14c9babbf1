import type { Knex } from 'knex';
import type { Ms } from '../../core/time.ts';
import type { Move } from './move.ts';

/** What is to be forgotten: messages, and all of their deliveries. */
export type Gone = { messageIds: readonly string[]; deliveryIds: readonly string[] };

/**
 * Something that follows from how deliveries move, kept in tables of its own: a list, a sum, a thing to be told. It is
 * written in the transaction that writes the facts, so it is there exactly when they are.
 */
export type Projection = {
  name: string;
  /** Is called once for each change, with all deliveries that the change moved. */
  project(tx: Knex.Transaction, moves: readonly Move[], now: Ms): Promise<void>;
  /** Deletes what the projection keeps of messages that are old enough to be forgotten. */
  forget?(tx: Knex.Transaction, gone: Gone): Promise<void>;
};
