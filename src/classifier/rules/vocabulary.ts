/** Words from which the rules are put together: who is named, and what is said of them. */

/** The person or box that the mail is for. */
export const RECIPIENT =
  '\\b(?:user ?name|user|recipient|mail ?box|inbox|account|addressee|alias|customer|subscriber|member|person|employee|e?-?mail ?address|e?-?mail account|destination address|local ?part|address|rcpt|login|id|name|destination)';

/** The machine that sends. */
export const CLIENT =
  '\\b(?:client(?: host)?|sending (?:ip|host|server|mta)|source ip|(?:remote|connecting) (?:host|ip|server)|your (?:ip|hosts?|servers?|smtp server|mail ?servers?|mail host|network|subnet|isp|provider|mta|computer|machine|netblock|mail system|site|system|relay)|the (?:server|host) (?:sending|from)|(?:sender|server|host|this|client) ip|ips?|ip[- ]address(?:es)?)';

/** The account by which we send, at a provider or a relay. It is none of the recipient's. */
export const ACCOUNT_OF_OURS =
  '\\b(?:main|primary|master|parent|sub|log-?in|sending|submission|smtp|relay|api|billing|trial|tenant|reseller)[- ]?(?:account|user)\\b';

/** What makes a closed box one that is closed for a time. */
export const FOR_NOW =
  '(?:at (?:this|the|present)(?: time| moment)|for now|for the time being|until|pending|awaiting|(?:for|under|during) maintenance|tomorrow)';

/** Words that name the one who sends where "address", "mailbox" or "account" would else be the recipient's. */
export const NOT_THE_RECIPIENTS: readonly string[] = [
  'sender',
  'mail from',
  'from:? address',
  'envelope (?:from|sender)',
  'address <ip>',
  '(?:log ?in|authenticate) first',
  '(?:return|reply|reply-to|bounce) address',
  'your (?:ip|host|server|domain|network|(?:e?-?mail )?address(?! book)|mail ?box|account)',
  ACCOUNT_OF_OURS,
  '(?:for|to) (?:sending|outgoing|outbound|submission)',
  'sen(?:d|ds|t|ding) (?:\\S{1,12} ){0,3}to (?:\\S{1,12} ){0,2}(?:unknown|invalid|non-?existent|bad) (?:users|recipients|addresses|mailboxes|accounts)',
];

/** Whoever is asked for the recipient gives no answer, so nothing is known of the recipient. */
export const DIRECTORY_DOWN =
  '(?:ldap|database|directory|backend|look-?up)(?: server)?(?: is)?:? (?:down|error|fail|unreachable|unavailable|not (?:available|reachable))';

/**
 * Words beside which "not found" or "closed" tells of something else than the recipient: of who sends, of a passing
 * trouble, of a list, a limit or a rule, or of the message.
 */
export const OTHER_TROUBLE: readonly string[] = [
  ...NOT_THE_RECIPIENTS,
  String.raw`relay(?:ed|ing)?\b(?! recipient| users?\b|=)`,
  DIRECTORY_DOWN,
  'temporar',
  'try (?:again|later)',
  'black ?list',
  'polic(?:y|ies)',
  String.raw`spam\b`,
  'quota',
  'restriction',
  'reputation',
  String.raw`\b(?:ptr|dns|rdns|helo|ehlo|tls|ssl|dkim|spf|dmarc|ses|ipv[46])\b`,
  '(?:(?:mail|connections?|messages?|spam|e-?mails?) from|your|client|sending|connecting)\\S{0,3} (?:\\S{1,12} ){0,2}<ip>',
  'header',
  'attachment',
  '(?:rate|size|message|sending|hourly|daily) limit',
  'too (?:many|much)',
  'busy',
  'gateway user',
  'certificate',
  'password',
  'authenticat',
  'credential',
  'permission',
  '(?:not|un)[- ]?(?:authori[sz]ed|allowed|permitted|trusted|approved)',
];

/** Lists of IP addresses, by the names that replies give them. */
export const IP_LISTS =
  '(?:spamhaus|zen\\.|sbl\\b|xbl\\b|pbl\\b|sbl-xbl|spamcop|sorbs|barracuda|uceprotect|abuseat|\\bcbl\\b|abusix|mailspike|invaluement|ivms?ip|hostkarma|junkemailfilter|cobion|backscatterer|psbl|manitu|nixspam|spamcannibal|njabl|dsbl|ordb|ahbl|spamrats|blocklist\\.de|s5h\\.net|gbudb|truncate|mail-abuse|trend ?micro|cloudmark|senderscore|sender score|senderbase|talosintel|fortiguard|wpbl|woody|0spam|anonmails|interserver|spameatingmonkey|lashback|unsubscore|kundenserver|rats-|rfc-ignorant|five-?ten|swinog|dnswl|imp\\.ch|proofpoint|return ?path|cyren|vade|ironport|symantec|brightmail|rbl\\+|dul\\b|maps\\b|korea\\.services|services\\.net|emailbasura|msrbl|mcafee|trustedsource|dynablock|deadbeef|heise|ix\\.dnsbl|surriel|spews|dyndns|sectoor|tornevall|dronebl|efnet|virbl|pedantic|madavi|rothen|scientificspam|nszones|hostedtoday|megarbl|junkmail|apews|spfbl|antispam\\.org\\.cn|blackholes|relays\\.|sophos)';
