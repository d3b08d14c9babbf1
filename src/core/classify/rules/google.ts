import type { Rule } from '../rule.ts';

const SOURCE = 'Gmail: SMTP errors, and the word after ?p= in its links';

/** Gmail and Google Workspace. */
export const GOOGLE: readonly Rule[] = [
  {
    name: 'google-no-such-user',
    cause: 'recipient_unknown',
    pattern: [
      String.raw`p=nosuchuser\b`,
      String.raw`p=invalidrecipient\b`,
      String.raw`answer(?:\.py\?answer=|/)6596\b`,
    ],
    source: SOURCE,
    example: '550 5.1.1 No account here. https://support.google.test/mail/?p=NoSuchUser ab12-gsmtp',
  },
  {
    name: 'google-disabled-user',
    cause: 'recipient_disabled',
    pattern: [String.raw`p=disableduser\b`, 'account that you tried to reach is (?:disabled|inactive)'],
    source: SOURCE,
    example: '550 5.2.1 Account is off. https://support.google.test/mail/?p=DisabledUser ab12-gsmtp',
  },
  {
    name: 'google-full-and-inactive',
    cause: 'mailbox_full',
    pattern: ['(?:over quota|out of storage(?: space)?) and inactive', String.raw`p=overquotaperm\b.{0,80}inactive`],
    decision: 'give_up_no_suppress',
    source: `${SOURCE}: nobody empties that box`,
    example: '552 5.2.2 The inbox is out of storage space and inactive. p=OverQuotaPerm ab12-gsmtp',
  },
  {
    name: 'google-over-quota',
    cause: 'mailbox_full',
    pattern: String.raw`p=overquota(?:perm|temp)?\b`,
    source: SOURCE,
    example: '552 5.2.2 Box is over quota. https://support.google.test/mail/?p=OverQuotaPerm ab12-gsmtp',
  },
  {
    name: 'google-receiving-rate',
    cause: 'rate_limited',
    pattern: [
      String.raw`p=receivingrate(?:perm)?\b`,
      'receiving mail (?:at a rate|too quickly)',
      'p=toomanyrecipients',
      'p=(?:mailsending|sending)limit',
    ],
    source: SOURCE,
    example: '550 5.2.1 The account is receiving mail too quickly. p=ReceivingRatePerm ab12-gsmtp',
  },
  {
    name: 'google-unsolicited-rate',
    cause: 'rate_limited',
    pattern: [String.raw`p=unsolicitedratelimiterror\b`, 'temporarily rate limited'],
    codes: [421, 450, 451, 452],
    source: SOURCE,
    example: '421 4.7.28 Unusual rate of mail from your address. p=UnsolicitedRateLimitError ab12-gsmtp',
  },
  {
    name: 'google-unsolicited-ip',
    cause: 'ip_block',
    pattern: [
      String.raw`p=unsolicitediperror\b`,
      String.raw`p=unsolicitedratelimiterror\b`,
      'unusual rate of unsolicited mail originating from your ip',
      String.raw`p=notauthorizederror\b`,
      "ip you're using to send (?:e?mail|messages) is not authorized",
    ],
    source: SOURCE,
    example: '550 5.7.1 Likely unsolicited mail from your address. p=UnsolicitedIPError ab12-gsmtp',
  },
  {
    name: 'google-ip-reputation',
    cause: 'ip_block',
    pattern: '(?:very )?low reputation of the sending ip',
    source: SOURCE,
    example: '550 5.7.1 Suspicious due to the very low reputation of the sending IP address. ab12-gsmtp',
  },
  {
    name: 'google-domain-reputation',
    cause: 'domain_reputation',
    pattern: '(?:very )?low reputation of the sending domain',
    source: SOURCE,
    example: '550 5.7.1 Suspicious due to the very low reputation of the sending domain. ab12-gsmtp',
  },
  {
    name: 'google-ipv6-auth',
    cause: 'ip_config',
    pattern: [String.raw`p=ipv6autherror\b`, 'ipv6 sending guidelines'],
    source: SOURCE,
    example: '550 5.7.1 Does not meet our guidelines for this network. p=IPv6AuthError ab12-gsmtp',
  },
  {
    name: 'google-unsolicited-message',
    cause: 'spam_content',
    pattern: [
      String.raw`p=unsolicitedmessageerror\b`,
      'message is likely (?:unsolicited|suspicious)',
      'suspicious due to the nature of the content',
    ],
    source: SOURCE,
    example: '550 5.7.1 This looks unsolicited. p=UnsolicitedMessageError ab12-gsmtp',
  },
  {
    name: 'google-blocked-content',
    cause: 'message_format',
    pattern: [
      String.raw`p=blockedmessage\b`,
      String.raw`p=rfcmessagenoncompliant\b`,
      String.raw`p=(?:invalid|malformed)\w{0,20}header`,
      'illegal attachment on your message',
    ],
    source: SOURCE,
    example: '552 5.7.0 Blocked because its content presents a security issue. p=BlockedMessage ab12-gsmtp',
  },
  {
    name: 'google-size',
    cause: 'message_too_big',
    pattern: [
      String.raw`p=maxsizeerror\b`,
      String.raw`p=header-limits\b`,
      "exceeds google's (?:limit|message (?:size|header))",
    ],
    source: SOURCE,
    example: '552 5.3.4 Too large. https://support.google.test/mail/?p=MaxSizeError ab12-gsmtp',
  },
  {
    name: 'google-tls',
    cause: 'tls_or_login',
    pattern: String.raw`p=(?:tlsrequired|wantautherror|badcredentials|weblogin\w{0,12}|autherror\w{0,4}|invalidsecondfactor|cantbrowser\w{0,8})\b`,
    source: SOURCE,
    example: '530 5.7.0 Authentication Required. https://support.google.test/mail/?p=WantAuthError ab12-gsmtp',
  },
  {
    name: 'google-dmarc',
    cause: 'sender_auth',
    pattern: String.raw`p=(?:dmarcrejection|unauthenticated\w{0,20}|spf\w{0,20}|dkim\w{0,20}|tempauth\w{0,10})\b`,
    source: SOURCE,
    example: '550 5.7.26 Not accepted due to policy of the domain. p=DmarcRejection ab12-gsmtp',
  },
];
