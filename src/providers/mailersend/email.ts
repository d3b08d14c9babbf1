import { detectExtension } from 'nodemailer/lib/mime-funcs';
import { cleanForRelay } from '../../mail/headers.ts';
import { type Certain, isInline, isTextOf, mailboxesOf, recipientOf, shownText } from '../../mail/mail-parts.ts';
import { headerText } from '../../mail/mime-text.ts';
import { firstOf, type Leaf, readMime, type WrittenField } from '../../mail/read-mime.ts';
import type { Outgoing } from '../provider.ts';
import { tagOf } from './tag.ts';

type Address = { email: string; name?: string };
type Attachment = { filename: string; content: string; disposition: 'inline' | 'attachment'; id?: string };

/** The JSON of `POST /v1/email` (developers.mailersend.com/api/v1/email), as far as it is used. */
export type Email = {
  from: Address;
  to: [Address];
  reply_to?: Address;
  subject: string;
  text?: string;
  html?: string;
  in_reply_to?: string;
  references?: string[];
  headers?: WrittenField[];
  attachments?: Attachment[];
  tags: [string];
  settings: typeof UNTOUCHED;
};

/** No picture is added and no link leads by way of MailerSend, whatever is set for the domain: a link of a reset is secret. */
const UNTOUCHED = { track_clicks: false, track_opens: false } as const;

type Mail = Pick<Outgoing, 'messageId' | 'sender' | 'recipient'>;

/**
 * A ready message as the API takes it, or why it would not be the same mail afterwards. There is no call for a whole MIME
 * message, and MailerSend's SMTP relay, which has logins of its own, takes it apart in the same way. Its To names the one
 * recipient alone, because whoever else it named would get it too. Headers of its own it keeps where the plan allows that:
 * on a smaller one MailerSend refuses the mail for them.
 */
export function emailOf(mail: Mail, mime: Buffer, keepsHeaders: boolean): Email | string {
  const read = readMime(cleanForRelay(mime));
  if (typeof read === 'string') return `the mail can not be read: ${read}`;
  if (read.isSealed) return 'the mail is signed or encrypted, and MailerSend writes each mail anew';
  const { fields } = read;
  const [author] = mailboxesOf(fields, 'from');
  const [replyTo] = mailboxesOf(fields, 'reply-to');
  const inReplyTo = firstOf(fields, 'in-reply-to');
  return {
    from: author ? addressOf(author) : { email: mail.sender },
    to: [addressOf(recipientOf(fields, mail.recipient))],
    ...(replyTo ? { reply_to: addressOf(replyTo) } : {}),
    // It is required.
    subject: headerText(firstOf(fields, 'subject') ?? '') || '(no subject)',
    ...contentOf(read.leaves),
    ...(inReplyTo ? { in_reply_to: inReplyTo } : {}),
    ...(keepsHeaders ? headersOf(fields) : {}),
    tags: [tagOf(mail.messageId)],
    settings: UNTOUCHED,
  };
}

/** A name may hold no comma and no semicolon. */
const addressOf = ({ name, address }: Certain): Address =>
  name === '' || name === address || /[,;]/.test(name) ? { email: address } : { email: address, name };

/** What the API has fields of its own for, or writes itself. */
const OF_THE_API =
  /^(?:from|to|cc|bcc|sender|reply-to|subject|date|message-id|in-reply-to|references|mime-version|content-.*|x-mailersend-.*)$/i;

function headersOf(fields: readonly WrittenField[]): Pick<Email, 'headers' | 'references'> {
  const references = firstOf(fields, 'references')?.match(/<[^<>\s]+>/g) ?? [];
  const headers = fields
    .filter(({ name, value }) => /^[A-Za-z0-9-]+$/.test(name) && value !== '' && !OF_THE_API.test(name))
    .map(({ name, value }) => ({ name, value: headerText(value) }));
  return { ...(headers.length > 0 ? { headers } : {}), ...(references.length > 0 ? { references } : {}) };
}

/** What is neither plain nor HTML is a file, save AMP, which is nothing to be opened. */
function contentOf(leaves: readonly Leaf[]): Pick<Email, 'text' | 'html' | 'attachments'> {
  const [text, html] = [shownText('text/plain', leaves), shownText('text/html', leaves)];
  const isText = (leaf: Leaf) => ['text/plain', 'text/html'].some((type) => isTextOf(type, leaf));
  const isFile = (leaf: Leaf) => leaf.content.length > 0 && !isText(leaf) && leaf.type !== 'text/x-amp-html';
  const attachments = leaves.filter(isFile).map((leaf, n) => attachmentOf(leaf, n + 1, html));
  return {
    // One of the two has to be there.
    ...(text !== '' || html === '' ? { text: text || ' ' } : {}),
    ...(html === '' ? {} : { html }),
    ...(attachments.length > 0 ? { attachments } : {}),
  };
}

/** A file needs a name, and has the type that its ending says. */
function attachmentOf(leaf: Leaf, number: number, html: string): Attachment {
  const { type, filename, contentId, content } = leaf;
  const name = filename?.replace(/[/\\\p{Cc}]/gu, '_') ?? `attachment-${number}.${detectExtension(type)}`;
  const file = { filename: name, content: content.toString('base64') };
  return contentId !== null && isInline(leaf, html)
    ? { ...file, disposition: 'inline', id: contentId }
    : { ...file, disposition: 'attachment' };
}
