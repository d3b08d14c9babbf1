import { asciiLower } from '../core/address.ts';
import { type FormEntry, textsIn } from './form.ts';
import { recipientsIn } from './recipients.ts';

/** Headers that whoever composes the mail writes himself: clients that copy the header of a whole mail send them along. */
const OF_THE_COMPOSER =
  /^h:(?:content-.*|mime-version|date|from|to|cc|subject|return-path|received|dkim-signature|x-mailgun-sid)$/i;

/**
 * A form without the headers that its composer writes, as Mailgun ignores them; and with variables of recipients in the
 * parameter that they belong to, which is none when it is blank. A blind copy in the header is left out where all that it names
 * are recipients anyway.
 */
export function withoutComposersHeaders(form: readonly FormEntry[]): FormEntry[] {
  const dropsCopies = namesNobodyElse(form);
  const hasVariables = textsIn(form, VARIABLES).some((text) => !isBlank(text));
  return form.flatMap(([name, value]): FormEntry[] => {
    if (OF_THE_COMPOSER.test(name) || (dropsCopies && isNamed(name, 'h:bcc'))) return [];
    const isHeader = isNamed(name, `h:x-mailgun-${VARIABLES}`);
    if ((isHeader && hasVariables) || ((isHeader || name === VARIABLES) && isBlank(value))) return [];
    return [[isHeader ? VARIABLES : name, value]];
  });
}

const VARIABLES = 'recipient-variables';

const isBlank = (value: FormEntry[1]): boolean => typeof value === 'string' && value.trim() === '';

const isNamed = (name: string, other: string): boolean => asciiLower(name) === other;

function namesNobodyElse(form: readonly FormEntry[]): boolean {
  const copies = form.flatMap(([name, value]) => (isNamed(name, 'h:bcc') && typeof value === 'string' ? [value] : []));
  if (copies.length === 0) return false;
  const lists = ['to', 'cc', 'bcc'].flatMap((field) => textsIn(form, field));
  const { addresses, misfits } = recipientsIn(copies);
  const among = (texts: readonly string[]) => recipientsIn(texts).addresses.length;
  return misfits.length === 0 && among([...lists, ...addresses]) === among(lists);
}
