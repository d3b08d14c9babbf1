import type { FormEntry } from '../mail/form.ts';
import type { Take } from './patient-store.ts';
import type { MayResend, MessageStatus, Queued } from './types.ts';

/** Where records go and questions are asked: a database, or a daemon. Both behave the same. */
export type Backend = {
  record: Take;
  queue(domain: string, form: readonly FormEntry[]): Promise<Queued>;
  cancel(which: { id: string } | { key: string }): Promise<number>;
  status(id: string): Promise<MessageStatus | null>;
  mayResend(key: string): Promise<MayResend>;
  close(): Promise<void>;
};

/** Where a `Homing` puts its records. Nothing is opened before it is used. */
export type Place = {
  /** The same name for every process whose records go there; without passwords and tokens, which change. */
  name: string;
  open(): Promise<Backend>;
};
