import { AppError } from '../base/errors.ts';
import { asciiLower } from '../core/address.ts';
import { readWithin } from '../mail/deliver-within.ts';
import { momentIn } from '../mail/delivery-time.ts';
import { type FormEntry, textIn, textsIn } from '../mail/form.ts';
import { MAX_LISTS } from '../mail/limits.ts';
import { hasControls } from '../mail/line.ts';
import { optionBytes, roomForOptions } from '../mail/send-options.ts';
import { batchVariables } from '../mail/variable.ts';
import { isLine } from './form-lines.ts';

export const refused = (words: string): AppError => new AppError('invalid', words);

/** The text in a form that may stand in an answer. */
export const printable = (text: string): string => text.slice(0, 100).replace(/[^\x21-\x7e]/g, '?');

/** Throws for fields that no message has, and for values that could end a header or be taken for a file. */
export function checkFields(form: readonly FormEntry[]): void {
  for (const [name, value] of form) checkEntry(name, value);
  checkSingles(form);
  checkTimes(form);
  checkVariables(textIn(form, 'recipient-variables'));
}

/** Mail for a time that can't be read would go out at once, and Mailgun would refuse a length that it can't read. */
function checkTimes(form: readonly FormEntry[]): void {
  const isTime = (name: string) => /^(?:o:deliverytime|h:x-mailgun-deliver-by)$/i.test(name);
  const isUnread = (value: FormEntry[1]) =>
    typeof value === 'string' && value.trim() !== '' && momentIn(value) === null;
  if (form.some(([name, value]) => isTime(name) && isUnread(value)))
    throw refused('o:deliverytime parameter is not a valid RFC-2822 date');
  const isLength = (value: FormEntry[1]) => typeof value !== 'string' || readWithin(value) !== null;
  if (form.some(([name, value]) => /^o:deliver-within$/i.test(name) && !isLength(value)))
    throw refused("o:deliver-within parameter is not a length from 5m to 24h, such as '1h30m'");
}

/** Before anything else, so that no long text is looked at sign by sign, or unfolded. */
export function checkLength(form: readonly FormEntry[]): void {
  let size = 0;
  for (const [name, value] of form) if (isLine(name) && typeof value === 'string') size += value.length;
  if (size > 2 * MAX_LISTS) throw refused('addresses and headers are too long');
}

const PLAIN = new Set(
  'from to cc bcc subject text html amp-html attachment inline template recipient-variables message'.split(' '),
);
const FILES = new Set(['attachment', 'inline']);
/** A variable may have any name that fits into one line. */
const OPTION = /^(?:[hot]:[A-Za-z0-9_.-]{1,64}|v:[^\p{Cc}\p{Cs}"\\\u2028\u2029]{1,128})$/u;
/**
 * A form without the texts that Mailgun does not know either, and leaves out. What may be a slip of a name that it knows
 * stays, and is refused: a copy to "CC" would be lost behind a 200, and so would a file.
 */
export const withoutUnknown = (form: readonly FormEntry[]): FormEntry[] =>
  form.filter(([name, value]) => typeof value !== 'string' || isLikeKnown(name));

const isLikeKnown = (name: string): boolean =>
  PLAIN.has(asciiLower(name.replace(/[^A-Za-z-]/g, ''))) || /^\s*[hotv]\s*:/i.test(name);

/** They would reach others than the recipients that are named. */
const FORBIDDEN = /^h:(?:bcc|resent-bcc)$/i;

function checkEntry(name: string, value: FormEntry[1]): void {
  if (!PLAIN.has(name) && !OPTION.test(name)) throw refused(`'${printable(name)}' is not a parameter of a message`);
  if (FORBIDDEN.test(name)) throw refused(`'${printable(name)}' can not be set`);
  if (typeof value !== 'string' && !FILES.has(name) && name !== 'message')
    throw refused(`'${printable(name)}' parameter is a file`);
  if (typeof value !== 'string') return;
  if (FILES.has(name) && value !== '') throw refused(`'${name}' parameter is not a file`);
  if (isLine(name) && hasControls(value)) throw refused(`'${name}' parameter contains control characters`);
}

/** What a message has one of. Of two, Mailgun would take another than we do. */
const SINGLE =
  /^(?:subject|text|html|amp-html|template|recipient-variables|message|t:.*|o:(?:testmode|deliver.*|time-zone-localize)|v:homing-.*|h:(?:message-id|reply-to|sender|x-mailgun-(?!tag$|track).*))$/i;

function checkSingles(form: readonly FormEntry[]): void {
  const values = new Map<string, FormEntry[1]>();
  for (const [name, value] of form) {
    if (!SINGLE.test(name)) continue;
    const key = asciiLower(name);
    if (values.has(key) && (typeof value !== 'string' || values.get(key) !== value))
      throw refused(`'${printable(name)}' parameter is given twice`);
    values.set(key, value);
  }
}

/** Throws for more options than Mailgun takes beside those that it gets from us. */
export function checkOptions(form: readonly FormEntry[], ids: { id: string; messageId: string }): void {
  const room = roomForOptions(ids);
  if (optionBytes(form) > room)
    throw refused(
      `'o:', 'v:', 'h:' and 't:' parameters are limited to 16 KB in all: ${room} bytes beside those that Homing adds`,
    );
}

/** Throws for a message in parts that lacks one, or has one too many. */
export function checkParts(form: readonly FormEntry[]): void {
  if (textsIn(form, 'message').length > 0) throw refused('message parameter is missing or not a file');
  const has = (name: string) => textIn(form, name) !== null;
  if (!textIn(form, 'from') && !has('template')) throw refused('from parameter is missing');
  if (has('html') && has('template')) throw refused("'html' and 'template' parameters can not be used together");
  if (!['text', 'html', 'amp-html', 'template'].some(has))
    throw refused("Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified");
}

function checkVariables(text: string | null): void {
  if (text === null || batchVariables(text)) return;
  throw refused("'recipient-variables' parameter is not a JSON object of objects");
}
