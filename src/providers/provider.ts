import type { IncomingHttpHeaders } from 'node:http';
import type { Deadline } from '../base/deadline.ts';
import type { Answer } from '../core/answer.ts';
import type { Capabilities } from '../core/capabilities.ts';
import type { AccountAddress, Classified, Pool, Threshold, Warmup } from '../core/care/account.ts';
import type { NeededRecord } from '../core/care/dns.ts';
import type { Hint } from '../core/hint.ts';
import type { Sighting, Storage } from '../core/sighting.ts';
import type { ProviderList } from '../core/suppression.ts';
import type { Ms } from '../core/time.ts';
import type { FormEntry } from '../mail/form.ts';

/**
 * A service or server that takes mail, and all that Homing uses of it. A provider is a folder with a file
 * `provider.ts`, and a line in the registry. Its trouble is an answer and not an exception, unless it is said
 * otherwise.
 */
export type Provider = {
  /** Its name in facts: `mailgun`, or `host:port` for a server that is known by its address alone. */
  readonly name: string;
  readonly can: Capabilities;
  /** How many hand-overs may be under way at once. */
  readonly slots: number;
  /**
   * Hands one mail to one recipient. It ends at the deadline: as refused if certainly nothing was taken, else as
   * unanswered. Never sends twice.
   */
  handOver(mail: Outgoing, until: Deadline): Promise<Answer>;
  /**
   * Hands one mail to several of its recipients in one call, as far as that shows nobody more than the sender wanted: the
   * answer is for each of them. Null, with nothing sent, when this mail takes a call for each. Where this is missing, every
   * mail does.
   */
  handOverToAll?(mail: Outgoing, recipients: readonly string[], until: Deadline): Promise<Answer | null>;
  /** Hands over a mail of our own that nobody gets, from that address, to see whether mail is taken; it may have its price. */
  tryOut?(from: string, until: Deadline): Promise<Answer>;
  /** Where it posts its events. */
  readonly webhook?: Webhook;
  /** Whether an address is one to which servers return what it handed over. Its webhook opens what comes there. */
  takesBack?(address: string): boolean;
  /** What a kept event says; null when it is no event at all. Pure. */
  read?(kept: Kept): Sighting | null;
  /** What a kept event without a sighting says of the provider itself; null when it says nothing. Pure. */
  notice?(kept: Kept): Notice | null;
  /** Where it posts alerts of its own. */
  readonly alerts?: Alerts;
  readonly history?: History;
  readonly account?: Account;
  readonly reputation?: Reputation;
  readonly sending?: Sending;
  readonly storedCopies?: StoredCopies;
  /** Whether it can be used, for whoever sets it up. */
  verify?(): Promise<{ ok: true } | { ok: false; detail: string }>;
  close(): Promise<void>;
};

/** A message that we hold: as MIME, or as the form that an application handed over. */
export type Copy = { mime: Buffer } | { form: readonly FormEntry[] };

/** One mail to one recipient. */
export type Outgoing = {
  /** Our own id of the message, by which its events are recognised. */
  messageId: string;
  /** Our own id of the delivery, and the number of this attempt of it. */
  deliveryId: string;
  attempt: number;
  /** The Message-Id header, without angle brackets. */
  rfcMessageId: string;
  /** The sending domain. */
  domain: string;
  sender: string;
  recipient: string;
  /** Not to be delivered before; null for at once. */
  deliverAt: Ms | null;
  /** From then on it is worth nothing to its recipient; null when nothing is said of that. */
  usefulUntil: Ms | null;
  /** The content: a copy of ours, or the one that the provider keeps. */
  content: Copy | StoredAt;
};

/** Where a provider keeps its copies, first heard of first. */
export type StoredAt = {
  storages: readonly Storage[];
  /** How many hand-overs of them have got nowhere so far: the next one is to begin at another place. */
  failures: number;
};

export type Webhook = {
  /** For instance `/webhooks/mailgun`. Providers of one kind may share it: what is genuine is for one of them. */
  path: string;
  /** Its signature does not cover what is posted: whoever has one can post something else with it. */
  bodyIsUnsigned?: true;
  open(request: { raw: Buffer; headers: IncomingHttpHeaders }, now: Ms): Opened;
};

/** What a webhook's request turned out to be. */
export type Opened =
  | { kind: 'events'; events: readonly OpenedEvent[] }
  /** Not to be trusted, but the sender may try again: after a change of keys the same event can be genuine tomorrow. */
  | { kind: 'forged'; detail: string /** When it was signed, if the signature is right but stale. */; signedAt?: Ms }
  /** It can never be valid, whatever changes on our side. */
  | { kind: 'unusable'; detail: string };

/** An event without a sighting is genuine but can not be understood: it is kept, and set aside when it is read. */
export type OpenedEvent = Kept & { sighting: Sighting | null };

/** One verified event, as it came. */
export type Kept = {
  /** A replay has the same one. */
  replayKey: string;
  /** The body as it came, and the type to read it again by. */
  body: string;
  contentType: string | null;
};

/** What a provider says of itself without being sure: it is looked at more closely for it. */
export type Alerts = {
  /** Below `/webhooks`, for instance `/mailgun-alerts`. */
  path: string;
  open(request: { raw: Buffer; headers: IncomingHttpHeaders }, now: Ms): OpenedAlert;
  /** One that something else shows to be genuine. */
  read(raw: Buffer, now: Ms): OpenedAlert;
};

/** `hint` is null when it says nothing of how the provider is. */
export type OpenedAlert = { kind: 'hint'; hint: Hint | null } | { kind: 'forged' | 'unusable'; detail: string };

/** The provider tells that it takes no mail for a while, or takes it again. */
export type Notice = { at: Ms; maintenance: 'begins' | 'ends' };

/** One event of a provider's records, as it came and as it reads. */
export type RawItem = { body: unknown; sighting: Sighting };
/** `complete` is false when there was more than we were ready to read. */
export type Found = { items: RawItem[]; complete: boolean };
/** Oldest first; `next` is null on the last page. */
export type Page = { items: RawItem[]; next: string | null };

/** Whether a question was rejected because the provider refuses our account: the error says so in its `why`. */
export const refusesAccount = (error: unknown): boolean =>
  error instanceof Error && 'why' in error && error.why === 'account';

/** Whether the same question will get no better answer soon: it was refused, or answered with something else. */
export const isUseless = (error: unknown): boolean =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' && isFinal(error.status);

/** Whether the provider is there, and wants to be asked less: by the status of its answer, or the `kind` of what follows it. */
export const asksForPause = (error: unknown): boolean =>
  isOfKind(error, 'leftAlone') || (error instanceof Error && 'status' in error && error.status === 429);

const isFinal = (status: number): boolean => status < 500 && status !== 408 && status !== 429;

const isOfKind = (error: unknown, kind: string): boolean =>
  error instanceof Error && 'kind' in error && error.kind === kind;

/** Whether the answer to a question was more than we read: the error says so in its `kind`. */
export const isTooLarge = (error: unknown): boolean => isOfKind(error, 'tooLarge');
/** Whether a smaller answer might have come whole. */
export const isTooMuch = (error: unknown): boolean => isTooLarge(error) || isOfKind(error, 'cut');

/**
 * The records of a provider. Rejects when the provider can not be asked, because "nothing found" and "no answer" are
 * different things.
 */
export type History = {
  /** The domains whose events are read by time. */
  readonly domains: readonly string[];
  /** Whether it finds a mail by the Message-Id that we gave it, or only by an id of its own. */
  readonly ids: 'given' | 'own';
  /** How far back its records surely reach: of what is older they may know nothing any more. */
  readonly keeps: Ms;
  about(domain: string, query: { messageId: string; recipient?: string; since: Ms }): Promise<Found>;
  aboutRecipient(domain: string, recipient: string, since: Ms): Promise<Found>;
  /** Everything of a domain between two times, page by page. */
  between(domain: string, range: { begin: Ms; end: Ms; limit: number }, cursor: string | null): Promise<Page>;
  /** An item as it is kept: readable by `read`. */
  keep(item: RawItem): Kept;
};

/** An entry of a provider's bounce list. */
export type BounceEntry = { code: string | null; error: string | null; createdAt: Ms | null };

/** Settings and lists of the account. Rejects when it can't be asked. */
export type Account = {
  /** How long a domain's messages are kept; null when the provider does not say. */
  retention(domain: string): Promise<Ms | null>;
  /** Null when the address is not on the bounce list. */
  getBounce(domain: string, address: string): Promise<BounceEntry | null>;
  /** Done when it is off the list, whoever took it off. */
  removeBounce(domain: string, address: string): Promise<void>;
  /** Takes an address off one of the lists of a domain; false when it was not on it. */
  unlist(list: ProviderList, domain: string, address: string): Promise<boolean>;
};

/** What receivers judge mail by, as far as the provider knows it. Rejects when it can't be asked. */
export type Reputation = {
  records(domain: string): Promise<readonly NeededRecord[]>;
  /** Whether links or opens of a domain's mail are tracked, for which its mail leads to the provider. */
  tracks(domain: string): Promise<boolean>;
  /** The addresses that the account's mail is sent from. */
  ips(): Promise<readonly string[]>;
};

/** The ways that an account's mail leaves, and how it fares by the provider's count. Each rejects when it can't be asked. */
export type Sending = {
  addresses(): Promise<readonly AccountAddress[]>;
  pools(): Promise<readonly Pool[]>;
  /** Those that are under way. */
  warmups(): Promise<readonly Warmup[]>;
  thresholds(): Promise<readonly Threshold[]>;
  classified(time: { from: Ms; until: Ms }): Promise<readonly Classified[]>;
};

export type Fetched =
  | { kind: 'mime'; mime: Buffer }
  | { kind: 'gone' | 'storage_refused'; detail: string }
  | { kind: 'failed'; detail: string };

export type StoredCopies = {
  fetch(mail: Pick<Outgoing, 'domain'>, stored: StoredAt, until: Deadline): Promise<Fetched>;
};
