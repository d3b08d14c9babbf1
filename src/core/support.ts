// What those who answer for mail are told of one: what went wrong last, what is tried next, and what they can do.
import type { Attempt, Delivery, State } from './delivery.ts';
import { type Reason, refusedFor } from './reason.ts';
import { replyWords } from './reply-words.ts';
import type { Report } from './sighting.ts';
import type { Ms } from './time.ts';
import { CAUSES, type Cause } from './verdict.ts';

/** The last thing that went wrong: when, with which attempt, why, and what was said by whoever did not take it. */
export type Trouble = { at: Ms; attempt: number; reason: Reason; said: string | null };

export const lastTrouble = ({ attempts }: Delivery): Trouble | null =>
  attempts.flatMap(troublesOf).reduce<Trouble | null>((last, one) => (last && last.at > one.at ? last : one), null);

const TROUBLE: ReadonlySet<Report> = new Set(['deferred', 'failed', 'rejected']);

function troublesOf({ number: attempt, answer, unanswered, reports }: Attempt): Trouble[] {
  const troubles: Trouble[] = reports
    .filter(({ report }) => TROUBLE.has(report))
    .map(({ at, report, verdict, bounce }) => {
      const reason = verdict?.cause ?? (report === 'deferred' ? 'undetermined' : 'failed');
      return { at, attempt, reason, said: replyWords(bounce) || null };
    });
  if (unanswered) troubles.push({ at: unanswered.at, attempt, reason: 'unanswered', said: unanswered.detail || null });
  if (answer?.kind === 'refused')
    troubles.push({ at: answer.at, attempt, reason: refusedFor(answer.why), said: answer.detail || null });
  return troubles;
}

/** Who tries it next, when, and through whom; null for what is not known before. */
export type NextTry = { by: 'homing' | 'provider'; at: Ms | null; provider: string | null };

/** A provider by its name, and whether mail may be handed to it as it is now. */
export type Way = { name: string; isUp: boolean };

/** Null where nothing is tried, or nothing is tried before it is known what became of the attempt before. */
export function nextTry(d: Delivery, fallback: boolean, ways: readonly Way[], now: Ms): NextTry | null {
  const deliverAt = d.attempts.at(-1)?.claim.deliverAt ?? null;
  switch (d.state) {
    case 'queued':
      return { by: 'homing', at: d.nextAt, provider: likelyWay(d, fallback, ways) };
    case 'accepted':
      return deliverAt !== null && deliverAt > now ? { by: 'provider', at: deliverAt, provider: d.provider } : null;
    case 'deferred':
      return { by: 'provider', at: null, provider: d.provider };
    default:
      return null;
  }
}

/** The provider that it leaves through if nothing changes, where that can be said: it is chosen when it leaves. */
function likelyWay({ tries, budget, fallbackTries }: Delivery, fallback: boolean, ways: readonly Way[]): string | null {
  const [home, other, ...more] = ways;
  if (!home?.isUp) return null;
  if (tries < budget) return home.name;
  return fallback && fallbackTries === 0 && other?.isUp && more.length === 0 ? other.name : null;
}

/** What somebody can do about a mail that a person misses. */
export const DEEDS = [
  'unsuppress',
  'check_address',
  'wait',
  'check_spam',
  'make_room',
  'other_way',
  'tell_operator',
  'new_mail',
  'resend',
  'retry',
  'cancel',
] as const;
export type Deed = (typeof DEEDS)[number];

/** Whose it is to mend what a server refused a mail for. */
type Mender = 'address' | 'recipient' | 'sender' | 'nobody';
const MENDER: Record<Cause, Mender> = {
  recipient_unknown: 'address',
  recipient_disabled: 'address',
  bad_domain: 'address',
  suppressed: 'address',
  mailbox_full: 'recipient',
  greylisted: 'nobody',
  rate_limited: 'nobody',
  server_temporary: 'nobody',
  network: 'nobody',
  ip_block: 'sender',
  ip_config: 'sender',
  spam_content: 'sender',
  policy_block: 'nobody',
  sender_auth: 'sender',
  sender_address: 'sender',
  tls_or_login: 'sender',
  domain_reputation: 'sender',
  message_format: 'sender',
  message_too_big: 'sender',
  protocol_error: 'sender',
  recipient_restricted: 'nobody',
  relay_denied: 'nobody',
  loop: 'nobody',
  server_misconfig: 'nobody',
  provider_rejected: 'sender',
  undetermined: 'nobody',
};

const isCause = (reason: Reason | null): reason is Cause => CAUSES.some((cause) => cause === reason);

const MENDING: Record<Mender, readonly Deed[]> = {
  address: ['check_address', 'new_mail'],
  recipient: ['make_room', 'other_way'],
  sender: ['tell_operator', 'other_way'],
  nobody: ['other_way'],
};

/** A mail, as far as it says what can be done about it. */
export type Prospect = {
  delivery: Pick<Delivery, 'state' | 'reason'>;
  /** Its address is on our own list: nothing is sent to it. */
  isSuppressed: boolean;
  /** It is only followed here: nothing of it is ever sent by Homing. */
  isWatched: boolean;
  /** Another copy may be asked for, now or a little later. */
  mayResend: boolean;
};

/** What can be done, the most useful first. */
export function deedsFor({ delivery: { state, reason }, isSuppressed, isWatched, mayResend }: Prospect): Deed[] {
  const deeds = [
    ...(isSuppressed ? (['unsuppress'] as const) : []),
    ...BY_STATE[state],
    ...(state === 'failed' ? MENDING[isCause(reason) ? MENDER[reason] : 'sender'] : []),
    ...(mayResend && !isSuppressed && !isWatched ? (['resend'] as const) : []),
  ];
  return isWatched ? deeds.filter((deed) => !OF_HOMING.has(deed)) : deeds;
}

const BY_STATE: Record<State, readonly Deed[]> = {
  queued: ['wait', 'cancel'],
  sending: ['wait', 'cancel'],
  unconfirmed: ['wait', 'check_spam', 'cancel'],
  accepted: ['wait', 'check_spam', 'cancel'],
  deferred: ['wait', 'cancel'],
  delivered: ['check_spam', 'new_mail'],
  relayed: ['check_spam'],
  failed: [],
  abandoned: ['other_way', 'retry'],
  expired: ['new_mail'],
  cancelled: ['new_mail'],
};

const OF_HOMING: ReadonlySet<Deed> = new Set(['cancel', 'resend', 'retry']);
