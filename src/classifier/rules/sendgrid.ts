import type { Rule } from '../engine/rule.ts';

/** What SendGrid says itself, where no server was asked. */
export const SENDGRID: readonly Rule[] = [
  {
    name: 'sendgrid-dropped',
    cause: 'suppressed',
    pattern: '^(?:bounced|unsubscribed|spam reporting) address$',
    source: 'SendGrid, reason of a dropped event: the address is on a list of its own',
    example: 'Spam Reporting Address',
  },
  {
    name: 'sendgrid-no-mx',
    cause: 'bad_domain',
    decision: 'give_up_no_suppress',
    confidence: 0.6,
    pattern: '^unable to get mx info\\b',
    source: 'SendGrid, reason of a blocked event: it may be a passing failure of DNS',
    example: 'unable to get mx info: failed to get IPs from PTR record: lookup <nil>: unrecognized address',
  },
];
