import { encodeWord } from 'nodemailer/lib/mime-funcs';
import { addressKey } from '../../core/address.ts';
import { cleanForRelay } from '../../mail/headers.ts';
import { type Mailbox, mailboxesIn } from '../../mail/mailboxes.ts';
import { headerText } from '../../mail/mime-text.ts';
import { firstOf, type Leaf, leafText, type ReadMail, readMime, type WrittenField } from '../../mail/read-mime.ts';
import { isTooLong } from '../../mail/recipients.ts';
import type { Outgoing } from '../provider.ts';

type Address = { email: string; name?: string };
type Attachment = {
  content: string;
  type: string;
  filename: string;
  disposition: 'attachment' | 'inline';
  content_id?: string;
};

/** What `POST /v3/mail/send` takes, as far as it is used. */
export type MailSend = {
  personalizations: [{ to: [Address]; custom_args: Record<string, string> }];
  from: Address;
  reply_to_list?: Address[];
  subject: string;
  content: { type: string; value: string }[];
  attachments?: Attachment[];
  headers: Record<string, string>;
  tracking_settings: typeof UNTOUCHED;
  mail_settings: { footer: { enable: false } };
};

/** Nothing is counted, and no link leads by way of SendGrid, whatever the account has switched on: a link of a reset is secret. */
const UNTOUCHED = {
  click_tracking: { enable: false, enable_text: false },
  open_tracking: { enable: false },
  subscription_tracking: { enable: false },
  ganalytics: { enable: false },
} as const;

/**
 * Headers that SendGrid writes itself, most of them reserved by its documentation ("Mail Send", `headers`). A second Date
 * would make the mail one that Gmail refuses. Its own instructions (X-SMTPAPI) are ours to give and nobody else's.
 */
const OF_SENDGRID =
  /^(?:content-.*|mime-version|date|from|to|cc|bcc|subject|reply-to|received|dkim-signature|x-sg-e?id|x-smtpapi)$/i;

type Mail = Pick<Outgoing, 'messageId' | 'rfcMessageId' | 'sender' | 'recipient'>;

/**
 * A ready message as the API takes it, or why it would not be the same mail afterwards. Our id comes back with every event
 * of it; the Message-Id stays the one that it has. Its To names the one recipient alone, because whoever else it named
 * would get it too.
 */
export function writeMail(mail: Mail, mime: Buffer): MailSend | string {
  const read = readMime(cleanForRelay(mime));
  if (typeof read === 'string') return `the mail can not be read: ${read}`;
  if (read.isSealed) return 'the mail is signed or encrypted, and SendGrid writes each mail anew';
  const { content, files } = contentOf(read);
  const replyTo = mailboxes(read.fields, 'reply-to').map((box) => addressOf(box));
  return {
    personalizations: [
      { to: [recipientIn(read.fields, mail.recipient)], custom_args: { 'homing-id': mail.messageId } },
    ],
    from: fromOf(read.fields, mail.sender),
    ...(replyTo.length > 0 ? { reply_to_list: replyTo } : {}),
    // It is required.
    subject: headerText(firstOf(read.fields, 'subject') ?? '') || '(no subject)',
    content,
    ...(files.length > 0 ? { attachments: files } : {}),
    headers: headersOf(read.fields, mail.rfcMessageId),
    tracking_settings: UNTOUCHED,
    mail_settings: { footer: { enable: false } },
  };
}

type Certain = Mailbox & { address: string };

function mailboxes(fields: readonly WrittenField[], name: string): Certain[] {
  const list = firstOf(fields, name) ?? '';
  const seen = new Map<string, Certain>();
  for (const { name: shown, address } of isTooLong([list]) ? [] : mailboxesIn(list))
    if (address !== null && !seen.has(addressKey(address)))
      seen.set(addressKey(address), { name: headerText(shown), address });
  return [...seen.values()];
}

const addressOf = ({ name, address }: Certain): Address =>
  name === '' || name === address ? { email: address } : { email: address, name };

/** The API takes one author. */
function fromOf(fields: readonly WrittenField[], sender: string): Address {
  const [author] = mailboxes(fields, 'from');
  return author ? addressOf(author) : { email: sender };
}

/**
 * SendGrid puts the name of a recipient into the header without the quotes that a comma or semicolon in it asks for
 * (sendgrid-python, issue 291).
 */
function recipientIn(fields: readonly WrittenField[], recipient: string): Address {
  const named = ['to', 'cc'].flatMap((field) => mailboxes(fields, field));
  const own = named.find(({ address }) => addressKey(address) === addressKey(recipient));
  const { name = '' } = own ? addressOf(own) : {};
  if (name === '') return { email: recipient };
  return { email: recipient, name: /[,;]/.test(name) ? `"${name.replace(/["\\]/g, '\\$&')}"` : name };
}

/** RFC 5322, 3.6.8. One that has another would have the whole mail refused. */
const NAME = /^[!-9;-~]+$/;

/** An object holds each name once: of several fields the first stays. */
function headersOf(fields: readonly WrittenField[], rfcMessageId: string): Record<string, string> {
  const headers = new Map<string, [string, string]>([['message-id', ['Message-ID', `<${rfcMessageId}>`]]]);
  for (const { name, value } of fields) {
    const key = name.toLowerCase();
    const isOwnId = key === 'message-id' && value !== '';
    if (!NAME.test(name) || OF_SENDGRID.test(name) || value === '' || (headers.has(key) && !isOwnId)) continue;
    headers.set(key, [isOwnId ? 'Message-ID' : name, value]);
  }
  return Object.fromEntries(headers.values());
}

/**
 * Texts come first and in this order, plain and then HTML, and none may be empty (documentation of the API, "Errors"). What
 * is neither the one nor the other, nor another form of them, is a file.
 */
function contentOf({ leaves }: ReadMail): Pick<MailSend, 'content'> & { files: Attachment[] } {
  const isText = (leaf: Leaf) => leaf.type.startsWith('text/') && leaf.disposition !== 'attachment' && !leaf.filename;
  const text = leaves.find((leaf) => isText(leaf) && leaf.type === 'text/plain');
  const html = leaves.find((leaf) => isText(leaf) && leaf.type === 'text/html');
  const forms = leaves.filter((leaf) => isText(leaf) && isOtherForm(leaf));
  const bodies = [text, html, ...forms].filter((leaf) => leaf !== undefined);
  const content = bodies
    .map((leaf) => ({ type: leaf.type, value: leafText(leaf) }))
    .filter(({ value }) => value !== '');
  const shown = html ? leafText(html) : '';
  const others = leaves.filter((leaf) => !bodies.includes(leaf) && leaf.content.length > 0);
  return {
    content: content.length > 0 ? content : [{ type: 'text/plain', value: ' ' }],
    files: others.map((leaf, n) => fileOf(leaf, n + 1, shown)),
  };
}

/** Such as an invitation (text/calendar), or AMP. */
const isOtherForm = ({ type, within }: Leaf): boolean =>
  within === 'multipart/alternative' && type !== 'text/plain' && type !== 'text/html';

/** What the HTML shows is inline under its id, however it was marked; the rest is there to be opened. */
function fileOf({ type, filename, contentId, content, disposition }: Leaf, number: number, html: string): Attachment {
  const file = {
    content: content.toString('base64'),
    type: /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream',
    filename: asciiName(filename ?? `attachment-${number}`),
  };
  const isShown = contentId !== null && (disposition === 'inline' || html.includes(`cid:${contentId}`));
  return isShown ? { ...file, disposition: 'inline', content_id: contentId } : { ...file, disposition: 'attachment' };
}

/**
 * SendGrid writes the name into the header as it is (sendgrid-go, issue 362). Mail readers know encoded words there, although
 * RFC 2047 does not.
 */
const asciiName = (name: string): string =>
  /^[^"\\;\P{ASCII}\p{Cc}]+$/u.test(name) ? name : encodeWord(name, 'B', 52);
