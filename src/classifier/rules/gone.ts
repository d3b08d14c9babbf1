import type { Rule } from '../engine/rule.ts';
import { FOR_NOW_ABROAD, SENDERS_ABROAD, saidAbroad } from './languages.ts';
import { FOR_NOW, OTHER_TROUBLE, RECIPIENT } from './vocabulary.ts';

const COMMON = 'wording common to many servers';

/** Persons and boxes by nouns that name nothing else, unlike "name" or "login". */
const PERSON =
  '(?:mail ?user|user|recipient|mail ?box|account|addressee|address|alias|customer|subscriber|member|person|employee|local ?part|e-?mail|inbox)';

const PROOF_ABROAD = [...OTHER_TROUBLE, ...SENDERS_ABROAD, '<ip>', 'domain', 'domin[ei]', 'domena'];

/**
 * What RECIPIENTS has not known: other words by which a person or a box is not there, or no longer, in English and in
 * the languages of the table. They need a name for the recipient and a word of absence close to it.
 */
export const GONE: readonly Rule[] = [
  {
    name: 'recipient-absent',
    cause: 'recipient_unknown',
    pattern: [
      String.raw`(?:${RECIPIENT}|<a>|e-?mail|subscriber)\S{0,4} (?:\S{1,40} )?(?:(?:is|was|has|have|had|been|does|do|did|must|are|you|to|at|in|that|already|could|can|be) ){0,4}(?:unregistered|unassigned|not (?:set ?up|stored|assigned|exists?|ok\b|match)|gone\b|left (?:the|our|this|us)|deleted|removed|wrong\b|not a member of|misaddressed|must exist|not be (?:associated|linked)|not (?:associated|linked|attached))`,
      String.raw`(?:unknown|unregistered|unassigned|undefined|wrong|non-?existent|inexistent|deleted|not an? (?:\S{1,12} ){0,2}(?:known|valid|existing|registered|recogni[sz]ed|deliverable|correct|real|current)) (?:\S{1,12} ){0,2}${PERSON}\b`,
      String.raw`(?:cannot|can not|can't|couldn't|could not|unable to|failed to|did not|didn't) (?:be )?(?:find|locate|resolve|recogni[sz]e|match|identify|look ?up) (?:\S{1,14} ){0,3}${PERSON}\b`,
      String.raw`(?:${RECIPIENT}|<a>)\S{0,4} (?:is |was )?(?:not|non)[- ]?deliverable\b`,
      'unavailable (?:mail )?(?:user|recipient|mail ?box|account)',
      String.raw`(?:${PERSON}|<a>)\S{0,2} (?:is )?not (?:handled|served|hosted|serviced|managed) (?:by|on|at) (?:this|our) `,
      `not (?:an? )?${PERSON} (?:of|on|at|in) (?:this|our) `,
      String.raw`(?:doesn't|does not|don't|do not|not) exists? (?:that|the|this|such|any) (?:\S{1,12} )?${PERSON}\b`,
      String.raw`(?:user|recipient|person|customer|<a>) (?:\S{1,12} )?(?:doesn't|does not|don't|do not|doesnt|dont) have (?:an? )?(?:\S{1,30} ){0,2}(?:e?-?mail ?)?(?:account|mail ?box)`,
      String.raw`(?:user|recipient|person|customer|<a>) (?:\S{1,12} )?(?:has|have) no (?:e-?)?mail(?: here| address)?(?:$|[.,;:)(])`,
      String.raw`no (?:\S{1,12} ){1,2}(?:entry|record|route|match|rule|forward) (?:found )?for (?:this|that|the) (?:\S{1,12} )?(?:address|user|recipient|mail ?box)`,
      String.raw`^(?:rcpt )?(?:address(?:es)?|recipients?|mailbox(?:es)?) failed\b`,
      String.raw`syntax error (?:\S{1,8} ){0,2}(?:recipient|rcpt|destination)`,
      String.raw`(?:not|isn't|aren't) (?:in|on) (?:\S{1,12} ){0,3}(?:list|table|database|directory) of (?:\S{1,12} ){0,2}(?:recipients|users|mailboxes|addresses|accounts)`,
      String.raw`no (?:\S{1,12} ){0,2}${PERSON} (?:\S{1,12} ){0,2}(?:exists?|found|here|by (?:this|that)|with (?:this|that)|of (?:this|that)|matches|registered)\b`,
    ],
    unless: OTHER_TROUBLE,
    confidence: 0.8,
    source: COMMON,
    example: '550 <kim@mail.test> is gone',
  },
  {
    name: 'recipient-closed',
    cause: 'recipient_disabled',
    pattern: [
      String.raw`(?:${PERSON}|<a>)\S{0,4} (?:\S{1,40} )?(?:(?:is|was|has|have|been|being|permanently|currently|no|longer|already|now) ){0,4}(?:out of (?:service|use)|decommissioned|deprovisioned|purged|withdrawn|revoked|shut ?down|terminated|cancell?ed|archived|dormant|abandoned|retired|obsolete|frozen|discontinued|disabled|deactivated|inactive|no longer (?:monitored|active|in service|in use)|not (?:monitored|enabled|activated|in use|used))`,
      String.raw`(?:disabled|inactive|expired|suspended|closed|deactivated|locked|dormant|terminated|obsolete|frozen|cancell?ed|archived|abandoned|retired) (?:\S{1,12} ){0,2}${PERSON}\b`,
      "(?:has not|hasn't|have not|never) (?:been )?(?:entered|logged|used|accessed|activated|opened|read|picked up|collected)",
      String.raw`log ?in (?:\S{1,12} ){0,3}to (?:enable|activate|receive)`,
      String.raw`(?:no|not) (?:longer )?(?:accepts?|accepting|receiving|receives?) (?:any )?(?:more )?(?:mails?|messages?|e-?mails?)\b(?! from)`,
    ],
    unless: [...OTHER_TROUBLE, FOR_NOW, 'domain', 'host', 'server', 'outside', 'external', 'sender', 'from', 'ip\\b'],
    confidence: 0.8,
    source: COMMON,
    example: '550 Frozen subscriber',
  },
  {
    name: 'recipient-unknown-in-other-languages',
    cause: 'recipient_unknown',
    pattern: [
      ...saidAbroad('unknown'),
      'no existe (?:el|la|ese|esa|este|esta|tal|dich[oa]|ning\\w{2,4})',
      "(?:no tiene|nao tem|non ha|n'a pas|hat kein\\w{0,2}) (?:\\S{1,4} )?(?:cuenta|conta|casella|account|compte|konto|postfach)",
      // "There is no such person", where nothing may stand between the two: "es gibt keinen Platz im Postfach".
      'gibt (?:hier |bei uns |leider )?kein\\w{0,2} (?:solche\\w{0,2} |gültige\\w{0,2} )?(?:benutzer|nutzer|empfänger|adressat|person|postf[aä]ch|mailbox|konto|teilnehmer|kunde|mitarbeiter|adresse)',
      'er is (?:hier )?geen (?:gebruiker|ontvanger|geadresseerde|mailbox|postbus|postvak|account|persoon|abonnee)',
      'finns (?:här )?inge[nt] (?:sådan |sådant )?(?:användar|mottagar|person|adress|brevlåd|postlåd|konto)',
      'er (?:her )?inge[nt] (?:bruger|bruker|modtager|mottaker|person|adresse|konto|postkass)',
      '(?:não há|não temos) (?:nenhum |nenhuma )?(?:usuário|destinatário|utilizador|pessoa|conta com|caixa com)',
      'ning(?:un|una) (?:usuario|cuenta|buzon)',
      '(?:nessun|nessuna) (?:utente|casella|destinatario)',
      '(?:aucun|aucune|pas d.) ?(?:utilisateur|destinataire|boite|compte)',
      'brak (?:takiego |takiej )?(?:uzytkownik|konta|skrzynk|adres|odbiorc)\\w{0,3}',
      'nie ma (?:takiego|takiej)',
      'nao existe',
      'не существует',
      '不存在',
      '存在しません',
      '존재하지 않',
      'не знайдено',
      String.raw`destin\w{0,8}\.? (?:sconosciut|errat)`,
    ],
    unless: PROOF_ABROAD,
    source: COMMON,
    example: '550 5.1.1 We could not deliver it: el destinatario no existe en este servidor',
  },
  {
    name: 'disabled-for-now-in-other-languages',
    cause: 'recipient_disabled',
    pattern: FOR_NOW_ABROAD,
    unless: [...SENDERS_ABROAD, '<ip>', 'server', 'servi[cdz]'],
    decision: 'give_up_no_suppress',
    confidence: 0.6,
    source: 'a lock that may be lifted is no proof of a dead address',
    example: '550 Почтовый ящик временно недоступен',
  },
  {
    name: 'disabled-in-other-languages',
    cause: 'recipient_disabled',
    pattern: saidAbroad('closed'),
    unless: PROOF_ABROAD,
    source: COMMON,
    example: '550 We could not deliver it: Postfach wird nicht mehr betreut',
  },
];
