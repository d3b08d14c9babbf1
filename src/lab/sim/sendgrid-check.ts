// What SendGrid refuses of a call that hands over a mail, in the words of its documentation ("Mail Send: Errors").
import { type Reply, reply } from './reply.ts';

export type SentAddress = { email: string; name?: string };
export type SentFile = { content: string; type?: string; filename: string; disposition?: string; content_id?: string };

/** The body of `POST /v3/mail/send`, of one personalization. */
export type SentMail = {
  personalizations: { to: SentAddress[]; custom_args?: Record<string, string> }[];
  from: SentAddress;
  reply_to_list?: SentAddress[];
  subject: string;
  content: { type: string; value: string }[];
  attachments?: SentFile[];
  headers?: Record<string, string>;
  tracking_settings?: Record<string, { enable: boolean }>;
};

export const LARGEST_MAIL = 30 * 1024 * 1024;

export const errors = (status: number, message: string, field: string | null = null): Reply =>
  reply({ errors: [{ message, field, help: null }] }, status);

const RESERVED = new Set(
  'x-sg-id x-sg-eid received dkim-signature content-type content-transfer-encoding to from subject reply-to cc bcc'.split(
    ' ',
  ),
);

/** Null for a call that is in order. */
export function refusedMail(body: unknown): Reply | null {
  if (typeof body !== 'object' || body === null) return errors(400, 'Bad Request');
  const mail = body as Partial<SentMail>;
  return addressTrouble(mail) ?? contentTrouble(mail) ?? fileTrouble(mail) ?? headerTrouble(mail);
}

const isAddress = (given: unknown): boolean =>
  typeof given === 'object' && given !== null && 'email' in given && /^[^\s@]+@[^\s@]+$/.test(String(given.email));

function addressTrouble({ personalizations, from, reply_to_list }: Partial<SentMail>): Reply | null {
  const [first] = Array.isArray(personalizations) ? personalizations : [];
  if (!first) return errors(400, 'You must have at least one personalization.', 'personalizations');
  if (!Array.isArray(first.to) || first.to.length === 0)
    return errors(400, 'The to array is required for all personalization objects.', 'personalizations.0.to');
  if (!first.to.every(isAddress))
    return errors(400, 'Does not contain a valid address.', 'personalizations.0.to.0.email');
  if (!Object.values(first.custom_args ?? {}).every((value) => typeof value === 'string'))
    return errors(400, 'Bad Request');
  if (!isAddress(from)) return errors(400, 'The from object must be provided for every email send.', 'from.email');
  if (!(reply_to_list ?? []).every(isAddress))
    return errors(400, 'The reply_to_list email does not contain a valid address.', 'reply_to_list');
  return null;
}

function contentTrouble({ subject, content }: Partial<SentMail>): Reply | null {
  if (typeof subject !== 'string' || subject === '') return errors(400, 'The subject is required.', 'subject');
  if (!Array.isArray(content) || content.length === 0)
    return errors(400, 'Unless a valid template_id is provided, the content parameter is required.', 'content');
  if (content.some(({ value }) => typeof value !== 'string' || value === ''))
    return errors(400, 'The content value must be a string at least one character in length.', 'content.0.value');
  if (content.some(({ type }) => /[;\r\n]/.test(type)))
    return errors(400, "The content type parameter cannot contain ';', or CRLF characters.", 'content.0.type');
  const rank = (type: string) => ['text/plain', 'text/html'].indexOf(type) >>> 0;
  const isInOrder = content.every(({ type }, n) => n === 0 || rank(content[n - 1]?.type ?? '') <= rank(type));
  return isInOrder ? null : errors(400, 'text/plain content must be first, followed by text/html content.', 'content');
}

function fileTrouble({ attachments = [] }: Partial<SentMail>): Reply | null {
  const isBase64 = (text: string) => text !== '' && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  const wrong = attachments.findIndex(
    ({ content, filename, type, disposition = 'attachment' }) =>
      !isBase64(content) ||
      filename === '' ||
      /[;\r\n]/.test(type ?? '') ||
      !/^(?:attachment|inline)$/.test(disposition),
  );
  return wrong < 0 ? null : errors(400, 'The attachment is not valid.', `attachments.${wrong}`);
}

function headerTrouble({ headers = {} }: Partial<SentMail>): Reply | null {
  const wrong = Object.entries(headers).find(
    ([name, value]) => RESERVED.has(name.toLowerCase()) || typeof value !== 'string',
  );
  return wrong ? errors(400, 'One of the headers provided is reserved.', `headers.${wrong[0]}`) : null;
}
