import type { Answer } from '../core/answer.ts';
import type { Ms } from '../core/time.ts';
import type { FormEntry } from '../mail/form.ts';
import type { View } from '../store/rows/rows.ts';

export type Fetched =
  | { kind: 'mime'; mime: Buffer }
  | { kind: 'gone' | 'storage_refused'; detail: string }
  | { kind: 'failed'; detail: string };

/** A message as we have it. */
export type Copy = { mime: Buffer } | { form: readonly FormEntry[] };

/** `via` names the secondary that answered; `passedOver` those that could not be used before it. */
export type Relayed = { answer: Answer; via: string; passedOver: readonly string[] };

/** The routes by which mail leaves. None of them rejects: trouble is an answer. */
export type Routes = {
  /** Re-posts Mailgun's stored copy to one recipient. `problem` when no stored copy may be asked for. */
  repost(view: View, deliverAt: Ms | null): Promise<Answer>;
  /** Hands a whole message to Mailgun for one recipient: a ready one, or the form that an application queued. */
  send(view: View, copy: Copy, deliverAt: Ms | null): Promise<Answer>;
  /** Gives a message to the first secondary that takes it; `via` names it. */
  relay(view: View, mime: Buffer): Promise<Relayed>;
  fetchMime(view: View): Promise<Fetched>;
  /** What a sealed copy holds. */
  open(sealed: Buffer, messageId: string): Copy;
  /** The message that a form stands for; null when only Mailgun can render it. */
  compose(view: View, form: readonly FormEntry[]): Promise<Buffer | null>;
};
