import { type DeliveryStatus, readDeliveryStatus } from './delivery-status.ts';
import { shownText } from './mail-parts.ts';
import { headerText } from './mime-text.ts';
import { entityOf, firstOf, type Leaf, type ReadMail, type WrittenField } from './read-mime.ts';

/** What a mail that came to the return path of another mail says of it. `text` is what it says to people. */
export type Returned =
  /** A report by the standard (RFC 3464). */
  | { kind: 'status'; status: DeliveryStatus; text: string }
  /** The recipient called the mail spam (RFC 5965). */
  | { kind: 'complaint' }
  /** A server says in a form of its own that the mail did not arrive, or not yet. */
  | { kind: 'bounce'; isDelay: boolean; recipient: string | null; text: string }
  /** An answer of a person or of a program in their place, or anything else: nothing is said of the mail. */
  | { kind: 'other' };

/** Who handed the mail over: empty for the null sender, which servers use for what must not be answered. */
export type EnvelopeSender = string | null;

/** Characters of the text that are read. */
const MOST_TEXT = 4000;
const MOST_SUBJECT = 200;

export function readReturned({ fields, leaves }: ReadMail, sender: EnvelopeSender): Returned {
  const statusPart = leafOf(leaves, /^message\/(?:global-)?delivery-status$/);
  const status = statusPart && readDeliveryStatus(statusPart.content);
  const text = textOfServer(leaves);
  if (status && status.recipients.length > 0) return { kind: 'status', status, text };
  const feedback = leafOf(leaves, /^message\/feedback-report$/);
  if (feedback) return { kind: isAbuse(feedback) ? 'complaint' : 'other' };
  if (leafOf(leaves, /^message\/(?:global-)?disposition-notification$/)) return { kind: 'other' };
  const letter = { fields, sender, text, subject: headerText(firstOf(fields, 'subject') ?? '').slice(0, MOST_SUBJECT) };
  return isBounce(letter) ? bounceIn(letter) : { kind: 'other' };
}

type Letter = { fields: readonly WrittenField[]; sender: EnvelopeSender; subject: string; text: string };

const leafOf = (leaves: readonly Leaf[], type: RegExp): Leaf | undefined => leaves.find((leaf) => type.test(leaf.type));

/** Other reports of this form are about fraud, viruses and signatures. */
const isAbuse = ({ content }: Leaf): boolean =>
  /^abuse$/i.test(firstOf(entityOf(content).fields, 'feedback-type')?.trim() ?? '');

/** The lines before which servers end, and the returned mail begins. */
const COPY_BEGINS =
  /^[ \t]*-{2,40} ?(?:below this line is a copy|this is a copy of|(?:un|the |original |returned )\w{0,20} ?message|original (?:mail|message)|message header|the header)/im;

function textOfServer(leaves: readonly Leaf[]): string {
  const text = shownText('text/plain', leaves).slice(0, 4 * MOST_TEXT);
  return text.slice(0, COPY_BEGINS.exec(text)?.index).slice(0, MOST_TEXT).trim();
}

/** The format of qmail, by which it is known (cr.yp.to/proto/qsbmf.txt). */
const QMAIL = /^Hi\. This is the /;
/** A reply with an enhanced code in it; people have other numbers in their mail. */
const SURE_REPLY = /(?<![\d.])(?:[45]\d\d[ -]#?|#)[45]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)/;
const REPLY = /(?:^|[:;>("'] ?)[45]\d\d[ -][<\w]/m;
/** The same where a reply is quoted, and not in the middle of what somebody writes. */
const QUOTED_REPLY = /(?:^|[:;>("'] ?)(?:[45]\d\d[ -]#?|#)[45]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)/m;

/** What servers call themselves, and what they call a mail about one that did not arrive. */
const SERVER = /\b(?:mailer-daemon|post_?master)\b|\bmail deliver\w* (?:sub)?system\b/i;
const FAILING =
  /\bundeliver|\breturned mail\b|\bdelivery (?:has )?fail|\bfail\w* delivery\b|\bfailure notice\b|\bmail (?:delivery )?fail|\breturning (?:message )?to sender\b|\bnot be delivered\b|\bdelay|\(failure\)|\bnotification: (?:error|warning)\b|\bmail system error\b/i;

/**
 * Whether a mail that is no report by the standard tells of a failure: what an auto-responder says is never one, as most
 * of them answer to the return path too (RFC 3834).
 */
function isBounce({ fields, subject, text, sender }: Letter): boolean {
  if (firstOf(fields, 'x-failed-recipients') !== null || QMAIL.test(text)) return true;
  const isOfServer = SERVER.test(headerText(firstOf(fields, 'from') ?? ''));
  if (isOfServer && FAILING.test(subject)) return true;
  if (isAnswer(fields)) return false;
  return isOfServer ? REPLY.test(text) || SURE_REPLY.test(text) : sender === '' && QUOTED_REPLY.test(text);
}

/** The fields with which programs mark what they answer in place of a person. */
function isAnswer(fields: readonly WrittenField[]): boolean {
  const given = (name: string) => firstOf(fields, name) ?? '';
  if (/^\s*auto-(?:replied|notified)/i.test(given('auto-submitted'))) return true;
  if (/auto_reply|bulk|list/i.test(given('precedence'))) return true;
  return ['x-autoreply', 'x-autorespond', 'x-autoresponder'].some((name) => given(name) !== '');
}

const DELAY =
  /\bwarning\b|\bdelay|\bnot yet been delivered|\b(?:continue|keep) (?:trying|to try)|\bwill (?:be retried|retry|try again)|\bno (?:further )?action is required/i;
const GIVEN_UP = /\bgiv(?:en|ing) up\b|\bpermanent|\bfail|\bcould ?n[o']t be delivered|\bundeliver/i;

function bounceIn({ fields, subject, text }: Letter): Returned {
  const byQmail = QMAIL.test(text);
  const said = byQmail ? saidByQmail(text) : text || subject;
  const isDelay = DELAY.test(subject) || (DELAY.test(text) && !GIVEN_UP.test(`${subject}\n${text}`));
  const named =
    firstOf(fields, 'x-failed-recipients')?.split(',')[0] ?? (byQmail ? /^<([^<>\s]{3,254})>/.exec(said)?.[1] : null);
  return { kind: 'bounce', isDelay, recipient: named?.trim() || null, text: said };
}

/** Its paragraphs about recipients begin with the address: `<ann@example.com>:`. */
function saidByQmail(text: string): string {
  const paragraphs = text.split(/\r?\n[ \t]*\r?\n/).filter((paragraph) => paragraph.trimStart().startsWith('<'));
  return paragraphs.join('\n').trim() || text;
}
