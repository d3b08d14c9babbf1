import addressparser from 'nodemailer/lib/addressparser';
import { asciiLower, canonicalAddress } from '../core/address.ts';
import { MAX_RECIPIENTS } from './limits.ts';

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

/**
 * A quarter of a kilobyte for each recipient, and sixteen signs that mean something; nobody's list has more. The limits are needed
 * because the parser makes objects of each sign, and all these texts are read in one go.
 */
const LONGEST_TEXT = 256 * MAX_RECIPIENTS;
const MOST_SIGNS = 16 * MAX_RECIPIENTS;

/**
 * Stops after one address, or one misfit, more than a message can have recipients: then the caller knows that there are
 * too many.
 */
export function recipientsIn(texts: readonly string[]): Recipients {
  const byKey = new Map<string, string>();
  const misfits: Misfit[] = [];
  if (!isReadable(texts)) return { addresses: [], misfits: [{ text: 0, address: 0 }] };
  for (const [text, written] of texts.entries()) {
    for (const [address, canonical] of addressesIn(written).entries()) {
      if (canonical === null) misfits.push({ text, address });
      else if (!byKey.has(asciiLower(canonical))) byKey.set(asciiLower(canonical), canonical);
      if (Math.max(byKey.size, misfits.length) > MAX_RECIPIENTS) return { addresses: [...byKey.values()], misfits };
    }
  }
  return { addresses: [...byKey.values()], misfits };
}

/**
 * Each address of a list in its canonical form, and null in the place of each that is not certain: a guess would drop a
 * recipient, or mail to somebody else. A null at the end stands for addresses that the parser left out.
 */
export function addressesIn(text: string): (string | null)[] {
  if (!isReadable([text])) return [null];
  const found = addressparser(text, { flatten: true });
  const quoted = quotedIn(text);
  const hasBrackets = /[<(]/.test(text);
  const addresses = found.map(({ address, name }) => {
    const canonical = canonicalAddress(address.trim());
    if (canonical === null) return null;
    // Without brackets "a b@example.org" may be a name and an address, or two recipients.
    const isCertain = name === '' || (hasBrackets && isName(name.trim(), canonical, quoted));
    return isCertain ? canonical : null;
  });
  const isComplete =
    signsIn(text) <= found.reduce((sum, { address, name }) => sum + signsIn(address) + signsIn(name), 0);
  return isComplete ? addresses : [...addresses, null];
}

function isReadable(texts: readonly string[]): boolean {
  if (texts.reduce((sum, { length }) => sum + length, 0) > LONGEST_TEXT) return false;
  let signs = 0;
  for (const text of texts) for (const sign of text) if (SIGNS.has(sign)) signs++;
  return signs <= MOST_SIGNS;
}

const SIGNS: ReadonlySet<string> = new Set('",;:@<>()\\');

/** Two addresses without a comma between them look so. A name may have an @ of its own: "Ann @ Shop". */
const LOOKS_LIKE_ADDRESS = /[^\s@]@[^\s@]/;

/** The parser repairs `<a><b>` and the like: it takes one of them, and the rest becomes the name. */
function isName(name: string, address: string, quoted: ReadonlySet<string>): boolean {
  if (!LOOKS_LIKE_ADDRESS.test(name) || quoted.has(name)) return true;
  // Mail clients write the address as the name where there is no name, some of them in apostrophes.
  const same = canonicalAddress(name.replace(/^'(.*)'$/s, '$1'));
  return same !== null && asciiLower(same) === asciiLower(address);
}

/** The texts in quotes, as they read (RFC 5322, 3.2.4), without blanks around them. A quote without an end takes the rest. */
const quotedIn = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/"((?:[^"\\]|\\.)*)(?:"|\\?$)/gs)].map(([, inner = '']) => inner.replace(/\\(.)/gs, '$1').trim()),
  );

/** How many addresses there may be, at most. */
const signsIn = (text: string): number => text.split('@').length - 1;

/** The first address in a field that names authors, whatever else is written there: `Ann via Shop <shop@example.com>`. */
export function authorIn(text: string): string | null {
  for (const { address } of addressparser(text.slice(0, LONGEST_TEXT), { flatten: true })) {
    const author = canonicalAddress(address.trim());
    if (author !== null) return author;
  }
  return null;
}
