/** What is best done about a failure. */
export const DECISIONS = [
  'retry_new_ip', // another IP of the shared pool may pass
  'retry_later', // only time helps
  'switch_provider', // once, through the secondary
  'fix_sender', // the same mail fails everywhere until somebody mends something
  'give_up_suppress', // a dead address
  'give_up_no_suppress',
] as const;
export type Decision = (typeof DECISIONS)[number];

export const CAUSES = [
  'recipient_unknown',
  'recipient_disabled',
  'bad_domain',
  'suppressed',
  'mailbox_full',
  'greylisted',
  'rate_limited',
  'server_temporary',
  'network',
  'ip_block',
  'ip_config',
  'spam_content',
  'policy_block',
  'sender_auth',
  'sender_address',
  'tls_or_login',
  'domain_reputation',
  'message_format',
  'message_too_big',
  'protocol_error',
  'recipient_restricted',
  'relay_denied',
  'loop',
  'server_misconfig',
  'provider_rejected',
  'undetermined',
] as const;
export type Cause = (typeof CAUSES)[number];

export type Evidence = {
  /** Name of the rule that decided. */
  rule: string;
  /** The words (or code) that it decided by. */
  words: string;
};

/** The confidence of a verdict by an operator's own rule; no built-in rule is that sure. */
export const OPERATORS_CONFIDENCE = 1;

export type Verdict = {
  cause: Cause;
  decision: Decision;
  /** 0 to 1. */
  confidence: number;
  evidence: Evidence;
};

/** Why an address is on our own list: what a failure was about, what the recipient did, or an operator's word. */
export type SuppressionCause = Cause | 'complained' | 'unsubscribed' | 'operator';
