import type { Ms } from '../core/time.ts';

/** A message as it is told to the store. */
export type MessageRecord = {
  id: string;
  messageId: string;
  domain: string;
  from: string;
  to: readonly string[];
  subject: string | null;
  /** Null when the application names none: then the rules of the daemon give it one. */
  class: string | null;
  /** What these rules look at; left out where there is none. */
  tags?: readonly string[];
  template?: string;
  key: string | null;
  createdAt: Ms;
  /** When it is to be delivered, at the latest; left out for at once. */
  deliverAt?: Ms;
  /** Mailgun was told to deliver it to nobody; left out for all other mail. */
  test?: true;
  /** The server that it was handed to, when that is not Mailgun. */
  via?: string;
};

/**
 * What is told of a message: that it is about to be sent, or what became of the call. In the spool it has this form,
 * too.
 */
export type Told = MessageRecord & {
  state: 'sending' | 'accepted' | 'refused';
  /** The id that Mailgun answered with, when it accepted the message. */
  answeredId?: string;
  /** Why, when it was refused. */
  error?: RefusalTold;
  /** That the call ended and nobody knows what became of the message, with the status of the answer if there was one. */
  noAnswer?: { status?: number };
};

/** A refusal, with the status of an HTTP answer or the code of an SMTP reply; or that nobody was there to refuse it. */
export type RefusalTold =
  | { status: number; message: string }
  | { smtp: number; message: string }
  | { notSent: true; message: string };

/** What the store made of one record: it has it, or it will never take it. */
export type Verdict = { ok: true } | { ok: false; why: string };
