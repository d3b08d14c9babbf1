import { AppError } from '../base/errors.ts';
import { asciiLower } from '../core/address.ts';
import { CLASSES, type MessageClass } from '../core/message-class.ts';
import type { Ms } from '../core/time.ts';
import { classOf } from '../mail/class.ts';
import { deliveryTimeIn } from '../mail/delivery-time.ts';
import { type FormEntry, fileIn, textIn, textsIn } from '../mail/form.ts';
import { fieldIn, messageIdOf, senderOf } from '../mail/headers.ts';
import { readKey } from '../mail/key.ts';
import { MAX_KEY, MAX_OPTIONS, MAX_RECIPIENTS } from '../mail/limits.ts';
import { oneLine } from '../mail/line.ts';
import { readMessageId } from '../mail/message-id.ts';
import { recipientsIn } from '../mail/recipients.ts';
import { unquoted } from '../mail/variable.ts';

/** What a form in the shape of Mailgun's asks us to send. */
export type FormMail = {
  from: string;
  recipients: string[];
  subject: string | null;
  messageId: string | null;
  class: MessageClass;
  key: string | null;
  /** When it is to be delivered, at the latest; null for at once. */
  deliverAt: Ms | null;
  /** What is to be sent: without our control variables. */
  form: FormEntry[];
};

/** Throws `AppError` for a form that can't be sent, in words like Mailgun's. */
export function readFormMail(form: readonly FormEntry[], now: Ms): FormMail {
  for (const [name, value] of form) checkEntry(name, value);
  checkOptions(form);
  const message = fileIn(form, 'message')?.content ?? null;
  // For a ready message the recipients are those in `to` alone.
  const recipients = recipientsOf(form, message ? ['to'] : ['to', 'cc', 'bcc']);
  if (message === null) checkParts(form);
  const subject = textIn(form, 'subject') ?? (message && fieldIn(message, 'subject'));
  return {
    from: oneLine(fromOf(form, message)),
    recipients,
    subject: subject === null ? null : oneLine(subject),
    messageId: givenId(form) ?? (message && messageIdOf(message)),
    class: givenClass(form),
    key: givenKey(form),
    deliverAt: deliveryTimeIn(valuesIn(form, message), now),
    form: form.filter(([name]) => !CONTROL.test(name)),
  };
}

const CONTROL = /^v:homing-/;
const PLAIN = new Set(
  'from to cc bcc subject text html amp-html attachment inline template recipient-variables message'.split(' '),
);
const FILES = new Set(['attachment', 'inline']);
/** Headers that would reach other recipients, or make a claim that only a server may make. */
const FORBIDDEN = /^h:(bcc|resent-bcc|return-path|received|dkim-signature|content-.*|mime-version|x-mailgun-.*)$/i;

const refused = (words: string): AppError => new AppError('invalid', words);

/** The text in a form that may stand in an answer. */
export const printable = (text: string): string => text.slice(0, 100).replace(/[^\x21-\x7e]/g, '?');

function checkEntry(name: string, value: FormEntry[1]): void {
  if (!PLAIN.has(name) && !/^[hvot]:[A-Za-z0-9_.-]{1,64}$/.test(name))
    throw refused(`'${printable(name)}' is not a parameter of a message`);
  if (FORBIDDEN.test(name)) throw refused(`'${printable(name)}' can not be set`);
  if (typeof value !== 'string') return;
  if (FILES.has(name) && value !== '') throw refused(`'${name}' parameter is not a file`);
  const isLine = ['from', 'to', 'cc', 'bcc', 'subject'].includes(name) || /^h:/i.test(name);
  if (isLine && /\p{Cc}|\u2028|\u2029/u.test(value)) throw refused(`'${name}' parameter contains control characters`);
}

function checkOptions(form: readonly FormEntry[]): void {
  let size = 0;
  for (const [name, value] of form)
    if (/^[ohvt]:/i.test(name)) size += name.length + (typeof value === 'string' ? value.length : 0);
  if (size > MAX_OPTIONS) throw refused("'o:', 'v:', 'h:' and 't:' parameters are limited to 16 KB in all");
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
    const isOfMaps = isMap && Object.values(all).every((v) => typeof v === 'object' && v !== null);
    if (isOfMaps && !isDeeperThan(MAX_DEPTH, all)) return;
  } catch {
    // The error is reported below, without the words of the parser, which quote the content.
  }
  throw refused("'recipient-variables' parameter is not a JSON object of objects");
}

const MAX_DEPTH = 32;

/** Values nested too deep can be read, but writing them again overflows the stack. */
function isDeeperThan(most: number, value: object): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth < most && level.length > 0; depth++)
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  return level.length > 0;
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

function fromOf(form: readonly FormEntry[], message: Buffer | null): string {
  const given = textsIn(form, 'from').join(', ');
  if (given !== '') return given;
  // A template may name its own sender.
  const from = message ? senderOf(message) : '(given by the template)';
  if (from === null) throw refused('the message has no sender');
  return from;
}

/** By an option of the form, or by a field of a ready message. */
const valuesIn = (form: readonly FormEntry[], message: Buffer | null) => (name: string) =>
  textIn(form, name) ?? textIn(form, `h:${name}`) ?? (message && fieldIn(message, name));

function givenId(form: readonly FormEntry[]): string | null {
  const text = form.find(([name]) => asciiLower(name) === 'h:message-id')?.[1];
  if (typeof text !== 'string') return null;
  const id = readMessageId(text);
  if (id === null) throw refused("'h:Message-Id' is not a Message-Id");
  return id;
}

function givenClass(form: readonly FormEntry[]): MessageClass {
  const named = classOf(ownVariable(form, 'class'));
  if (named === null) throw refused(`'v:homing-class' must be one of ${CLASSES.join(', ')}`);
  return named;
}

function ownVariable(form: readonly FormEntry[], name: 'class' | 'key'): string | null {
  const text = textIn(form, `v:homing-${name}`);
  return text === null ? null : unquoted(text);
}

function givenKey(form: readonly FormEntry[]): string | null {
  const text = ownVariable(form, 'key');
  const key = text === null ? null : readKey(text);
  if (text !== null && key === null) throw refused(`'v:homing-key' must have 1 to ${MAX_KEY} characters`);
  return key;
}
