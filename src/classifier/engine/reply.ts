import { decoded } from './encodings.ts';
import { quotedReply } from './report.ts';

/** Everything that is known of a failure; all of it optional, none of it trusted. */
export type ReplyInput = {
  code?: number | string | null | undefined;
  enhancedCode?: string | null | undefined;
  message?: string | null | undefined;
  description?: string | null | undefined;
  severity?: string | null | undefined;
  reason?: string | null | undefined;
  bounceType?: string | null | undefined;
  mxHost?: string | null | undefined;
  recipientDomain?: string | null | undefined;
  recipientProvider?: string | null | undefined;
};

/** A reply made ready for the rules. */
export type Reply = {
  code: number | null;
  enhanced: string | null;
  /** Lower case, no accents, unwrapped, single spaces; addresses read `<a>`, IP addresses `<ip>`. */
  text: string;
  temporary: boolean;
  reason: string;
  /** MX and provider, lower case. */
  provider: string;
  domain: string;
};

const HEAD = 3_072;
const TAIL = 1_024;

/** Cuts a long reply. What decides is at its beginning, or, after the preamble of a forwarder, at its end. */
export function cut(text: string): string {
  return text.length <= HEAD + TAIL ? text : `${text.slice(0, HEAD)} ${text.slice(-TAIL)}`;
}

export function readReply(input: ReplyInput): Reply {
  const flat = mask(flatten(rawText(input)));
  const { own, text } = splitOwnHost(unwrap(flat));
  const code = codeOf(input.code) ?? codeOf(LEADING_CODE.exec(flat)?.[1]);
  const enhanced = enhancedOf(input, flat);
  return {
    code,
    enhanced,
    text,
    temporary: isTemporary(code, enhanced, lower(input.severity)),
    reason: lower(input.reason),
    provider: `${lower(input.mxHost)} ${lower(input.recipientProvider)} ${own}`.trim(),
    domain: lower(input.recipientDomain),
  };
}

const lower = (field: unknown): string => (typeof field === 'string' ? field.slice(0, 255).toLowerCase() : '');

/** Mailgun repeats the message in the description, or puts the whole reply in one of the two. */
function rawText(input: ReplyInput): string {
  const message = readable(input.message);
  const description = readable(input.description);
  if (description === '' || message.includes(description)) return message;
  return message === '' ? description : cut(`${message}\n${description}`);
}

const readable = (field: unknown): string => (typeof field === 'string' ? quotedReply(decoded(cut(field))) : '');

/** Letters that Unicode does not take apart into a base and an accent. */
const PLAIN: Record<string, string> = {
  ł: 'l',
  ß: 'ss',
  ø: 'o',
  đ: 'd',
  ı: 'i',
  æ: 'ae',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
};

/** Lower case, without accents. Rules go through it too, so they may be written as people write. */
export function plainLetters(text: string): string {
  const lowered = text.toLowerCase();
  if (!/[\u0080-\uffff]/.test(lowered)) return lowered;
  const bare = lowered
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC');
  return bare.replace(/[łßøđıæ’‘“”]/g, (letter) => PLAIN[letter] ?? letter);
}

/** Stands for a letter that some system on the way could not write, and wrote as "?". */
export const LOST_LETTER = '\ufffd';

/** Addresses on the web, which keep their signs, or else a sign inside a word. */
const SIGN_IN_WORD = /https?:\/\/\S{1,400}|(?<=[a-z])(?:_{1,3}|[?\ufffd]{1,3})(?=[a-z\ufffd])/g;

/** "mailbox_currently_suspended" are three words, and "empf?nger" has lost a letter. */
const signOf = (found: string): string =>
  found.startsWith('http') ? found : found.startsWith('_') ? ' ' : LOST_LETTER;

/** Words that servers misspell, by what they mean. */
const MISSPELT: readonly [wrong: RegExp, right: string][] = [
  [/\badressee\b/g, 'addressee'],
  [/\badress\b/g, 'address'],
  [/\bunkn(?:wo|o|ow|onw|own)n?\b|\bunkown\b/g, 'unknown'],
  [/\b(?:recepient|reciepient|receipient|recipiant|recipent|reciptient)(?=s?\b)/g, 'recipient'],
  [/\b(?:exsist|exisit|exsit|excist)(?=s?\b)/g, 'exist'],
  [/\b(?:dosn't|does'nt|doesnt|dosnt|doesn`t)\b/g, "doesn't"],
  [/\b(?:don't|dont|do'nt|do not) exists\b/g, "doesn't exist"],
  [/\b(?:acount|accout|acccount)(?=s?\b)/g, 'account'],
  [/\binvaild\b/g, 'invalid'],
  [/\bunav(?:ailble|aliable|aiable|ailabe)\b/g, 'unavailable'],
];

function spelt(text: string): string {
  return MISSPELT.reduce((so, [wrong, right]) => so.replace(wrong, right), text);
}

function flatten(raw: string): string {
  let text = plainLetters(raw);
  if (text.includes('&'))
    text = text
      .replace(/&lt;/g, '<')
      .replace(/&gt;/g, '>')
      .replace(/&(?:nbsp|#160);/g, ' ');
  text = spelt(text.replace(SIGN_IN_WORD, signOf));
  // Each line of a long reply repeats the code: "550-5.1.1 The account\r\n550 5.1.1 does not exist".
  if (/[\r\n\\]/.test(text)) text = text.replace(/(?:[\r\n]|\\[rn])(?: ?[245]\d\d[ -])?/g, ' ');
  return text.replace(/\s+/g, ' ').trim();
}

const ADDRESS = /<?[^\s<>()[\]",;:'=]{1,128}@[^\s<>()[\]",;:'.?&]{1,63}(?:\.[^\s<>()[\]",;:'.?&]{1,63}){0,8}>?/g;
const IPV4 = /\[?(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d])(?:\/\d{1,2})?(?: {1,2}\d{1,4}(?=\]))?\]?/g;
const IPV6 = /\[?(?:ipv6:)?(?<![\w:])[\da-f]{1,4}(?::{1,2}[\da-f]{1,4}){2,7}(?![\w:])(?: {1,2}\d{1,4}(?=\]))?\]?/g;

/** Hides addresses: a name in one ("full@", "unknown@") must not decide, nor be shown as evidence. */
function mask(flat: string): string {
  let text = flat;
  if (text.includes('@')) text = text.replace(ADDRESS, '<a>');
  if (/\d\.\d/.test(text)) text = text.replace(IPV4, '<ip>');
  if (/:[\da-f]{0,4}:/.test(text)) text = text.replace(IPV6, (found) => (isIpv6(found) ? '<ip>' : found));
  return text;
}

/** Not a time of day: it has an elision or at least four colons. */
const isIpv6 = (found: string): boolean => found.includes('::') || found.split(':').length > 5;

const CODED = /(?:(?<!\w)[245]\d\d[ -]{1,2})?\(?#?(?<![\d.\w])[245]\.\d{1,3}\.\d{1,3}(?![\d.]\d|\d)\)?:?/g;
const LEADING_CODE = /^(?:[a-z0-9-]{1,20}; ?)?(?:[^a-z\d]{0,3})([245]\d\d)(?!\d|\.\d)/;

/** "smtp; 550 550-5.1.1 [host] text", "said: 550 text" and "text (#5.1.1)" all say "text". */
function unwrap(flat: string): string {
  let text = flat.replace(/^(?:smtp|dns|x-[a-z0-9-]{1,20}); ?/, '');
  if (/\d/.test(text)) {
    text = text
      .replace(CODED, ' ')
      .replace(/^[^a-z\d]{0,3}(?:[245]\d\d(?:[ :-]{1,3}|$)){1,3}/, '')
      .replace(/(?<!\w)[45]\d\d-(?=\S)/g, ' ')
      .replace(/([:;>)"'.] ?)[45]\d\d(?= )/g, '$1');
  }
  if (text.includes('  ')) text = text.replace(/ {2,}/g, ' ');
  for (const [sign, clause] of SAYING_NOTHING) if (text.includes(sign)) text = text.replace(clause, ' ');
  // Where the text was broken over lines: "ad- dress".
  if (text.includes('- ')) text = text.replace(/(?<=[a-z])- (?=[a-z])/g, '');
  return text.replace(/ {2,}/g, ' ').trim();
}

/**
 * A host name of three labels or more, as in "mx1.mail.test". Two labels may be a domain that the reply is about. The
 * last label is short, because tags of Exchange end in long words.
 */
const OWN_HOST = /^([a-z\d-]{1,63}(?:\.[a-z\d-]{1,63}){1,8}\.[a-z]{2,6}):? (?=[^ ])/;
const LIST_HOST = /(?:^|[.-])(?:\w{0,9}bl\d?|zen|spam(?:haus|cop)|sorbs|\w{0,9}list)(?:[.-]|$)/;

/**
 * Splits off the own name of the server at the beginning ("spamgate.mail.test: user unknown"): the words in it mean
 * nothing.
 */
function splitOwnHost(text: string): { own: string; text: string } {
  const own = OWN_HOST.exec(text)?.[1];
  if (own === undefined || LIST_HOST.test(own)) return { own: '', text };
  return { own, text: text.replace(OWN_HOST, '') };
}

/**
 * Clauses that mention spam, hosts or commands and yet say nothing about this failure, each with a sign that it may be
 * there.
 */
const SAYING_NOTHING: readonly [sign: string, clause: RegExp][] = [
  ['users from spam', /to (?:best )?protect our users from spam(?: and phishing)?,?/g],
  ['amount of spam', /to reduce the amount of spam sent to \w{1,20},?/g],
  ['going to try again', /i'm not going to try again; this message has been in the queue too long\.?/g],
  // What a relay says before it quotes the reply: neither its words nor the address of the host decide.
  [
    'smtp error from remote',
    /(?:\bhost \S{1,255}(?: <ip>)?:? )?smtp error from remote (?:mail )?(?:server|mailer) after [a-z ]{1,40}(?::<a>|:<>)?(?: size=\d{1,12})?: ?(?:host \S{1,255}(?: <ip>)?: ?)?/g,
  ],
  [
    'remote host said',
    /(?:connected to )?<ip> (?:does not like recipient|failed after i sent the message|but sender was rejected|but greeting failed|but connection died|but recipient was rejected)\.? ?remote host said: ?/g,
  ],
  // To try again with another address is advice: it promises nothing of the same one.
  [
    ' again',
    /(?<=\b(?:check|verify|review|correct|confirm)(?:ing)? (?:\S{1,24} ){0,8}?),? ?and (?:then )?(?:please )?(?:try|send)(?: (?:it|sending|this|your message|the (?:mail|message)))? again\b(?! (?:later|in|after|at|on|tomorrow|soon))/g,
  ],
  ['giving up on', /\bgiving up on <ip>\.?/g],
  [
    'google tried to deliver',
    /google tried to deliver your message, but it was rejected by the (?:server for the )?recipient domain(?: \S{1,120})?(?: by \S{1,255})?(?: <ip>)?\.?/g,
  ],
  [
    'the other server returned',
    /(?:we recommend contacting the other email provider .{0,80} )?the error that the other server returned was: ?/g,
  ],
  ['from the remote server was', /the response from the remote server was: ?/g],
  ['permanent fatal errors', /-{3,10} the following addresses had permanent fatal errors -{3,10}/g],
  ['>>> ', />>> (?:rcpt to:<a>|data|mail from:\S{1,128}) (?:<<< )?/g],
  // Errors that follow from a refused RCPT and are quoted after it.
  [
    ' 503 ',
    / 503 (?:bad sequence of commands|(?:error: )?need rcpt(?: \(recipient\))?(?: command)?|no recipients specified|issue rcpt to: command before data command|start afresh from mail|valid rcpt command must precede data|rcpt first)\b\.?/g,
  ],
  ['error: no valid recipients', /(?<=\S )(?:554 )?error: no valid recipients/g],
  ['remote server returned', /\bremote server returned (?:error )?['"] ?/g],
  [' said:', /(?:\bhost |remote (?:host|server) )?\S{0,255}(?: ?\(?<ip>\)?)? ?said: ?/g],
  ['to talk to me', /\bhost \S{1,255} refused to talk to me: ?/g],
  // MAIL FROM is kept, because what is refused there is never the recipient.
  ['in reply to', /\(in reply to (?!mail from)[^)]{1,40}\)/g],
];

function codeOf(given: unknown): number | null {
  const code =
    typeof given === 'number'
      ? given
      : typeof given === 'string' && /^ ?\d{3} ?$/.test(given)
        ? Number(given)
        : Number.NaN;
  return Number.isInteger(code) && code >= 200 && code <= 999 ? code : null;
}

const ENHANCED = /(?<![\d.\w])([245]\.\d{1,3}\.\d{1,3})(?![\d.]\d|\d)/;

/**
 * The enhanced code that was given, unless it says nothing (5.0.0) and the text has one that says more. An old webhook
 * has it in `code`.
 */
function enhancedOf(input: ReplyInput, flat: string): string | null {
  const given = [input.enhancedCode, input.code]
    .map((field) => ENHANCED.exec(lower(field))?.[1])
    .find((found) => found !== undefined);
  if (given !== undefined && !given.endsWith('.0.0')) return given;
  return ENHANCED.exec(flat)?.[1] ?? given ?? null;
}

/** Codes in the four hundreds are temporary, but 498 is Mailgun's own "no MX", which comes as either. */
function isTemporary(code: number | null, enhanced: string | null, severity: string): boolean {
  if (severity === 'temporary') return true;
  if (code !== null) return code >= 400 && code < 500 && code !== 498;
  return severity !== 'permanent' && enhanced?.startsWith('4.') === true;
}
