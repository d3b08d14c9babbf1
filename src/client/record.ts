import type { MessageClass } from '../core/message-class.ts';
import type { Ms } from '../core/time.ts';

/** A message as it is told to the store. */
export type MessageRecord = {
  id: string;
  messageId: string;
  domain: string;
  from: string;
  to: readonly string[];
  subject: string | null;
  class: MessageClass;
  key: string | null;
  createdAt: Ms;
  /** The server that it was handed to, when that is not Mailgun. */
  via?: string;
};

/** What is told of it: that it is about to be sent, or what became of the call. In this form it waits in the spool, too. */
export type Told = MessageRecord & {
  state: 'sending' | 'accepted' | 'refused';
  /** Why, when it was refused. */
  error?: RefusalTold;
};

/** A no, by the status of an HTTP answer or by the code of an SMTP reply. */
export type RefusalTold = { status: number; message: string } | { smtp: number; message: string };

/** What the store made of one record: it has it, or it will never take it. */
export type Verdict = { ok: true } | { ok: false; why: string };
