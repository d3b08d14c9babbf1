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
      String.raw`\bipv6\b`,
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
    // Another IP or provider changes nothing for one whom the refusal names. Whether the address is dead is not said.
    name: 'some-word-of-the-recipient',
    cause: 'recipient_restricted',
    pattern: [
      String.raw`\b(?:recipients?|addressee|mail ?box|inbox|rcpt)\b`,
      String.raw`\b(?:users?|account|address|alias|customer|employee|subscriber)\b .{0,60}(?:reject|refus|denied|block|not|no |invalid|bad|fail|problem|error|prohibit|unable|only|longer)`,
      String.raw`(?:reject|refus|denied|block|not|no|invalid|bad|fail|problem|error|prohibit|unable)\w{0,4} .{0,40}\b(?:users?|account|address|alias|customer|employee|subscriber)\b`,
      '^<a>:? .{0,60}(?:reject|refus|denied|not|invalid|bad|fail|problem|error|unable|longer)',
    ],
    unless: [
      'no (?:valid )?recipients? (?:were |was )?(?:specified|given)',
      String.raw`\bips?\b`,
      '<ip>',
      'sender|sending|sent from|mail from|from address',
      'host|server|network|client',
      'your (?:host|server|domain|network|e?-?mail|message|address|account|isp|provider|system)',
      'header|spam|junk|unsolicited|content|virus|attachment|url|link',
      'reputation|(?:black|block) ?list|listed',
      String.raw`\b(?:spf|dkim|dmarc|tls|ssl|auth\w{0,12}|ptr|dns|helo)\b`,
      'temporar|later|timed? ?out|deferred|busy|again',
      'limit|quota|rate|too many|exceed',
      'polic(?:y|ies)',
      'message (?:was |is )?(?:rejected|refused|blocked)',
    ],
    confidence: 0.4,
    source: COMMON,
    example: '554 5.7.1 Something about this inbox does not please us',
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
