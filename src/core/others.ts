// Takes everybody but one person out of a text.
import { addressKey } from './address.ts';

/** What stands where the address of somebody else was. */
const SOMEBODY = '(somebody else)';

/** Signs between which an address stands, in texts, in JSON and in URLs. */
const SIGN = '[^\\s<>"(),;:[\\]{}\\\\/|&?@]';
const LABEL = '[\\p{L}\\p{M}\\p{N}_-]+';
/** Also in the forms in which one address is wrapped in another, or in a URL: bob=40example.com, bob%40example.com. */
const AT = '(?:@|%40|=40)';
/**
 * It is begun at the first sign of a word alone, so that the time it takes grows with the text and no faster. A local part
 * may be quoted.
 */
const ADDRESS = new RegExp(
  `(?:"[^"\\n]{1,64}"|(?<!${SIGN})(?:(?!=40|%40)${SIGN})+)${AT}${LABEL}(?:\\.${LABEL})*`,
  'giu',
);

/** The text with the address of this person as it stands there, and those of all others left out. */
export function withoutOthers(text: string, address: string): string {
  const key = addressKey(address);
  return text.normalize('NFC').replace(ADDRESS, (found) => (isOf(found, key) ? found : SOMEBODY));
}

function isOf(found: string, key: string): boolean {
  const plain = decoded(found.replace(/=40(?=[^@]*$)/, '@').replace(/%40/i, '@'));
  // In a URL or a form its name stands before it.
  return addressKey(plain) === key || addressKey(plain.slice(plain.lastIndexOf('=') + 1)) === key;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What is an id of a message looks like an address, and is nobody's. */
const ID = /^(?:(?:x-)?message[-_]?id|in-reply-to|references)$/i;

/** The same for a value as it was read from JSON, with its keys. Ids of messages stay. */
export function valueWithoutOthers(value: unknown, address: string, name = ''): unknown {
  if (typeof value === 'string') return ID.test(name) ? value : withoutOthers(value, address);
  if (Array.isArray(value)) return value.map((one) => valueWithoutOthers(one, address, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [withoutOthers(key, address), valueWithoutOthers(one, address, key)]),
  );
}

/** The same for what came in, as JSON or as a form. In any other kind of text no id is told from an address. */
export function bodyWithoutOthers(body: string, contentType: string | null, address: string): unknown {
  if (contentType?.startsWith('application/x-www-form-urlencoded'))
    return [...new URLSearchParams(body)].map(([name, value]) => [
      withoutOthers(name, address),
      ID.test(name) ? value : nested(value, address),
    ]);
  return nested(body, address);
}

function nested(text: string, address: string): unknown {
  if (!/^\s*[[{]/.test(text)) return withoutOthers(text, address);
  try {
    return valueWithoutOthers(JSON.parse(text), address);
  } catch {
    return withoutOthers(text, address);
  }
}
