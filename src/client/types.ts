// The types that an application sees of the library, in one file without imports: it becomes a part of the declarations of
// both packages as it is, with its comments.

/** `access`: resets, links, codes, invitations; `notice`: receipts, billing, security (the default); `bulk`: the rest. */
export type MessageClass = 'access' | 'notice' | 'bulk';

/** The names of your own classes, for the compiler: `declare module 'homing' { interface OwnClasses { welcome: true } }`. */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be added to
export interface OwnClasses {}

/** One of the three, or one of your own (see the option `classes`). */
export type ClassName = MessageClass | (keyof OwnClasses & string);

/** What went wrong, for a program to decide by. */
export type HomingErrorCode =
  | 'invalid' // what was given is wrong, and will be wrong the next time
  | 'unauthorized' // the daemon does not know the token, or the database does not know the user
  | 'misconfigured' // what was reached is no Homing: another server, or a database without its tables
  | 'not_found' // the daemon does not send for this domain
  | 'conflict' // the id belongs to another message
  | 'too_large'
  | 'unverified' // a webhook that Homing did not sign, or not just now
  | 'unavailable' // the same may do later
  | 'closed'; // `close` was called before

/** Headers as Node's servers and as fetch have them. */
export type WebhookHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get(name: string): string | null };

/** Something that has become of a mail. The same event may come more than once, with the same id. */
export type HomingEvent = {
  id: string;
  /** `message.` and a state, such as `message.delivered`, or `message.complained`. */
  type: string;
  /** When it happened, in ISO 8601. */
  timestamp: string;
  data: {
    /** Ids of Homing: of the message, and of its delivery to this recipient. */
    message: string;
    delivery: string;
    /** The Message-Id header, without angle brackets. */
    messageId: string;
    recipient: string;
    class: string;
    state: string;
    reason: string | null;
    attempt: number;
    provider: string | null;
    /** The `v:homing-key` of the application. */
    key: string | null;
  };
};

/** Something about the tracking that somebody should know. The mail itself is never touched by it. */
export type Problem = {
  kind:
    | 'spooled' // the store could not be used in time: records go to the spool file and are filed later
    | 'misconfigured' // the same, until somebody mends a setting: a wrong token, password or address; told for each record
    | 'lost' // a record could be kept nowhere: the spool is full or can't be written
    | 'untracked' // a call that says too little to be recorded, or something of it that could not be
    | 'refused'; // the store will never take this record
  /** How many records it is about. */
  count: number;
  /** One sentence, without addresses, keys or content. */
  detail: string;
};

/** What became of the records of this process. */
export type Counts = {
  /** Records that the store has. */
  recorded: number;
  /** Records that went to the spool file first. */
  spooled: number;
  /** Records from the spool (of any process) that this process has filed. */
  filed: number;
  /** Records that could be kept nowhere. */
  lost: number;
};

export type RemoteOptions = CommonOptions & {
  /** Where the daemon listens, for instance `http://homing:8080`. */
  url: string | undefined;
  /** One of its `API_TOKENS`. */
  token: string | undefined;
};

/** What can be said wherever the records go. */
export type CommonOptions = {
  /** The mailgun.js client that `deliverNow` sends with. */
  mailgun?: MailgunLike;
  /** How long, in ms, a send waits for its record at most (250). */
  patience?: number;
  /**
   * Where records wait while the store can't be used: a folder of this user (by default one in the system's temporary
   * folder, for each place that records go to), its size in bytes at most (16 MiB; never more than 1 GiB), and the time
   * in ms after which the store is tried again (5000).
   */
  spool?: { folder?: string; maxBytes?: number; pause?: number };
  /** The names of classes of your own that messages may give, beside the three. The daemon knows them by `HOMING_CLASSES`. */
  classes?: readonly string[];
  /** Told of trouble with the tracking. Without it, `process.emitWarning` is, once a minute at most for each kind. */
  onProblem?: (problem: Problem) => void;
};

/** What `wrapMailgun` needs of a client; mailgun.js gives more, and all of it stays as it is. */
export type MailgunLike = { messages: { create(domain: string, data: never): Promise<unknown> } };

/** What `wrapTransport` needs of a nodemailer transporter. */
export type TransporterLike = { sendMail(...given: never[]): unknown; transporter: unknown };

/** What `sendMail` takes besides: the class of a mail, and the key under which its retries can be stopped. */
export type TakesHoming<T extends TransporterLike> = T['sendMail'] extends {
  (mail: infer Mail): infer Sent;
  (mail: infer _, done: infer Done): infer Nothing;
}
  ? { sendMail(mail: Mail & ForHoming): Sent; sendMail(mail: Mail & ForHoming, done: Done): Nothing }
  : unknown;
export type ForHoming = { homing?: { class?: ClassName; key?: string } };

export type TransportOptions = {
  /** Does the transport lead to Mailgun? Found out by its host or name unless it is said here. */
  mailgun?: boolean;
  /** The sending domain at Mailgun, when it is neither the one of the login nor, without a login, the one of the sender. */
  domain?: string;
};

/** A message as mailgun.js takes it, with two names of ours: `v:homing-class` and `v:homing-key`. */
export type MessageData = {
  from?: string;
  to?: string | string[];
  cc?: string | string[];
  bcc?: string | string[];
  subject?: string;
  text?: string;
  html?: string;
  template?: string;
  message?: unknown;
  'v:homing-class'?: ClassName;
  'v:homing-key'?: string;
  [name: string]: unknown;
};

/** As Mailgun answers; `id` has angle brackets. */
export type Queued = {
  status: number;
  id: string;
  message: string;
  /** For the person who waits for it (see `MessageStatus`); with `deliverLater`, where the daemon has an `ENCRYPTION_KEY`. */
  statusToken?: string;
};

/** Where a delivery stands. */
export type DeliveryState =
  | 'queued' // waits for its next attempt
  | 'sending' // a hand-over is in flight
  | 'unconfirmed' // a hand-over ended without an answer: it may have gone out
  | 'accepted' // Mailgun has it
  | 'deferred' // a temporary failure: Mailgun itself is retrying
  | 'delivered' // the recipient's server accepted it
  | 'relayed' // the secondary took it, and tells nothing more
  | 'failed' // rightly not tried again
  | 'abandoned' // worth delivering, but everything was tried
  | 'expired' // its useful life ended first
  | 'cancelled'; // by the application, by an operator, or by a newer message with the same key

export type DeliveryStatus = {
  recipient: string;
  state: DeliveryState;
  reason: string | null;
  attempt: number;
  provider: string | null;
  nextAttemptAt: string | null;
  /** Where it stands and what comes next, as a sentence. */
  explanation: string;
};

export type MessageStatus = {
  id: string;
  messageId: string;
  domain: string;
  from: string;
  subject: string | null;
  class: MessageClass;
  createdAt: string | null;
  deliveries: DeliveryStatus[];
  /** Under `/status/` of the daemon, it shows the person who waits for the message how it stands; without a key there is none. */
  statusToken?: string;
};

/** Whether a message may be sent anew that did not come. */
export type MayResend = {
  answer:
    | 'yes' // send it now: whoever else asks has to wait
    | 'wait' // the last one is too young
    | 'already_delivered'
    | 'cancelled'; // `cancel` was called for this key
  /** From when on asking is of use again; null when it is not. */
  resendAvailableAt: string | null;
};

/** A message that would have been sent. */
export type Sent = {
  how: 'mailgun' | 'transport' | 'queue';
  /** The Message-Id, without angle brackets. */
  messageId: string;
  domain: string;
  from: string;
  /** Every recipient (to, cc and bcc) as a plain address. */
  recipients: string[];
  subject: string | null;
  class: string;
  key: string | null;
  /** What the application handed over, as it was. */
  data: Readonly<Record<string, unknown>>;
};

/** What a test looks at. */
export type Outbox = {
  /** Oldest first. */
  readonly sent: readonly Sent[];
  /** Those to this recipient, oldest first. */
  to(recipient: string): Sent[];
  /** The only message that fits; throws when there is none or more than one. */
  only(wanted?: { to?: string; subject?: string | RegExp; class?: string; key?: string }): Sent;
  /** The next send fails with this error. */
  failNext(error: unknown): void;
  clear(): void;
};

export type Homing = {
  /** The same client, with `messages.create` tracked. Arguments, answers and errors stay those of mailgun.js. */
  wrapMailgun<T extends MailgunLike>(client: T): T;
  /** The same nodemailer transporter, with `sendMail` tracked. */
  wrapTransport<T extends TransporterLike>(transporter: T, options?: TransportOptions): T & TakesHoming<T>;
  /** Sends at once through the `mailgun` client of the options, tracked. Answers and fails as mailgun.js does, also after `close`. */
  deliverNow(domain: string, data: MessageData): Promise<Queued>;
  /** Queues a message durably; the daemon sends it. Rejects when it could not be made durable. */
  deliverLater(domain: string, data: MessageData): Promise<Queued>;
  /** Stops retries and fallback of one message (by its id or Message-Id) or of all with this key; says how many deliveries that ended. */
  cancel(which: { id: string } | { key: string }): Promise<number>;
  /** Where a message stands, by its id or Message-Id; null when it is not known. */
  status(id: string): Promise<MessageStatus | null>;
  /**
   * Asked before a message with this key (`v:homing-key`) is sent anew, because a person asks for it. However many ask at once,
   * in however many processes, one is told `yes`. For a first message it is `yes` as well.
   */
  mayResend(key: string): Promise<MayResend>;
  /**
   * The event in a webhook that Homing posted (EVENTS_WEBHOOK_URL). `body` is the body as it came, not parsed; `secret` is that
   * of EVENTS_WEBHOOK_SECRET, or several while it is being changed. Throws a `HomingError`: `unverified` when it was not signed
   * with one of them in the last five minutes, and then it must not be believed.
   */
  verifyWebhook(headers: WebhookHeaders, body: string | Uint8Array, secret: string | readonly string[]): HomingEvent;
  /** From now on nothing leaves this process: what is sent is kept in memory for a test to look at. */
  testing(): Outbox;
  counts(): Counts;
  /** Resolves when all that was told so far is recorded or in the spool. For functions that are frozen after their answer. */
  flush(): Promise<void>;
  /**
   * Finishes what is in flight and closes every connection. After it mail still goes out, and its records go to the spool;
   * `deliverLater`, `cancel`, `status` and `mayResend` reject.
   */
  close(): Promise<void>;
};
