import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { seal } from '../base/seal.ts';
import { asciiLower, canonicalDomain } from '../core/address.ts';
import { CLASSES, type MessageClass } from '../core/message-class.ts';
import { policyFor } from '../core/policy.ts';
import type { Ms } from '../core/time.ts';
import { classOf } from '../mail/class.ts';
import { type FormEntry, fileIn, packForm, textIn, textsIn } from '../mail/form.ts';
import { fieldIn, messageIdOf, senderOf } from '../mail/headers.ts';
import { readKey } from '../mail/key.ts';
import { MAX_KEY, MAX_OPTIONS, MAX_RECIPIENTS } from '../mail/limits.ts';
import { oneLine } from '../mail/line.ts';
import { newMessageId, readMessageId } from '../mail/message-id.ts';
import { recipientsIn } from '../mail/recipients.ts';
import type { Store } from '../store/db/open.ts';
import type { Call } from '../store/messages/calls.ts';
import { rememberDomains } from '../store/messages/domains.ts';
import { enqueue } from '../store/messages/messages.ts';
import type { BirthSettings } from './terms.ts';

export type QueueDeps = {
  store: Store;
  settings: BirthSettings;
  /** Bodies are stored sealed; without a key nothing can be queued. */
  encryptionKey: string | null;
  /** The domains that the daemon sends for; null where that is not known. */
  domains: readonly string[] | null;
};

/** Makes a message durable that the daemon is to send. Throws `AppError` with words like Mailgun's; nothing is stored then. */
export async function queueMessage(
  deps: QueueDeps,
  { domain, form, repeatable }: { domain: string; form: readonly FormEntry[]; repeatable?: Call },
  now: Ms,
): Promise<{ id: string; messageId: string }> {
  const { store, settings, encryptionKey } = deps;
  if (encryptionKey === null)
    throw new AppError(
      'unavailable',
      'ENCRYPTION_KEY is not set: mail that waits is kept sealed, so none can be queued',
    );
  const name = canonicalDomain(domain);
  if (name === null || (deps.domains && !deps.domains.includes(name)))
    throw new AppError('not_found', `Domain not found: ${printable(domain)}`);
  const mail = readMail(form);
  const id = newId(now);
  await rememberDomains(store, [name]);
  const draft = {
    id,
    messageId: mail.messageId ?? newMessageId(name),
    domain: name,
    from: mail.from,
    subject: mail.subject,
    class: mail.class,
    key: mail.key,
    origin: 'queued' as const,
    policy: policyFor(mail.class, settings.policies),
    recipients: mail.recipients,
    facts: [],
    createdAt: now,
    body: seal(packForm(mail.form), encryptionKey, id),
  };
  return enqueue(store, draft, repeatable ?? null, now);
}

type Mail = {
  from: string;
  recipients: string[];
  subject: string | null;
  messageId: string | null;
  class: MessageClass;
  key: string | null;
  /** What is to be sent: without our control variables. */
  form: FormEntry[];
};

const PLAIN = new Set(
  'from to cc bcc subject text html amp-html attachment inline template recipient-variables message'.split(' '),
);
/** Headers by which a message would reach others, or claim what is not ours to say. */
const FORBIDDEN = /^h:(bcc|resent-bcc|return-path|received|dkim-signature|content-.*|mime-version|x-mailgun-.*)$/i;
const CONTROL = /^v:homing-/;

function readMail(form: readonly FormEntry[]): Mail {
  for (const [name, value] of form) checkEntry(name, value);
  const options = form.filter(([name]) => /^[ohvt]:/i.test(name));
  const size = options.reduce(
    (sum, [name, value]) => sum + name.length + (typeof value === 'string' ? value.length : 0),
    0,
  );
  if (size > MAX_OPTIONS) throw refused("'o:', 'v:', 'h:' and 't:' parameters are limited to 16 KB in all");
  const file = fileIn(form, 'message');
  const message = file?.content ?? null;
  const recipients = recipientsOf(form, message ? ['to'] : ['to', 'cc', 'bcc']);
  if (message === null) checkParts(form);
  const ownId = form.find(([name]) => asciiLower(name) === 'h:message-id')?.[1];
  // A template may name its own sender.
  const from = textsIn(form, 'from').join(', ') || (message ? senderOf(message) : '(given by the template)');
  if (from === null) throw refused('the message has no sender');
  const subject = textIn(form, 'subject') ?? (message ? fieldIn(message, 'subject') : null);
  return {
    from: oneLine(from),
    recipients,
    subject: subject === null ? null : oneLine(subject),
    messageId: typeof ownId === 'string' ? messageIdGiven(ownId) : message ? messageIdOf(message) : null,
    class: classIn(textIn(form, 'v:homing-class')),
    key: keyIn(textIn(form, 'v:homing-key')),
    form: form.filter(([name]) => !CONTROL.test(name)),
  };
}

const refused = (words: string): AppError => new AppError('invalid', words);
const printable = (text: string): string => text.slice(0, 100).replace(/[^\x21-\x7e]/g, '?');

function checkEntry(name: string, value: FormEntry[1]): void {
  if (!PLAIN.has(name) && !/^[hvot]:[A-Za-z0-9_.-]{1,64}$/.test(name))
    throw refused(`'${printable(name)}' is not a parameter of a message`);
  if (FORBIDDEN.test(name)) throw refused(`'${printable(name)}' can not be set`);
  if (typeof value !== 'string') return;
  const isLine = ['from', 'to', 'cc', 'bcc', 'subject'].includes(name) || /^h:/i.test(name);
  if (isLine && /\p{Cc}|\u2028|\u2029/u.test(value)) throw refused(`'${name}' parameter contains control characters`);
}

function checkParts(form: readonly FormEntry[]): void {
  if (textsIn(form, 'message').length > 0) throw refused('message parameter is missing or not a file');
  const has = (name: string) => textIn(form, name) !== null;
  if (!textIn(form, 'from') && !has('template')) throw refused('from parameter is missing');
  if (has('html') && has('template')) throw refused("'html' and 'template' parameters can not be used together");
  if (!['text', 'html', 'amp-html', 'template'].some(has))
    throw refused("Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified");
  checkVariables(textIn(form, 'recipient-variables'));
}

function checkVariables(text: string | null): void {
  if (text === null) return;
  try {
    const all: unknown = JSON.parse(text);
    const isMap = typeof all === 'object' && all !== null && !Array.isArray(all);
    if (isMap && Object.values(all).every((v) => typeof v === 'object' && v !== null)) return;
  } catch {
    // Said below, without the parser's words: they quote the content.
  }
  throw refused("'recipient-variables' parameter is not a JSON object of objects");
}

function recipientsOf(form: readonly FormEntry[], names: readonly string[]): string[] {
  if (textsIn(form, 'to').join('').trim() === '') throw refused('to parameter is missing');
  const read = names.map((name) => ({ name, ...recipientsIn(textsIn(form, name)) }));
  const wrong = read.find(({ misfits }) => misfits.length > 0);
  if (wrong) throw notAnAddress(wrong.name);
  const { addresses } = recipientsIn(read.flatMap((one) => one.addresses));
  if (addresses.length === 0) throw notAnAddress('to');
  if (addresses.length > MAX_RECIPIENTS) throw refused(`a message can have ${MAX_RECIPIENTS} recipients at most`);
  return addresses;
}

const notAnAddress = (name: string): AppError =>
  refused(`'${name}' parameter is not a valid address. please check documentation`);

function messageIdGiven(text: string): string {
  const id = readMessageId(text);
  if (id !== null) return id;
  throw refused("'h:Message-Id' is not a Message-Id");
}

function classIn(text: string | null): MessageClass {
  const named = classOf(text);
  if (named !== null) return named;
  throw refused(`'v:homing-class' must be one of ${CLASSES.join(', ')}`);
}

function keyIn(text: string | null): string | null {
  const key = text === null ? null : readKey(text);
  if (text === null || key !== null) return key;
  throw refused(`'v:homing-key' must have 1 to ${MAX_KEY} characters`);
}
