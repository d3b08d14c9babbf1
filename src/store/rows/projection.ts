import type { Knex } from 'knex';
import type { Ms } from '../../core/time.ts';
import type { Move } from './move.ts';

/** What is to be forgotten: messages with all of their deliveries, and single deliveries of others. */
export type Gone = { messageIds: readonly string[]; deliveryIds: readonly string[] };

/**
 * Something that follows from changes of deliveries and is kept in tables of its own: a list, a sum, an alert to send.
 * It is written in the same transaction as the facts, so that it always agrees with them.
 */
export type Projection = {
  name: string;
  /** Is called once for each change, with all deliveries that the change moved. */
  project(tx: Knex.Transaction, moves: readonly Move[], now: Ms): Promise<void>;
  /** Deletes what the projection keeps of mail that is forgotten, unless that stands in a row by the id of its mail. */
  forget?(tx: Knex.Transaction, gone: Gone): Promise<void>;
};
