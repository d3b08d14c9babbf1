import { asciiLower } from '../core/address.ts';
import { type FormEntry, textIn, textsIn } from './form.ts';
import { recipientsIn } from './recipients.ts';

/** Headers that whoever composes the mail writes himself: clients that copy the header of a whole mail send them along. */
const OF_THE_COMPOSER =
  /^h:(?:content-.*|mime-version|date|from|to|cc|subject|return-path|received|dkim-signature|x-mailgun-sid)$/i;

/**
 * A form without the headers that its composer writes, as Mailgun ignores them; and with variables of recipients in the
 * parameter that they belong to. A blind copy in the header is left out where all that it names are recipients anyway.
 */
export function withoutComposersHeaders(form: readonly FormEntry[]): FormEntry[] {
  const dropsCopies = namesNobodyElse(form);
  const hasVariables = textIn(form, 'recipient-variables') !== null;
  return form.flatMap(([name, value]): FormEntry[] => {
    if (OF_THE_COMPOSER.test(name) || (dropsCopies && isNamed(name, 'h:bcc'))) return [];
    if (!isNamed(name, 'h:x-mailgun-recipient-variables')) return [[name, value]];
    return hasVariables ? [] : [['recipient-variables', value]];
  });
}

const isNamed = (name: string, other: string): boolean => asciiLower(name) === other;

function namesNobodyElse(form: readonly FormEntry[]): boolean {
  const copies = form.flatMap(([name, value]) => (isNamed(name, 'h:bcc') && typeof value === 'string' ? [value] : []));
  if (copies.length === 0) return false;
  const lists = ['to', 'cc', 'bcc'].flatMap((field) => textsIn(form, field));
  const { addresses, misfits } = recipientsIn(copies);
  const among = (texts: readonly string[]) => recipientsIn(texts).addresses.length;
  return misfits.length === 0 && among([...lists, ...addresses]) === among(lists);
}
