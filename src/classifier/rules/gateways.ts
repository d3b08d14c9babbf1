import type { Rule } from '../engine/rule.ts';

const MIMECAST = 'Mimecast: SMTP error codes';

/** Filters that stand before other people's servers. */
export const GATEWAYS: readonly Rule[] = [
  {
    name: 'mimecast-dmarc',
    cause: 'sender_auth',
    pattern: ['dmarc sender invalid', 'anti-?spoofing (?:policy|lockout)', 'spf sender invalid', 'dkim sender invalid'],
    source: MIMECAST,
    example: '550 DMARC Sender Invalid - envelope rejected - https://gate.test/docs/1369 [abc]',
  },
  {
    name: 'mimecast-recipient',
    cause: 'recipient_unknown',
    pattern: [
      String.raw`invalid recipient(?: address)?(?: ?-|\.) ?https?://\S{1,40}mimecast`,
      'recipient address (?:is )?not (?:known|recogni[sz]ed)',
    ],
    source: MIMECAST,
    example: '550 Invalid Recipient - https://community.mimecast.test/docs/1369 [abc]',
  },
  {
    name: 'mimecast-blocked-sender',
    cause: 'recipient_restricted',
    pattern: [
      'envelope blocked',
      'header[- ]based (?:blocked|manually blocked)',
      'manually blocked',
      'envelope rejected',
    ],
    source: MIMECAST,
    example: '550 Envelope blocked - User Domain Entry - https://gate.test/docs/1369 [abc]',
  },
  {
    name: 'mimecast-signature',
    cause: 'spam_content',
    pattern: ['local cts', 'cts (?:score|reject)', 'gateway anti-?(?:spam|malware)'],
    source: MIMECAST,
    example: '554 Refused for security, local CTS detected',
  },
  {
    name: 'proofpoint-ip',
    cause: 'ip_block',
    pattern: [String.raw`ipcheck\.proofpoint`, 'pdr[ :-].{0,30}(?:blocked|<ip>)', 'proofpoint dynamic reputation'],
    source: 'Proofpoint: Dynamic Reputation',
    example: '554 Blocked - see https://ipcheck.proofpoint.test/?ip=10.9.8.7',
  },
  {
    name: 'trend-micro-ers',
    cause: 'ip_block',
    pattern: [String.raw`\bers-\w{2,20}`, 'email reputation service'],
    source: 'Trend Micro Email Reputation Services',
    example: '550 5.7.1 Service unavailable; ERS-QIL',
  },
  {
    name: 'symantec-access',
    cause: 'ip_block',
    pattern: 'access to (?:submit messages to )?this (?:e?-?mail )?system has been rejected',
    unless: ['domain'],
    source: 'Symantec Messaging Gateway, Cisco: connection class of the sending IP',
    example: '554 Your access to this mail system has been rejected. Ask your provider.',
  },
  {
    name: 'barracuda-reputation',
    cause: 'ip_block',
    pattern: [
      'barracuda ?(?:central|reputation|networks)',
      String.raw`\bb\.barracuda`,
      String.raw`bsf[_ ]\w{1,12}`,
      'blocked using barracuda',
    ],
    source: 'Barracuda Reputation Block List',
    example: '554 Service unavailable; host [10.9.8.7] blocked using Barracuda Reputation',
  },
  {
    name: 'messagelabs-relay',
    cause: 'relay_denied',
    pattern: '(?:trying to use|using) me .{0,60}as a relay',
    source: 'Symantec Email Security.cloud (MessageLabs)',
    example: '553 you are trying to use me [server-1.gate.test] as a relay, but nobody told me to let you',
  },
  {
    name: 'messagelabs-traffic',
    cause: 'ip_block',
    pattern: [
      'requested action not taken.{0,20}traffic.{0,20}(?:reject|block)',
      '(?:client|connection) (?:rejected|refused) by traffic',
    ],
    source: 'Symantec Email Security.cloud (MessageLabs)',
    example: '554 Connection refused by traffic shaping, 10.9.8.7',
  },
  {
    name: 'esets-spam',
    cause: 'spam_content',
    pattern: [
      String.raw`esets[_ ]smtp \(spam\)`,
      'mailmarshal spamprofiler',
      String.raw`\bdspam\b`,
      String.raw`\bspamassassin\b`,
      String.raw`\brspamd\b`,
      'spam score',
    ],
    source: 'ESET, MailMarshal, DSPAM, SpamAssassin, Rspamd',
    example: '554 Refused: spam score 12.1 over the limit',
  },
];
