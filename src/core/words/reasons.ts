import { isReason, type Reason } from '../reason.ts';
import type { Cause } from '../verdict.ts';
import * as advice from './advice.ts';

/** What people are told of a reason. */
export type ReasonWords = {
  /** In the middle of a sentence. */
  sentence: string;
  /** In tables and pictures. */
  short: string;
  /** Behind "outlook.com refused 9". */
  refusedAs?: string;
  /** What somebody can do about it, if anything. */
  advice?: advice.Advice;
};

const CAUSES: Record<Cause, ReasonWords & { refusedAs: string }> = {
  recipient_unknown: {
    sentence: 'there is no such mailbox',
    short: 'no such mailbox',
    refusedAs: 'as unknown mailboxes',
  },
  recipient_disabled: {
    sentence: 'the mailbox is closed',
    short: 'mailbox closed',
    refusedAs: 'as closed mailboxes',
  },
  bad_domain: {
    sentence: "the recipient's domain takes no mail",
    short: 'domain takes no mail',
    refusedAs: 'as a domain that takes no mail',
  },
  suppressed: {
    sentence: 'the address is on a suppression list',
    short: 'on the suppression list',
    refusedAs: "from the provider's suppression list",
  },
  mailbox_full: {
    sentence: 'the mailbox is full',
    short: 'mailbox full',
    refusedAs: 'for full mailboxes',
  },
  greylisted: {
    sentence: 'the receiving server asks every new sender to come back later',
    short: 'greylisted',
    refusedAs: 'to see whether we come back',
  },
  rate_limited: {
    sentence: 'too much mail in too short a time',
    short: 'too much at once',
    refusedAs: 'as too many at once',
  },
  server_temporary: {
    sentence: 'the receiving server had trouble of its own',
    short: "server's own trouble",
    refusedAs: 'for trouble of its own',
  },
  network: {
    sentence: 'the receiving server could not be reached',
    short: 'not reachable',
    refusedAs: 'by not being reachable',
  },
  ip_block: {
    sentence: 'the receiving server blocks the sending IP address',
    short: 'our IP is blocked',
    refusedAs: 'for our IP address',
    advice: advice.IP_BLOCK,
  },
  ip_config: {
    sentence: 'the receiving server objects to how the sending IP address is set up',
    short: "our IP's set-up",
    refusedAs: 'for how our IP address is set up',
    advice: advice.IP_CONFIG,
  },
  spam_content: {
    sentence: 'the receiving server takes the message for spam',
    short: 'taken for spam',
    refusedAs: 'as spam',
    advice: advice.SPAM,
  },
  policy_block: {
    sentence: 'the receiving server refuses it by a policy that it does not explain',
    short: 'policy, unexplained',
    refusedAs: 'by a policy',
    advice: advice.POLICY,
  },
  sender_auth: {
    sentence: 'SPF, DKIM or DMARC of the sending domain did not pass',
    short: 'SPF, DKIM or DMARC',
    refusedAs: 'for SPF, DKIM or DMARC',
    advice: advice.SENDER_AUTH,
  },
  sender_address: {
    sentence: 'the receiving server does not accept the sender address',
    short: 'sender not accepted',
    refusedAs: 'for our sender address',
    advice: advice.SENDER_ADDRESS,
  },
  tls_or_login: {
    sentence: 'the receiving server wants encryption or a login',
    short: 'wants TLS or a login',
    refusedAs: 'for want of TLS or a login',
    advice: advice.TLS,
  },
  domain_reputation: {
    sentence: 'the sending domain has a bad reputation',
    short: "our domain's reputation",
    refusedAs: "for our domain's reputation",
    advice: advice.REPUTATION,
  },
  message_format: {
    sentence: 'the receiving server objects to the form of the message',
    short: 'form of the message',
    refusedAs: 'for the form of the message',
    advice: advice.FORMAT,
  },
  message_too_big: {
    sentence: 'the message is too big',
    short: 'message too big',
    refusedAs: 'as too big',
    advice: advice.SIZE,
  },
  protocol_error: {
    sentence: 'the two servers did not understand each other',
    short: 'protocol error',
    refusedAs: 'by a protocol error',
    advice: advice.PROTOCOL,
  },
  recipient_restricted: {
    sentence: 'the recipient does not take mail from this sender',
    short: 'not from this sender',
    refusedAs: 'as not wanted from this sender',
    advice: advice.RESTRICTED,
  },
  relay_denied: {
    sentence: "the recipient's domain is set up wrongly: its server will not take mail for it",
    short: 'recipient domain set up wrongly',
    refusedAs: "as another server's mail",
    advice: advice.RELAY,
  },
  loop: {
    sentence: 'the mail went round in a loop on the receiving side',
    short: 'mail loop',
    refusedAs: 'for a mail loop',
    advice: advice.LOOP,
  },
  server_misconfig: {
    sentence: 'the receiving side is set up wrongly',
    short: 'recipient server set up wrongly',
    refusedAs: 'for a set-up of its own that is wrong',
    advice: advice.MISCONFIG,
  },
  provider_rejected: {
    sentence: 'the provider refused to process it',
    short: 'rejected by the provider',
    refusedAs: 'as not to be processed',
    advice: advice.REJECTED,
  },
  undetermined: {
    sentence: 'the receiving server did not say why',
    short: 'no cause given',
    refusedAs: 'without saying why',
  },
};

const NEVER_TOLD = 'the provider accepted it and never told what became of it';

/** The words of every reason. The compiler asks for the words of a new one. */
export const REASON_WORDS: Record<Reason, ReasonWords> = {
  ...CAUSES,

  provider_down: { sentence: 'the provider is down', short: 'provider down' },
  provider_held: { sentence: 'an operator keeps mail from leaving through the provider', short: 'provider held' },
  refused_busy: { sentence: 'the provider was busy or could not be reached', short: 'provider busy' },
  refused_account: {
    sentence: 'the provider refused our account',
    short: 'account refused',
    advice: advice.ACCOUNT,
  },
  refused_gone: { sentence: "the provider's stored copy is gone", short: 'stored copy gone' },
  refused_storage_refused: {
    sentence: 'the stored copy is said to be where the API key may not go',
    short: 'storage URL not allowed',
    advice: advice.STORAGE,
  },
  refused_withdrawn: { sentence: 'it was taken back before anything had left', short: 'taken back by us' },
  refused_unscheduled: {
    sentence: 'the provider did not take the time that it was to wait for',
    short: 'refused its time',
  },
  refused_unreadable: {
    sentence: 'the copy that was kept of it is damaged and can not be read',
    short: 'kept copy damaged',
  },
  refused_invalid: {
    sentence: 'the provider refused the message as invalid',
    short: 'refused as invalid',
    advice: advice.INVALID,
  },
  refused_temporary: {
    sentence: 'the receiving server put the secondary off',
    short: 'secondary was put off',
  },
  refused_permanent: {
    sentence: 'the receiving server turned the secondary away for good',
    short: 'secondary refused too',
  },

  useful_life_over: { sentence: 'its useful life ended', short: 'useful life over' },
  nothing_to_send: { sentence: 'no copy of the message is kept that could be sent', short: 'no copy to send' },
  storage_gone: {
    sentence: "the provider's stored copy can not be had and we keep none",
    short: 'stored copy gone',
  },
  storage_refused: {
    sentence:
      "the stored copy is said to be where the API key may not go (MAILGUN_STORAGE_HOSTS, the delivery's own domain), and we keep none",
    short: 'storage URL not allowed',
    advice: advice.STORAGE,
  },
  never_reached_provider: {
    sentence: 'the provider has no record of it, and there is no copy that could be sent',
    short: 'never reached the provider',
  },
  secondary_refused: {
    sentence: 'the receiving server turned the secondary away as well',
    short: 'secondary refused too',
  },
  secondary_exhausted: {
    sentence: 'the secondary did not get it through either',
    short: 'secondary did not get through',
  },
  bounce_listed: {
    sentence: "the address stays on the provider's bounce list",
    short: 'on the bounce list',
    advice: advice.BOUNCE_LIST,
  },
  ends_processes: {
    sentence: 'three processes in a row ended while they handed it over',
    short: 'ends our processes',
    advice: advice.ENDS_PROCESSES,
  },
  bounce_list_unasked: {
    sentence: 'the provider could not be asked to take the address off its bounce list',
    short: 'bounce list out of reach',
    advice: advice.BOUNCE_LIST,
  },
  not_confirmed: {
    sentence: 'the provider does not confirm that it ever had this message for this recipient',
    short: 'not confirmed by the provider',
  },
  unconfirmed: { sentence: 'nobody can say whether it went out', short: 'never confirmed' },
  silence: { sentence: NEVER_TOLD, short: 'provider never told' },
  silent_accepted: { sentence: NEVER_TOLD, short: 'provider never told' },
  silent_deferred: {
    sentence: 'the provider was still retrying when it last told of it',
    short: 'provider was still retrying',
  },
  failed: { sentence: 'the provider reported a failure and did not say why', short: 'no cause reported' },

  unanswered: { sentence: 'the provider gave no answer', short: 'no answer' },
  reopened: { sentence: 'an operator opened it again', short: 'opened again' },

  superseded: { sentence: 'a newer message with the same key took its place', short: 'replaced by a newer one' },
  by_application: { sentence: 'by the application', short: 'by the application' },
  by_operator: { sentence: 'by an operator', short: 'by an operator' },

  still_in_flight: { sentence: 'the hand-over before it is still in flight', short: 'still in flight' },
  nothing_returned: { sentence: 'nothing has come back so far', short: 'nothing came back' },
  nothing_heard: { sentence: 'the provider has it and says nothing more', short: 'nothing heard' },
  secondary_did_not_take_it: { sentence: 'the secondary did not take it', short: 'secondary did not take it' },

  unknown: { sentence: 'no reason is known', short: 'unknown' },
};

/** A newer version may have stored a reason that this one does not know: it is shown as it is. */
const wordsFor = (reason: string): ReasonWords =>
  isReason(reason) ? REASON_WORDS[reason] : { sentence: reason, short: reason.replaceAll('_', ' ') };

/** A reason in the middle of a sentence. */
export const reasonWords = (reason: string | null): string => wordsFor(reason ?? 'unknown').sentence;

/** A reason for tables and pictures. */
export const shortReason = (reason: string): string => wordsFor(reason).short;

/** How a refusal by this cause is put behind "outlook.com refused 9". */
export const refusedAs = (cause: string): string => wordsFor(cause).refusedAs ?? `(${shortReason(cause)})`;

/** What can be done about it, by what the server replied; null when there is nothing to do. */
export const adviceFor = (reason: string, reply = ''): string | null => advice.adviceIn(wordsFor(reason).advice, reply);
