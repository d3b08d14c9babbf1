import type { Rule } from '../engine/rule.ts';
import { FOR_NOW_ABROAD, openingAbroad, SENDERS_ABROAD } from './languages.ts';
import { DIRECTORY_DOWN, FOR_NOW } from './vocabulary.ts';

const COMMON = 'wording common to many servers';

/** What may stand before the statement that a reply opens with. Sender, client and message are not among it. */
const BEFORE_IT = [
  'sorry',
  'error',
  'failed',
  'rejected',
  'rcpt to',
  'recipient address rejected',
  'recipient rejected',
  'address rejected',
  'undeliverable address',
  'delivery error',
  'dd',
  '<a>',
];

/** Words that lead to what is said of the recipient. */
const BETWEEN = 'address|account|name|you|that|tried|to|reach|is|was|has|have|been|could|can|be|currently'.split('|');

const ended = (words: readonly string[], ends: readonly string[]) =>
  words.flatMap((word) => ends.map((end) => word + end)).join('|');

const BEFORE = `^(?:${ended(BEFORE_IT, [' ', ': ', ', ', String.raw`\. `])}|- |the |this |that |specified |requested |intended |e-mail |email |local ){0,4}`;

const WHO =
  '(?:user|recipient|mailbox|mail box|account|addressee|address|alias|customer|subscriber|member|employee|local part|inbox)';

const LINK = `(?:${ended(BETWEEN, [' '])}|<a> |<a>: |<a>, |: ){0,8}`;

/**
 * What makes even such a statement doubtful: it is about who sends, about a box that is there, or about our machine.
 * Not so the advice that follows ("please check it and try again", "see …/spam-policy.html"), nor what is said of lists
 * and limits in general.
 */
const DOUBTFUL = [
  'sender',
  'mail from',
  '(?:from|return|reply) address',
  'your (?:ip|host|server|domain|network|account|mail ?box|e?-?mail address)',
  'relay(?! recipient)',
  'temporar',
  'gr[ea]y-?list',
  'deferred',
  'quota (?:exceed|is|was)|over quota|full\\b|storage',
  'authenticat|password|log ?in\\b|credential',
  'callout|callback|verification failed for',
  String.raw`\b(?:ptr|rdns|dns|helo|ehlo|spf fail|dkim fail)\b`,
  'too many (?:unknown|invalid|bad|recipients|connections|messages)',
  String.raw`<ip>\S{0,3} (?:\S{1,12} ){0,6}(?:listed|blacklist|block|banned|reject|refus|denied)`,
  '(?:listed|blacklist|blocked|banned|rejected|refused|denied) .{0,30}<ip>',
  'may not|might not|might be|or blocked|or inactive',
  'spam (?:detected|rejected|message)|considered|looks like',
  'gateway user',
  '(?:from|message|in|in the) header',
  'reputation',
  'limit',
  'allowed list|white ?list',
  'authori[sz]ed',
  'only members|members only|may post',
  'for sending|out(?:going|bound)',
  String.raw`\b(?:tls|ssl|starttls)\b`,
  DIRECTORY_DOWN,
];

/** What reads like an unknown recipient and is none. */
const OTHERWISE_UNKNOWN = [
  'address error',
  'unknown (?:error|command|host|domain|file)',
  '(?:user|account|address|recipient)(?: is)? unknown (?:error|command|host|domain)',
  '(?:address|recipient|mailbox|account) (?:not found )?(?:<ip>|format|syntax|count|path|in spf)',
];

/** Addresses that nobody ever had, as they stand in forms and in lists that were sold. */
const INVENTED =
  '(?:bogus|fake|forged|fictitious|fictional|invented|made[- ]?up|imaginary|non-?existent|non-?existing)';

/** Closed by somebody, and so to be opened again perhaps. */
const FOR_A_REASON =
  '(?:disabled|closed|inactive|deactivated|terminated|discontinued|deleted|active|in use|valid|available),? (?:due|because|for|by|until|temporar)';

const DOUBTFUL_ABROAD = [
  ...DOUBTFUL,
  ...SENDERS_ABROAD,
  FOR_NOW_ABROAD,
  'domain|domin[ei]|domena',
  String.raw`\bip\b(?!=)`,
  String.raw`\b(?:ihre?r?|votre|vostr[oa]|seu|sua|uw|twoj\w?|вашего?|vase?|din|deres)\b`,
  String.raw`(?:unbekannt|inconnu\w{0,2}|desconocid\w|desconhecid\w|sconosciut\w) (?:o|ou|oder|of) `,
];

/**
 * A reply that opens with a plain statement about the recipient means it, whatever follows: servers go on with advice, the
 * address of a help page, the name of their filter. Asked before all rules that look for single words.
 */
export const OPENINGS: readonly Rule[] = [
  {
    name: 'opens-with-unknown-recipient',
    cause: 'recipient_unknown',
    pattern: [
      String.raw`${BEFORE}${WHO} ${LINK}(?:unknown|not found|not known|not exist|not recogni[sz]ed|nonexistent|non-existent|does not exist|doesn't exist|do not exist|no longer exists?|never existed|has left)\b`,
      String.raw`${BEFORE}(?:unknown|nonexistent|non-existent|unroutable|unrouteable|undeliverable|invalid|not a known|not a valid|not a local|no such) (?:virtual |local |mail |e-mail |email |smtp |recipient |destination |or illegal |valid ){0,3}${WHO}\b`,
      String.raw`${BEFORE}no (?:virtual |local |mail |e-mail |email |valid ){0,2}${WHO} (?:here|by that|found|exists?|with that|called|named|of that)\b`,
    ],
    unless: [...DOUBTFUL, ...OTHERWISE_UNKNOWN],
    source: COMMON,
    example: '550 5.1.1 Unknown mailbox. See https://mail.test/help/spam-policy.html and try again',
  },
  {
    name: 'opens-with-invented-recipient',
    cause: 'recipient_unknown',
    pattern: [
      String.raw`^(?:\S{1,12} ){1,8}to an? (?:\S{1,12} ){0,2}${INVENTED} (?:\S{1,12} ){0,3}(?:${WHO}|person|domain)\b`,
      String.raw`^you (?:\S{1,12} ){0,5}(?:mail|mailing|mailed|contact|contacting|contacted|reach) an? (?:\S{1,12} ){0,2}${INVENTED} (?:\S{1,12} ){0,3}${WHO}\b`,
    ],
    unless: [...DOUBTFUL, 'from', 'header', 'too many', 'repl(?:y|ies)', 'bounce', 'return'],
    source: COMMON,
    example: '550 You are trying to send to a made-up address',
  },
  {
    name: 'opens-with-malformed-recipient',
    cause: 'recipient_unknown',
    pattern: String.raw`^(?:sorry,? |error:? )?(?:your |the |this )?(?:recipient|rcpt(?: to)?|destination)(?: address)?(?:'s)? (?:syntax|format) (?:is |was |has )?(?:not (?:allowed|permitted|valid|accepted|acceptable|correct|recogni[sz]ed)|invalid|incorrect|illegal|unacceptable|wrong)\b`,
    unless: [...DOUBTFUL, 'command', 'parameter', 'argument', 'utf-?8'],
    source: COMMON,
    example: '553 5.1.3 The recipient syntax is not valid',
  },
  {
    name: 'opens-with-overlong-recipient',
    cause: 'recipient_unknown',
    pattern: [
      `${BEFORE}(?:recipient|rcpt|destination)(?:'s)? (?:e-?mail |mailbox )?(?:address|name|mailbox)(?: length)? (?:is |was )?(?:exceed(?:s|ed)|too long|longer than|over (?:the )?max)`,
      `${BEFORE}local[- ]?part(?: length)? (?:<a> )?(?:is |was )?(?:exceed(?:s|ed)|too long|longer than|over (?:the )?max)`,
    ],
    unless: ['sender', 'from', 'header', 'quota', 'size'],
    source: 'RFC 5321, 4.5.3.1: no address is longer than that',
    example: '501 5.1.3 Recipient address too long',
  },
  {
    name: 'opens-with-restricted-recipient',
    cause: 'recipient_restricted',
    pattern: String.raw`${BEFORE}${WHO}s? (?:<a>:? )?(?:is |are |was )?not (?:allowed|permitted|entitled) to (?:receive|get|accept)\b`,
    unless: DOUBTFUL,
    source: COMMON,
    example: '550 The user is not allowed to receive this because of a filter',
  },
  {
    name: 'opens-with-closed-recipient',
    cause: 'recipient_disabled',
    pattern: String.raw`${BEFORE}${WHO} ${LINK}(?:disabled|closed|inactive|deactivated|terminated|discontinued|deleted|no longer active|no longer in use|no longer valid|no longer available)\b`,
    unless: [...DOUBTFUL, FOR_A_REASON, 'currently', FOR_NOW],
    source: COMMON,
    example: '550 5.2.1 Mailbox is closed. Please check the address and try again',
  },
  {
    name: 'opens-with-unknown-recipient-in-other-languages',
    cause: 'recipient_unknown',
    pattern: openingAbroad('unknown'),
    unless: DOUBTFUL_ABROAD,
    source: COMMON,
    example: '550 Postfach existiert nicht. Siehe https://mail.test/help/spam-policy.html',
  },
  {
    name: 'opens-with-closed-recipient-in-other-languages',
    cause: 'recipient_disabled',
    pattern: openingAbroad('closed'),
    unless: DOUBTFUL_ABROAD,
    source: COMMON,
    example: '550 Postfach wird nicht mehr betreut. Siehe https://mail.test/help/spam-policy.html',
  },
  {
    // It may be opened again, and who is blamed is not always the recipient.
    name: 'recipient-closed-for-a-reason',
    cause: 'recipient_disabled',
    pattern: String.raw`${BEFORE}${WHO} ${LINK}(?:disabled|closed|deactivated|terminated|suspended|locked|blocked|frozen|banned) (?:\S{1,12} ){0,2}(?:for|due to|because of|by|after) (?:\S{1,12} ){0,4}(?:abus|spam|violat|polic|terms|security|complain|fraud|phish|payment|non-?pay)`,
    unless: ['sender', 'your', '<ip>', 'mail from', 'message', 'relay'],
    decision: 'give_up_no_suppress',
    confidence: 0.8,
    source: COMMON,
    example: '550 Account suspended due to violation of our policy',
  },
];
