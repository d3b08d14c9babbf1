import { DECISION_OF, type Rule } from '../engine/rule.ts';
import { SENDERS_ABROAD } from './languages.ts';

const RFC = 'RFC 3463 and the IANA registry of enhanced status codes';

type Row = [name: string, cause: Rule['cause'], enhanced: string[], confidence?: number];

/** Words that tell of another cause than a dead address. */
const SURE_OF_ANOTHER = [
  'limit',
  'rate\\b',
  'too many',
  'quota',
  'full\\b',
  'spam',
  'block',
  'temporar',
  'later',
  'reputation',
  'authenticat',
  'countr',
  'busy',
  '(?:from|your|by|client|host) .{0,20}<ip>',
  'sender',
  'space',
  'storage',
  'too much',
  'exceed',
  'large',
  'lookup',
  'resolv',
  'encrypt',
  'password',
  'virus',
  'attachment',
  'header',
  'time(?:d )?-?out',
  'connect',
  'expired',
  'loop',
  '(?:server|system|internal|config\\w{0,10}) (?:error|fail|problem)',
  '\\bcontent',
  'ipv[46]',
  String.raw`\b(?:dns|ptr|rdns|helo|ehlo|tls|ssl|spf|dkim|dmarc|ldap)\b`,
  ...SENDERS_ABROAD,
];

/** Words beside which a code that means a dead address must not be believed. */
const DOUBT = [
  ...SURE_OF_ANOTHER,
  'this (?:message|mail|e-?mail)\\b(?! (?:box|address|account))',
  'polic',
  'list',
  'relay',
  'rule',
  'permi(?:t|ss)',
  'not (?:allowed|authori)',
  'denied',
  'prohibit',
  'restrict',
  'message (?:was )?(?:rejected|refused|not accepted)',
];

const enhancedRule = ([name, cause, enhanced, confidence]: Row): Rule => ({
  name,
  cause,
  enhanced,
  ...(confidence === undefined ? {} : { confidence }),
  ...(DECISION_OF[cause] === 'give_up_suppress' ? { unless: DOUBT } : {}),
  source: RFC,
  example: { code: 550, enhancedCode: (enhanced[0] ?? '').replace('x', '5').replace('*', '99'), message: 'Zzz' },
});

/**
 * When no words decide. x.7.1, x.1.0, x.5.0, x.3.0 and x.0.0 are absent on purpose: servers give them for everything
 * (x.7.1 is an IP block in two of five cases and an unknown user in one of ten).
 */
export const TELLING_CODES: readonly Rule[] = (
  [
    ['code-no-such-mailbox', 'recipient_unknown', ['x.1.1', 'x.1.3', 'x.1.6', 'x.1.10'], 0.75],
    ['code-bad-domain', 'bad_domain', ['x.1.2', 'x.4.4', 'x.4.310']],
    ['code-sender-address', 'sender_address', ['x.1.7', 'x.1.8', 'x.7.27']],
    ['code-disabled', 'recipient_disabled', ['x.2.1']],
    ['code-mailbox-full', 'mailbox_full', ['x.2.2']],
    ['code-too-big', 'message_too_big', ['x.2.3', 'x.3.4']],
    ['code-ptr', 'ip_config', ['x.7.25']],
  ] satisfies Row[]
).map(enhancedRule);

/**
 * A code that means a dead address, beside words that only forbid. They may be about us; but to send again to an
 * address that its own server calls dead is worse than to lose one mail.
 */
export const DOUBTED_CODES: readonly Rule[] = [
  {
    name: 'code-of-the-recipient-doubted',
    cause: 'recipient_restricted',
    enhanced: ['5.1.1', '5.1.3', '5.1.6', '5.1.10', '5.2.1'],
    unless: [...SURE_OF_ANOTHER, String.raw`\b(?:dns|ptr|rdns|helo|ehlo|tls|ssl|spf|dkim|dmarc|ldap)\b`],
    confidence: 0.5,
    source: RFC,
    example: '550 5.1.1 Not permitted by rule 12',
  },
];

/** Codes that say less than even a bare "refused". */
export const OTHER_CODES: readonly Rule[] = (
  [
    ['code-server', 'server_temporary', ['x.3.1', 'x.3.2', 'x.4.5', 'x.4.3']],
    ['code-misconfigured', 'server_misconfig', ['x.3.5', 'x.2.4']],
    ['code-loop', 'loop', ['x.4.6', 'x.4.14', 'x.4.0']],
    ['code-network', 'network', ['x.4.1', 'x.4.2', 'x.4.7', 'x.4.316', 'x.4.300', 'x.0.947', 'x.0.971']],
    ['code-protocol', 'protocol_error', ['x.5.1', 'x.5.2', 'x.5.4', 'x.7.11']],
    ['code-rate', 'rate_limited', ['x.5.3', 'x.7.28']],
    ['code-format', 'message_format', ['x.6.*', 'x.7.9']],
    ['code-restricted', 'recipient_restricted', ['x.7.2', 'x.7.13']],
    ['code-login', 'tls_or_login', ['x.7.4', 'x.7.3', 'x.7.5', 'x.7.8', 'x.7.10', 'x.7.30']],
    ['code-authentication', 'sender_auth', ['x.7.20', 'x.7.21', 'x.7.22', 'x.7.23', 'x.7.24', 'x.7.26', 'x.7.29']],
    ['code-policy', 'policy_block', ['x.7.*'], 0.4],
  ] satisfies Row[]
).map(enhancedRule);

/** The reply code alone proves little: only those that mean one thing. */
export const REPLY_CODES: readonly Rule[] = [
  {
    name: 'code-534',
    cause: 'tls_or_login',
    codes: [534],
    source: 'RFC 4954',
    example: { code: 534, message: 'Zzz' },
  },
  {
    name: 'code-50x',
    cause: 'protocol_error',
    codes: [500, 502, 503, 504, 555],
    source: 'RFC 5321',
    example: { code: 503, message: 'Zzz' },
  },
  {
    // Some servers number their refusals as they like, so the code alone suppresses nobody.
    name: 'code-556',
    cause: 'bad_domain',
    codes: [556],
    decision: 'give_up_no_suppress',
    source: 'RFC 7504',
    example: { code: 556, message: 'Zzz' },
  },
  {
    name: 'code-421',
    cause: 'server_temporary',
    codes: [421, 451, 452],
    source: 'RFC 5321',
    example: { code: 421, message: 'Zzz' },
  },
  {
    name: 'code-552',
    cause: 'mailbox_full',
    codes: [552],
    source: 'RFC 5321: exceeded storage allocation',
    example: { code: 552, message: 'Zzz' },
  },
  {
    name: 'code-591',
    cause: 'ip_block',
    codes: [521, 571, 591],
    source: 'used for refused hosts',
    example: { code: 521, message: 'Zzz' },
  },
  {
    name: 'code-554',
    cause: 'policy_block',
    codes: [554],
    source: 'RFC 5321: no cause given',
    example: { code: 554, message: 'Zzz' },
  },
];
