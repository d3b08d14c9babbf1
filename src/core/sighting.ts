import type { Ms } from './time.ts';

/** What a provider told us, in our words. */
export type Report =
  | 'accepted' // the provider has it
  | 'deferred' // temporary failure; the provider itself is retrying
  | 'failed' // permanent failure; the provider will not try again
  | 'rejected' // the provider took the call and then refused to process the message
  | 'delivered' // the recipient's server took it
  | 'opened'
  | 'clicked'
  | 'unsubscribed'
  | 'complained'
  | 'expanded' // the recipient stands for others, and the provider sent it on to them
  | 'other'; // kept, and says nothing about a delivery

/** What the receiving server, or Mailgun itself, said about a failure. Absent, null and "" all read as null. */
export type Bounce = {
  /** SMTP reply code, or one of Mailgun's own (498, 499, 602, 605–607, 625, 680). */
  code: number | null;
  /** RFC 3463, for instance "5.7.1". */
  enhancedCode: string | null;
  message: string | null;
  description: string | null;
  severity: 'permanent' | 'temporary' | null;
  /** Mailgun's word: bounce, generic, espblock, greylisted, old, suppress-bounce, … */
  reason: string | null;
  /** Mailgun's word: hard or soft. */
  bounceType: string | null;
  mxHost: string | null;
  /** Mailgun counted it delivered first. */
  delayed: boolean;
};

export type Storage = { url: string; key: string | null };

/** One hand-over: our own id of the delivery, and the number of the attempt. */
export type HandedOver = { deliveryId: string; attempt: number };

/** One event of Mailgun, whatever way and shape it came in: webhook, legacy webhook, Events API, Logs API. */
export type Sighting = {
  report: Report;
  /** Mailgun's own name for it, for instance "failed". */
  event: string;
  /** When it happened, by Mailgun's clock. */
  at: Ms;
  /** The same for the same event however we learned of it (hash of domain, id, name, recipient, time). */
  eventKey: string;
  domain: string | null;
  /** Absent on rejected and stored events. Exactly as Mailgun wrote it. */
  recipient: string | null;
  /** The address of the mailing list of which the recipient is a member, when it was written to the list. */
  list: string | null;
  /** Of mail that came in to the domain, and not of mail that was sent from it. */
  inbound: boolean;
  /** Message-Id without angle brackets. */
  messageId: string | null;
  /** The value of our own variable (`v:homing-id`), which every event of the message carries. */
  homingId: string | null;
  /** Present where what came in names the very hand-over that it is about. */
  handedOver?: HandedOver;
  /** The application's class and key (`v:homing-class`, `v:homing-key`), when it set them. */
  homingClass: string | null;
  homingKey: string | null;
  storage: Storage | null;
  /** From and Subject of the message where the event carries them. */
  from: string | null;
  subject: string | null;
  tags: readonly string[];
  template: string | null;
  sendingIp: string | null;
  recipientProvider: string | null;
  /** Present on failed and deferred (and tolerated on others). */
  bounce: Bounce | null;
};
