import type { Rule } from '../rule.ts';

const COMMON = 'wording common to many servers';

/** A refusal that names no cause: one try elsewhere. */
export const POLICIES: readonly Rule[] = [
  {
    name: 'policy',
    cause: 'policy_block',
    pattern: [
      'polic(?:y|ies)',
      String.raw`restrictions?\b`,
      'security (?:reason|rule|polic|setting)',
      'administrative(?:ly)? (?:prohibit|reject|den|block|refus|reason)',
      'local (?:rule|filter|access)',
      'access rule',
      'prohibit',
      'forbidden',
      'unauthori[sz]ed',
      'not permitted',
      'no permit',
      'not allowed',
      'disallowed',
      'go away',
      'violation',
      'unacceptable',
      'compliance',
    ],
    source: COMMON,
    example: '554 5.7.1 Refused for reasons of local policy',
  },
  {
    name: 'some-limit',
    cause: 'rate_limited',
    pattern: [
      'exceed(?:s|ed|ing)? .{0,40}(?:limit|threshold|maximum|allowed)',
      '(?:limit|threshold) .{0,20}(?:exceeded|reached)',
    ],
    confidence: 0.6,
    source: 'wording common to many servers',
    example: '550 exceeding the thread limit',
  },
  {
    name: 'bare-refusal',
    cause: 'policy_block',
    pattern: [
      String.raw`\bblocked\b`,
      'access denied',
      'command rejected',
      String.raw`(?:message|mail|e?-?mail|delivery|transmission|content) (?:\S{1,12} ){0,2}(?:rejected|refused|denied|blocked|declined|not accepted|bounced|unwanted|discarded)`,
      String.raw`(?:rejected|refused|denied|declined)(?: by| for|$|\.|,)`,
      'not accept',
      'denied by',
    ],
    confidence: 0.5,
    source: COMMON,
    example: '550 Access denied',
  },
  {
    name: 'transaction-failed',
    cause: 'undetermined',
    pattern: [
      'transaction failed',
      String.raw`^(?:error|failed|failure|unknown error|rejected|delivery (?:failed|error))\.?$`,
      'unable to deliver',
      'could not be delivered',
      'undeliverable',
      'not delivered',
    ],
    confidence: 0.3,
    source: 'RFC 5321, reply 554',
    example: '554 Transaction failed',
  },
];
