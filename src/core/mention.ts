// Finds an address in texts, in whatever way it is written there.
import { domainToUnicode } from 'node:url';
import { addressKey, canonicalAddress } from './address.ts';

/** As it was given, and with its domain in ASCII and in letters: both may have come in. */
function spellingsOf(address: string): string[] {
  const given = address.trim();
  const key = addressKey(canonicalAddress(given) ?? given);
  const at = key.lastIndexOf('@');
  return [...new Set([given, key, `${key.slice(0, at)}@${domainToUnicode(key.slice(at + 1))}`])];
}

/** What stands where an address was. */
const NOBODY = '(erased)';

/** Finds it where it stands by itself, and is not the end or the beginning of another one. */
function patternOf(address: string): RegExp {
  const plain = spellingsOf(address).map((one) => one.normalize('NFC').replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`(?<![^\\s<>"'(\\[,;:=/])(?:${plain.join('|')})(?![\\w-]|\\.\\w)`, 'giu');
}

export const withoutAddress = (text: string, address: string): string =>
  text.normalize('NFC').replace(patternOf(address), NOBODY);

/** Whether it stands in a text. */
export const isNamedIn = (text: string, address: string): boolean =>
  text.normalize('NFC').search(patternOf(address)) >= 0;

/** The same for texts in which the address is searched by a pattern of SQL: it finds each of them, and others as well. */
export const likePatternsOf = (address: string): string[] =>
  spellingsOf(address).map(
    (one) =>
      `%${one
        .normalize('NFC')
        .toLowerCase()
        .replace(/[^a-z0-9@.+-]+/g, '%')}%`,
  );

/** Whether the body of a request is about it, as JSON or as a form. */
export function mentions(body: string, contentType: string | null, address: string): boolean {
  const pattern = patternOf(address);
  return readingsOf(body, contentType).some((text) => text.search(pattern) >= 0);
}

/** No address has a longer part before its `@`; without an end the search would take long where there is none. */
const ADDRESS = /[^\s<>"()[\],;:=/\\]{1,64}@[\p{L}\p{N}.-]*[\p{L}\p{N}]/gu;

/** All that look like addresses in such a body. */
export function addressesNamed(body: string, contentType: string | null): string[] {
  const named = readingsOf(body, contentType).flatMap((text) => text.match(ADDRESS) ?? []);
  return [...new Set(named.map((address) => address.replace(/^'+/, '')))];
}

function readingsOf(body: string, contentType: string | null): string[] {
  const isForm = contentType?.startsWith('application/x-www-form-urlencoded') ?? false;
  const texts = [body, withoutEscapes(body), withoutPercents(isForm ? body.replaceAll('+', ' ') : body)];
  return texts.map((text) => text.normalize('NFC'));
}

/** JSON may write any sign as `\u0040`, and a line end before an address as `\n`. */
const withoutEscapes = (text: string): string =>
  text.replace(/\\(?:u([0-9a-f]{4})|([bfnrt])|(.))/gi, (_, code: string | undefined, blank, sign) =>
    code === undefined ? (blank ? ' ' : sign) : String.fromCharCode(Number.parseInt(code, 16)),
  );

const withoutPercents = (text: string): string =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (signs) => {
    try {
      return decodeURIComponent(signs);
    } catch {
      return signs;
    }
  });
