import type { Rule } from '../engine/rule.ts';

const COMMON = 'wording common to many servers';

/**
 * A refusal in words that no rule knows, which yet names someone. Who is named says what may help: another IP when it
 * is our machine, a person when it is our address.
 */
export const VAGUE: readonly Rule[] = [
  {
    name: 'some-word-of-the-host',
    cause: 'ip_block',
    pattern: [
      String.raw` ips?\b`,
      '^ips? ',
      '<ip> .{0,80}(?:not|reject|refus|denied|deny|block|bad|spam|abuse|list|sorry|contact|support|http|unwanted)',
      '(?:not|reject|refus|denied|deny|block|bad|spam|abuse|list|sorry|contact|support|http|unwanted).{0,80} <ip>',
      String.raw`\brbls?\b`,
      'spamhaus',
      'reputation',
      'spammer',
      'blacklist',
      'blocklist',
      String.raw`(?:your|sending|sender|client|remote|connecting|source|this) ?(?:host|server|mta|network|isp|provider|machine|computer|system|subnet|gateway|relay)s?\b`,
      'server (?:is )?(?:black|block|reject|refus|ban)',
      'connection (?:is )?(?:reject|refus|denied|block|not allowed|not accepted)',
      'hosting',
    ],
    unless: [
      '(?:recipient|user|mailbox|mail box|account|addressee|inbox|alias|<a>)',
      '(?:domain|url|link|header|attachment|subject|content|spam(?!mer|haus|cop))',
      String.raw`\b(?:spf|dkim|dmarc|tls|ssl|auth\w{0,12})\b`,
      'relay',
      'temporar',
      '(?:timed? ?out|expired|unreachable|later)',
      'returned',
    ],
    confidence: 0.5,
    source: COMMON,
    example: '550 We know this IP all too well',
  },
  {
    name: 'some-word-of-the-sender',
    cause: 'sender_address',
    pattern: [
      String.raw`\bsenders?\b.{0,60}(?:reject|refus|denied|block|not|invalid|unknown|bad|prohibit|forbid|fail|ban|illegal|missing)`,
      String.raw`(?:reject|refus|denied|block|not|invalid|unknown|bad|prohibit|forbid|fail|ban|illegal|missing|unsafe)\w{0,4} .{0,30}\bsenders?\b`,
    ],
    unless: [
      String.raw`\bips?\b`,
      '<ip>',
      '(?:sender|sending) (?:host|server|mta|network|system)',
      'reputation',
      '(?:black|block) ?list',
      'spam',
      'volume',
      'limit',
      'too many',
      'polic',
      '(?:user|recipient|mailbox) (?:unknown|not found|does not)',
    ],
    confidence: 0.4,
    source: COMMON,
    example: '550 Senders of that sort are refused in this house',
  },
];
