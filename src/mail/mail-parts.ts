import { addressKey } from '../core/address.ts';
import { type Mailbox, mailboxesIn } from './mailboxes.ts';
import { headerText } from './mime-text.ts';
import { firstOf, type Leaf, leafText, type WrittenField } from './read-mime.ts';
import { isTooLong } from './recipients.ts';

export type Certain = Mailbox & { address: string };

/** Who is named in the first field of that name, each once, with names as they are shown. */
export function mailboxesOf(fields: readonly WrittenField[], name: string): Certain[] {
  const list = firstOf(fields, name) ?? '';
  const named = new Map<string, Certain>();
  for (const { name: shown, address } of isTooLong([list]) ? [] : mailboxesIn(list))
    if (address !== null && !named.has(addressKey(address)))
      named.set(addressKey(address), { name: headerText(shown), address });
  return [...named.values()];
}

/** The recipient with the name that the mail gives it. */
export function recipientOf(fields: readonly WrittenField[], recipient: string): Certain {
  const named = ['to', 'cc'].flatMap((field) => mailboxesOf(fields, field));
  const own = named.find(({ address }) => addressKey(address) === addressKey(recipient));
  return { name: own?.name ?? '', address: recipient };
}

/** Whether it is shown as text of this type, and not a file. */
export const isTextOf = (type: string, leaf: Leaf): boolean =>
  leaf.type === type && leaf.disposition !== 'attachment' && !leaf.filename && leaf.content.length > 0;

/**
 * Texts in several pieces are one, as they are shown: between them some mail programs put pictures, and list servers add a
 * footer.
 */
export const shownText = (type: string, leaves: readonly Leaf[]): string =>
  leaves
    .filter((leaf) => isTextOf(type, leaf))
    .map(leafText)
    .join('\n');

/** What the HTML shows is inline under its id, however it was marked. */
export const isInline = ({ contentId, disposition }: Leaf, html: string): boolean =>
  contentId !== null && (disposition === 'inline' || html.includes(`cid:${contentId}`));
