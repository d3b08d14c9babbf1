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
  const filled = variables ? form.map((entry) => withVariables(entry, variables, recipient)) : form;
  const mail = {
    from: listIn(filled, 'from'),
    // With variables, each recipient gets a mail of its own.
    ...(variables ? { to: recipient } : { to: listIn(form, 'to'), cc: listIn(form, 'cc') }),
    messageId: `<${messageId}>`,
    subject: textIn(filled, 'subject') ?? '',
    ...optional('text', textIn(filled, 'text')),
    ...optional('html', textIn(filled, 'html')),
    ...optional('amp', textIn(filled, 'amp-html')),
    headers: headersIn(filled),
    attachments: [...attachmentsIn(form, 'attachment'), ...attachmentsIn(form, 'inline')],
    // The content comes from outside: nothing in it may make nodemailer read a file or ask a server.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  return new MailComposer(mail).compile().build();
}

/** This recipient's part of the `recipient-variables`; null when there are none at all. */
export function variablesOf(form: readonly FormEntry[], recipient: string): Record<string, unknown> | null {
  const text = textIn(form, 'recipient-variables');
  if (text === null) return null;
  const all = JSON.parse(text) as Record<string, Record<string, unknown>>;
  const key = Object.keys(all).find((address) => asciiLower(address) === asciiLower(recipient));
  return (key === undefined ? null : all[key]) ?? {};
}

function withVariables(
  [name, value]: FormEntry,
  variables: Readonly<Record<string, unknown>>,
  recipient: string,
): FormEntry {
  if (typeof value !== 'string') return [name, value];
  const filled = value
    .replace(/%recipient\.([\w-]+)%/g, (whole, variable: string) =>
      Object.hasOwn(variables, variable) ? String(variables[variable]) : whole,
    )
    .replaceAll('%recipient%', recipient);
  return [name, filled];
}

const listIn = (form: readonly FormEntry[], name: string): string => textsIn(form, name).join(', ');

const optional = (name: string, value: string | null): Record<string, string> =>
  value === null ? {} : { [name]: value };

function headersIn(form: readonly FormEntry[]): { key: string; value: string }[] {
  return form.flatMap(([name, value]) => {
    if (!/^h:/i.test(name) || typeof value !== 'string' || asciiLower(name) === 'h:message-id') return [];
    return [{ key: name.slice(2), value }];
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
