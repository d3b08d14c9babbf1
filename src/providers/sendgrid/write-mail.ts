import { encodeWord } from 'nodemailer/lib/mime-funcs';
import { cleanForRelay } from '../../mail/headers.ts';
import { type Certain, isInline, isTextOf, mailboxesOf, recipientOf, shownText } from '../../mail/mail-parts.ts';
import { headerText } from '../../mail/mime-text.ts';
import { firstOf, type Leaf, leafText, readMime, type WrittenField } from '../../mail/read-mime.ts';
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
  const { content, files } = contentOf(read.leaves);
  const replyTo = mailboxesOf(read.fields, 'reply-to').map((box) => addressOf(box));
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

const addressOf = ({ name, address }: Certain): Address =>
  name === '' || name === address ? { email: address } : { email: address, name };

/** The API takes one author. */
function fromOf(fields: readonly WrittenField[], sender: string): Address {
  const [author] = mailboxesOf(fields, 'from');
  return author ? addressOf(author) : { email: sender };
}

/**
 * SendGrid puts the name of a recipient into the header without the quotes that a comma or semicolon in it asks for
 * (sendgrid-python, issue 291).
 */
function recipientIn(fields: readonly WrittenField[], recipient: string): Address {
  const { email, name } = addressOf(recipientOf(fields, recipient));
  if (name === undefined) return { email };
  return { email, name: /[,;]/.test(name) ? `"${name.replace(/["\\]/g, '\\$&')}"` : name };
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
function contentOf(leaves: readonly Leaf[]): Pick<MailSend, 'content'> & { files: Attachment[] } {
  const [text, html] = [shownText('text/plain', leaves), shownText('text/html', leaves)];
  const forms = leaves.filter(isOtherForm);
  const content = [
    { type: 'text/plain', value: text },
    { type: 'text/html', value: html },
    ...forms.map((leaf) => ({ type: leaf.type, value: leafText(leaf) })),
  ].filter(({ value }) => value !== '');
  const isText = (leaf: Leaf) => ['text/plain', 'text/html'].some((type) => isTextOf(type, leaf));
  const files = leaves.filter((leaf) => leaf.content.length > 0 && !isText(leaf) && !forms.includes(leaf));
  return {
    content: content.length > 0 ? content : [{ type: 'text/plain', value: ' ' }],
    files: files.map((leaf, n) => fileOf(leaf, n + 1, html)),
  };
}

/** Such as an invitation (text/calendar), or AMP. */
const isOtherForm = (leaf: Leaf): boolean =>
  leaf.within === 'multipart/alternative' && /^text\/(?!plain$|html$)/.test(leaf.type) && isTextOf(leaf.type, leaf);

function fileOf(leaf: Leaf, number: number, html: string): Attachment {
  const { type, filename, contentId, content } = leaf;
  const file = {
    content: content.toString('base64'),
    type: /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream',
    filename: asciiName(filename ?? `attachment-${number}`),
  };
  return contentId !== null && isInline(leaf, html)
    ? { ...file, disposition: 'inline', content_id: contentId }
    : { ...file, disposition: 'attachment' };
}

/**
 * SendGrid writes the name into the header as it is (sendgrid-go, issue 362). Mail readers know encoded words there, although
 * RFC 2047 does not.
 */
const asciiName = (name: string): string =>
  /^[^"\\;\P{ASCII}\p{Cc}]+$/u.test(name) ? name : encodeWord(name, 'B', 52);
