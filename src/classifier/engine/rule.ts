import { type Cause, type Decision, OPERATORS_CONFIDENCE } from '../../core/verdict.ts';

/** The place of a rule in the order of asking, which also says how much it proves. */
export type Layer = 'mailgun' | 'own' | 'provider' | 'words' | 'enhanced' | 'code';

/** An example: a whole reply on one line ("550 5.1.1 No such user"), or fields when a line can't say it. */
export type Example =
  | string
  | {
      code?: number | string;
      enhancedCode?: string;
      message?: string;
      description?: string;
      severity?: string;
      reason?: string;
      recipientProvider?: string;
      mxHost?: string;
    };

export type Rule = {
  name: string;
  cause: Cause;
  /**
   * Regular expressions, of which one must match the reply as reply.ts prepares it: lower case, no accents, single
   * spaces, no codes, addresses as `<a>`, IP addresses as `<ip>`. No unbounded repetition (pattern.ts refuses it).
   */
  pattern?: string | readonly string[];
  /** The rule does not hold when one of these matches too. */
  unless?: string | readonly string[];
  /** Reply codes for which the rule holds. */
  codes?: readonly number[];
  /** Enhanced codes for which it holds: "5.1.1", or "x.7.25" for 4 and 5, or "5.7.*". */
  enhanced?: readonly string[];
  /** Mailgun's word in `reason`. */
  reasons?: readonly string[];
  /** A part of the MX's name or of Mailgun's name for the recipient's provider. */
  provider?: readonly string[];
  /** A part of the recipient's domain. */
  domain?: string;
  /** When it is not what the cause asks for. */
  decision?: Decision;
  confidence?: number;
  /** Who says so, or where it is written. */
  source: string;
  example: Example;
};

export const DECISION_OF: Record<Cause, Decision> = {
  recipient_unknown: 'give_up_suppress',
  recipient_disabled: 'give_up_suppress',
  bad_domain: 'give_up_suppress',
  suppressed: 'give_up_suppress',
  mailbox_full: 'retry_later',
  greylisted: 'retry_later',
  rate_limited: 'retry_later',
  server_temporary: 'retry_later',
  network: 'retry_later',
  ip_block: 'retry_new_ip',
  ip_config: 'retry_new_ip',
  spam_content: 'switch_provider',
  policy_block: 'switch_provider',
  sender_auth: 'fix_sender',
  sender_address: 'fix_sender',
  tls_or_login: 'fix_sender',
  domain_reputation: 'fix_sender',
  message_format: 'fix_sender',
  message_too_big: 'fix_sender',
  protocol_error: 'fix_sender',
  recipient_restricted: 'give_up_no_suppress',
  relay_denied: 'give_up_no_suppress',
  loop: 'give_up_no_suppress',
  server_misconfig: 'give_up_no_suppress',
  provider_rejected: 'fix_sender',
  undetermined: 'give_up_no_suppress',
};

export const CONFIDENCE_OF: Record<Layer, number> = {
  mailgun: 0.99,
  own: OPERATORS_CONFIDENCE,
  provider: 0.95,
  words: 0.9,
  enhanced: 0.65,
  code: 0.4,
};
