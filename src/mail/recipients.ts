import addressparser from 'nodemailer/lib/addressparser';
import { addressKey, canonicalAddress } from '../core/address.ts';
import { MAX_LISTS, MAX_RECIPIENTS } from './limits.ts';
import { mailboxesIn } from './mailboxes.ts';

/**
 * The recipients that texts name. Each text is a list of addresses as mail clients take it: with commas, names,
 * comments and groups.
 */
export type Recipients = {
  /** Canonical, each once whatever the case of its letters, in the order of the texts. */
  addresses: string[];
  /** Where something stands that is no address, and that is therefore not among them. */
  misfits: Misfit[];
};

/** The place of an address: which text, and which of its addresses, both counted from 0. No address is quoted. */
export type Misfit = { text: number; address: number };

/** Sixteen signs that mean something for each recipient; nobody's list has more. */
const MAX_SIGNS = 16 * MAX_RECIPIENTS;

/**
 * Stops after one address, or one misfit, more than a message can have recipients: then the caller knows that there are
 * too many. Texts that are longer together than any list are not read: there the first one is a misfit.
 */
export function recipientsIn(texts: readonly string[]): Recipients {
  if (isTooLong(texts)) return { addresses: [], misfits: [{ text: 0, address: 0 }] };
  const known = new Set<string>();
  const byKey = new Map<string, string>();
  const misfits: Misfit[] = [];
  for (const [text, list] of texts.entries()) {
    let place = 0;
    for (const { address } of mailboxesIn(list)) {
      if (address === null) misfits.push({ text, address: place });
      // In one spelling it is looked at once, however often it is named.
      else if (!known.has(address)) {
        known.add(address);
        if (!byKey.has(addressKey(address))) byKey.set(addressKey(address), address);
      }
      if (Math.max(byKey.size, misfits.length) > MAX_RECIPIENTS) return { addresses: [...byKey.values()], misfits };
      place++;
    }
  }
  return { addresses: [...byKey.values()], misfits };
}

export function isTooLong(texts: readonly string[]): boolean {
  if (texts.reduce((sum, { length }) => sum + length, 0) > MAX_LISTS) return true;
  let signs = 0;
  for (const text of texts) for (const sign of text) if (SIGNS.has(sign)) signs++;
  return signs > MAX_SIGNS;
}

const SIGNS: ReadonlySet<string> = new Set('",;:@<>()\\');

/**
 * Each address of a list in its canonical form, and null in the place of each that is not certain. A list that is longer
 * than any is not read.
 */
export function addressesIn(text: string): (string | null)[] {
  return isTooLong([text]) ? [null] : [...mailboxesIn(text)].map(({ address }) => address);
}

/** The one address that a text is, with or without a name (`Ann <ann@example.com>`); null when it is not one. */
export function soleAddressIn(text: string): string | null {
  const [address = null, ...others] = addressesIn(text.trim());
  return others.length === 0 ? address : null;
}

/** Characters of a field that names authors, at most: nobody's has more. */
const LONGEST_FIELD = 10_000;

/** The first address in a field that names authors, whatever else is written there: `Ann via Shop <shop@example.com>`. */
export function authorIn(text: string): string | null {
  for (const { address } of addressparser(text.slice(0, LONGEST_FIELD), { flatten: true })) {
    const author = canonicalAddress(address.trim());
    if (author !== null) return author;
  }
  return null;
}
