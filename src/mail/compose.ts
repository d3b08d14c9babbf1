import MailComposer from 'nodemailer/lib/mail-composer';
import { asciiLower } from '../core/address.ts';
import { type FormEntry, filesIn, textIn, textsIn } from './form.ts';

/**
 * The message that a form stands for, as it is for one recipient: To and Cc as they were given, Bcc left out, and the
 * recipient's own variables filled in. Null for a template, which Mailgun alone can render.
 */
export async function composeMime(
  form: readonly FormEntry[],
  recipient: string,
  messageId: string,
): Promise<Buffer | null> {
  if (textIn(form, 'template') !== null) return null;
  const variables = variablesOf(form, recipient);
  const fill = (text: string): string => (variables ? filledIn(text, variables, recipient) : text);
  const text = (name: string): string | undefined => {
    const value = textIn(form, name);
    return value === null ? undefined : fill(value);
  };
  const list = (name: string): string => textsIn(form, name).join(', ');
  // With variables, each recipient gets a mail of its own.
  const shown = variables ? { to: recipient } : { to: list('to'), cc: list('cc') };
  const mail = {
    from: fill(list('from')),
    ...shown,
    messageId: `<${messageId}>`,
    subject: text('subject') ?? '',
    ...optional('text', text('text')),
    ...optional('html', text('html')),
    ...optional('amp', text('amp-html')),
    headers: headersIn(form).map(([key, value]) => ({ key, value: fill(value) })),
    attachments: [...attachmentsIn(form, 'attachment'), ...attachmentsIn(form, 'inline')],
    // Content comes from outside: nothing in it may make us read a file or ask a server.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  return new MailComposer(mail).compile().build();
}

const optional = (name: string, value: string | undefined): Record<string, string> =>
  value === undefined ? {} : { [name]: value };

function headersIn(form: readonly FormEntry[]): [string, string][] {
  return form.flatMap(([name, value]): [string, string][] => {
    if (!/^h:/i.test(name) || typeof value !== 'string' || asciiLower(name) === 'h:message-id') return [];
    return [[name.slice(2), value]];
  });
}

const attachmentsIn = (form: readonly FormEntry[], name: 'attachment' | 'inline') =>
  filesIn(form, name).map(({ filename, type, content }) => ({
    filename,
    content,
    contentType: type,
    // Mailgun: an inline file is known by its name.
    ...(name === 'inline' ? { cid: filename, contentDisposition: 'inline' as const } : {}),
  }));

/** This recipient's part of the `recipient-variables`; null when there are none at all. */
export function variablesOf(form: readonly FormEntry[], recipient: string): Record<string, unknown> | null {
  const text = textIn(form, 'recipient-variables');
  if (text === null) return null;
  const all = JSON.parse(text) as Record<string, Record<string, unknown>>;
  const key = Object.keys(all).find((address) => asciiLower(address) === asciiLower(recipient));
  return (key === undefined ? null : all[key]) ?? {};
}

const filledIn = (text: string, variables: Record<string, unknown>, recipient: string): string =>
  text
    .replace(/%recipient\.([\w-]+)%/g, (whole, name: string) =>
      Object.hasOwn(variables, name) ? String(variables[name]) : whole,
    )
    .replaceAll('%recipient%', recipient);
