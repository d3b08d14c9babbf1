import MailComposer from 'nodemailer/lib/mail-composer';
import { addressKey, asciiLower } from '../core/address.ts';
import { ASKS_FOR_ANSWERS, fillMime } from './fill-mime.ts';
import { type FormEntry, fileIn, filesIn, textIn, textsIn } from './form.ts';
import { fieldIn } from './headers.ts';
import { MAX_HEADER } from './limits.ts';
import { mailboxesIn, written } from './mailboxes.ts';
import { batchVariables } from './variable.ts';

/**
 * The message that a form stands for, as it is for one recipient: the ready one that it holds, else To and Cc as they were
 * given and Bcc left out; in both with the recipient's own variables filled in. Null for a template, which Mailgun alone can
 * render.
 */
export async function composeMime(
  form: readonly FormEntry[],
  recipient: string,
  messageId: string,
): Promise<Buffer | null> {
  if (textIn(form, 'template') !== null) return null;
  const [variables = null] = variablesOf(form, [recipient]) ?? [];
  const ready = fileIn(form, 'message')?.content ?? null;
  if (ready) return variables ? fillMime(ready, (entry) => filledIn(entry, variables, recipient)) : ready;
  const filled = variables ? form.map((entry) => withVariables(entry, variables, recipient)) : form;
  const mail = {
    from: listIn(form, 'from'),
    // With variables, each recipient gets a mail of its own.
    ...(variables ? { to: mailboxesFor(form, [recipient]) } : { to: listIn(form, 'to'), cc: listIn(form, 'cc') }),
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

/**
 * The parts of these recipients of the `recipient-variables`, which a ready message may hold itself; null when there are none at
 * all (documentation.mailgun.com, "Batch sending").
 */
export function variablesOf(form: readonly FormEntry[], recipients: readonly string[]): Variables[] | null {
  const ready = fileIn(form, 'message')?.content ?? null;
  const said = ready && fieldIn(ready, 'x-mailgun-recipient-variables', MAX_HEADER);
  const all = batchVariables(textIn(form, 'recipient-variables') ?? '') ?? batchVariables(said ?? '');
  if (!all) return null;
  const byKey = new Map<string, Variables>();
  for (const [address, own] of Object.entries(all))
    if (!byKey.has(addressKey(address))) byKey.set(addressKey(address), own);
  return recipients.map(
    (recipient) => (Object.hasOwn(all, recipient) ? all[recipient] : byKey.get(addressKey(recipient))) ?? {},
  );
}

/** The recipients as the form names them, with their names. */
export function mailboxesFor(form: readonly FormEntry[], recipients: readonly string[]): string[] {
  const names = new Map<string, string>();
  for (const list of ['to', 'cc', 'bcc'].flatMap((field) => textsIn(form, field)))
    for (const { name, address } of mailboxesIn(list))
      if (address !== null && !names.has(addressKey(address))) names.set(addressKey(address), name);
  return recipients.map((recipient) => written(names.get(addressKey(recipient)) ?? '', recipient));
}

/** Fields that hold addresses: what a variable says must not change whom a mail is from, or who is answered. */
const isOfAddresses = (name: string): boolean =>
  name === 'address' || (/^h:/i.test(name) && ASKS_FOR_ANSWERS.test(asciiLower(name.slice(2))));
/** A value that stays a part of the address that it is put into. */
const PART_OF_ADDRESS = /^[\w.+-]{1,64}$/;

type Variables = Readonly<Record<string, unknown>>;

const withVariables = ([name, value]: FormEntry, variables: Variables, recipient: string): FormEntry =>
  typeof value === 'string' ? [name, filledIn([name, value], variables, recipient)] : [name, value];

function filledIn([name, value]: readonly [string, string], variables: Variables, recipient: string): string {
  const isLimited = isOfAddresses(name);
  return value.replace(/%recipient(?:\.([\w-]+))?%/g, (whole, variable: string | undefined) => {
    if (name === 'address' && variable === undefined) return recipient;
    const own =
      variable === undefined ? recipient : Object.hasOwn(variables, variable) ? String(variables[variable]) : whole;
    return isLimited && !PART_OF_ADDRESS.test(own) ? whole : own;
  });
}

const listIn = (form: readonly FormEntry[], name: string): string => textsIn(form, name).join(', ');

const optional = (name: string, value: string | null): Record<string, string> =>
  value === null ? {} : { [name]: value };

/** Without those that are for Mailgun, and the Message-Id, which is given. */
function headersIn(form: readonly FormEntry[]): { key: string; value: string }[] {
  return form.flatMap(([name, value]) => {
    if (!/^h:/i.test(name) || typeof value !== 'string') return [];
    if (asciiLower(name) === 'h:message-id' || isForMailgun(name)) return [];
    return [{ key: name.slice(2), value }];
  });
}

/** `h:X-Mailgun-…`: an option in the form of a header. */
export const isForMailgun = (name: string): boolean => /^h:x-mailgun-/i.test(name);

const attachmentsIn = (form: readonly FormEntry[], name: 'attachment' | 'inline') =>
  filesIn(form, name).map(({ filename, type, content }) => ({
    filename,
    content,
    contentType: type,
    // Mailgun: an inline file is known by its name.
    ...(name === 'inline' ? { cid: filename, contentDisposition: 'inline' as const } : {}),
  }));
