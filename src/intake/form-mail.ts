import type { AppError } from '../base/errors.ts';
import { asciiLower } from '../core/address.ts';
import type { Ms } from '../core/time.ts';
import { deliveryTimeIn, isTooFarAhead } from '../mail/delivery-time.ts';
import { type FormEntry, fileIn, textIn, textsIn } from '../mail/form.ts';
import { withoutComposersHeaders } from '../mail/given-headers.ts';
import { fieldIn, messageIdOf, senderOf } from '../mail/headers.ts';
import { readKey } from '../mail/key.ts';
import { MAX_KEY, MAX_RECIPIENTS } from '../mail/limits.ts';
import { oneLine } from '../mail/line.ts';
import { type Unsubscribing, unsubscribingBy } from '../mail/list-unsubscribe.ts';
import { readMessageId } from '../mail/message-id.ts';
import { isTooLong, recipientsIn } from '../mail/recipients.ts';
import { isTestMode } from '../mail/test-mode.ts';
import { partOurs, unquoted } from '../mail/variable.ts';
import { expiryIn } from './expires.ts';
import { checkFields, checkLength, checkParts, refused, withoutUnknown } from './form-checks.ts';
import { withSafeFiles } from './form-files.ts';
import { withoutFolds } from './form-lines.ts';

/** What a form in the shape of Mailgun's asks us to send. */
export type FormMail = {
  from: string;
  recipients: string[];
  subject: string | null;
  messageId: string | null;
  /** As its sender named it; null when he names none. */
  class: string | null;
  /** By which the operator's rules give it one. */
  tags: string[];
  template: string | null;
  key: string | null;
  /** When it is to be delivered, at the latest; null for at once. */
  deliverAt: Ms | null;
  /** From when on it is worth nothing to its recipient, where it says so itself. */
  expiresAt: Ms | null;
  /** How its header lets a recipient unsubscribe; null where a template may say so. */
  unsubscribing: Unsubscribing | null;
  /** Whether nobody is to get it: it is a test of Mailgun. */
  isTest: boolean;
  /** What is to be sent: without our control variables. */
  form: FormEntry[];
};

/** Throws `AppError` for a form that can't be sent, in words like Mailgun's. */
export function readFormMail(given: readonly FormEntry[], now: Ms): FormMail {
  checkLength(given);
  const form = withSafeFiles(withoutUnknown(withoutComposersHeaders(withoutFolds(given))));
  checkFields(form);
  const message = fileIn(form, 'message')?.content ?? null;
  // For a ready message the recipients are those in `to` alone.
  const recipients = recipientsOf(form, message ? ['to'] : ['to', 'cc', 'bcc']);
  if (message === null) checkParts(form);
  const said = valuesIn(form, message);
  const variables = variablesIn(said);
  if (isTooFarAhead(said, now)) throw refused('o:deliverytime parameter is more than 7 days ahead');
  const deliverAt = deliveryTimeIn(said, now);
  const subject = textIn(form, 'subject') ?? (message && fieldIn(message, 'subject'));
  return {
    from: oneLine(fromOf(form, message)),
    recipients,
    subject: subject === null ? null : oneLine(subject),
    messageId: givenId(form) ?? (message && messageIdOf(message)),
    class: variables('class'),
    tags: [...textsIn(form, 'o:tag'), ...textsIn(form, 'h:X-Mailgun-Tag')],
    template: textIn(form, 'template'),
    key: givenKey(variables('key')),
    deliverAt,
    expiresAt: givenExpiry(variables('expires'), deliverAt ?? now, now),
    unsubscribing: unsubscribingIn(said, textIn(form, 'template')),
    isTest: isTestMode(said),
    form: withoutOurs(form),
  };
}

/** A template at Mailgun may have headers of its own. */
function unsubscribingIn(said: Said, template: string | null): Unsubscribing | null {
  const by = unsubscribingBy(said);
  return by === 'none' && template !== null ? null : by;
}

function recipientsOf(form: readonly FormEntry[], names: readonly string[]): string[] {
  if (textsIn(form, 'to').join('').trim() === '') throw refused('to parameter is missing');
  const long = names.find((name) => isTooLong(textsIn(form, name)));
  if (long) throw refused(`'${long}' parameter is longer than ${MAX_RECIPIENTS} recipients take`);
  const read = names.map((name) => ({ name, ...recipientsIn(textsIn(form, name)) }));
  const wrong = read.find(({ misfits }) => misfits.length > 0);
  if (wrong) throw notAnAddress(wrong.name);
  const { addresses } = recipientsIn(read.flatMap((one) => one.addresses));
  if (addresses.length === 0) throw notAnAddress('to');
  if (addresses.length > MAX_RECIPIENTS) throw refused(`a message can have ${MAX_RECIPIENTS} recipients at most`);
  return addresses;
}

const notAnAddress = (name: string): AppError =>
  refused(`${name} parameter is not a valid address. please check documentation`);

/** Characters: nobody has so many authors. */
const MAX_FROM = 10_000;

/** Mailgun takes a ready message from whom its header names. A template may name its own sender. */
function fromOf(form: readonly FormEntry[], message: Buffer | null): string {
  const given = textsIn(form, 'from').join(', ');
  if (given.length > MAX_FROM) throw refused("'from' parameter is too long");
  const from = (message && senderOf(message)) ?? given;
  if (from === '' && message) throw refused('the message has no sender');
  // A template may fill it in, and Mailgun takes more addresses than we would make.
  if (textIn(form, 'template') === null && !/[^\s<>@]@[^\s<>@]/.test(from)) throw notAnAddress('from');
  return from || '(given by the template)';
}

type Said = (name: string) => string | null;

/** By an option of the form, by a header that goes along, or by a field of a ready message; the name in lower case. */
function valuesIn(form: readonly FormEntry[], message: Buffer | null): Said {
  const named = new Map<string, string>();
  for (const [name, value] of form)
    if (typeof value === 'string' && !named.has(asciiLower(name))) named.set(asciiLower(name), value);
  return (name) => named.get(name) ?? named.get(`h:${name}`) ?? (message && fieldIn(message, name));
}

const VARIABLES = 'x-mailgun-variables';

/** Our variables, which may stand among others in a header of Mailgun's. */
function variablesIn(said: Said): (name: 'class' | 'key' | 'expires') => string | null {
  const { ours } = partOurs(said(VARIABLES) ?? '{}');
  return (name) => {
    const among = ours[`homing-${name}`];
    const text = said(`v:homing-${name}`) ?? (among === undefined ? null : String(among));
    return text === null ? null : unquoted(text);
  };
}

/** Recipients can read variables: ours are taken out. */
function withoutOurs(form: readonly FormEntry[]): FormEntry[] {
  return form.flatMap(([name, value]): FormEntry[] => {
    if (name.startsWith('v:homing-')) return [];
    if (asciiLower(name) !== `h:${VARIABLES}` || typeof value !== 'string') return [[name, value]];
    return [[name, partOurs(value).text]];
  });
}

function givenId(form: readonly FormEntry[]): string | null {
  const text = form.find(([name]) => asciiLower(name) === 'h:message-id')?.[1];
  if (typeof text !== 'string') return null;
  const id = readMessageId(text);
  if (id === null) throw refused("'h:Message-Id' is not a Message-Id");
  return id;
}

function givenKey(text: string | null): string | null {
  const key = text === null ? null : readKey(text);
  if (text !== null && key === null) throw refused(`'v:homing-key' must have 1 to ${MAX_KEY} characters`);
  return key;
}

function givenExpiry(text: string | null, leavesAt: Ms, now: Ms): Ms | null {
  if (text === null) return null;
  const at = expiryIn(text, now);
  if (at === null)
    throw refused("'v:homing-expires' must be a time such as 2026-11-25T09:00:00Z, or a length such as 10m");
  if (at <= leavesAt) throw refused("'v:homing-expires' is over before the message may leave");
  return at;
}
