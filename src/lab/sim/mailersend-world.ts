import { type Clock, type Ms, SECOND } from '../../core/time.ts';
import { createAgenda } from './agenda.ts';

export type SimMailersendOptions = {
  token: string;
  /** What webhooks are signed with. */
  secret: string;
  /** Those that are verified. */
  domains: readonly string[];
  clock: Clock;
  /** What the token may do beside sending. */
  mayOnlySend?: boolean;
  /** Of the payload of webhooks; version 1 ends with November 2026. */
  version?: 1 | 2;
  port?: number;
};

export type SentMail = { id: string; at: Ms; email: GivenEmail };

export type MailersendWorld = Required<Pick<SimMailersendOptions, 'version' | 'mayOnlySend'>> &
  Pick<SimMailersendOptions, 'token' | 'secret' | 'domains' | 'clock'> & {
    agenda: ReturnType<typeof createAgenda>;
    mails: SentMail[];
    /** Webhooks that were posted. */
    posts: Post[];
    fates: Map<string, Fate>;
    /** Addresses on one of its lists, with the name of the list. */
    suppressed: Map<string, string>;
    webhookUrl: string | null;
    isInMaintenance: boolean;
    isPaused: boolean;
    /** Calls that are left of this minute; null for as many as anybody makes. */
    callsLeft: number | null;
    ids: number;
  };

export type Mailbox = { email: string; name?: string };
export type GivenEmail = {
  from: Mailbox;
  to: Mailbox[];
  subject: string;
  text?: string;
  html?: string;
  reply_to?: Mailbox;
  in_reply_to?: string;
  references?: string[];
  headers?: { name: string; value: string }[];
  attachments?: { filename: string; content: string; disposition?: string; id?: string }[];
  tags?: string[];
  settings?: Record<string, boolean>;
};

/** What becomes of the mail to an address; without one it is delivered. */
export type Fate =
  | 'delivered'
  /** Nothing more is told of it. */
  | 'silence'
  | 'complained'
  | 'opened'
  | { bounced: 'hard' | 'soft'; reason: string; code?: string }
  /** The address came onto a list after the mail was taken. */
  | { suppressed: string };

export type Post = { at: Ms; body: string; signature: string; answer: number | 'no answer' };

export const mailersendWorld = ({
  token,
  secret,
  domains,
  clock,
  mayOnlySend = false,
  version = 2,
}: SimMailersendOptions) => ({
  ...{ token, secret, domains, clock, mayOnlySend, version },
  agenda: createAgenda(clock, 'hand', 20),
  mails: [] as SentMail[],
  posts: [] as Post[],
  fates: new Map<string, Fate>(),
  suppressed: new Map<string, string>(),
  webhookUrl: null as string | null,
  isInMaintenance: false,
  isPaused: false,
  callsLeft: null as number | null,
  ids: 0,
});

/** 24 digits that begin with the time, as theirs do. */
export function newMailersendId(world: MailersendWorld): string {
  const seconds = Math.floor(world.clock() / SECOND);
  return seconds.toString(16).padStart(8, '0') + (++world.ids).toString(16).padStart(16, '0');
}
