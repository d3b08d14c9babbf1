import { domainToASCII } from 'node:url';

const MAX_ADDRESS = 254; // RFC 5321, 4.5.3.1.3: a path is 256 octets with its angle brackets
const MAX_LOCAL_PART = 64; // octets as well
const MAX_DOMAIN = 253;

const DOT_ATOM = /^[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
/** Beyond ASCII (RFC 6531): letters, digits, and marks on them. Nothing that is invisible, and no signs. */
const INTERNATIONAL =
  /^(?!\p{M})[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.(?!\p{M})[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
/** No spaces, no angle brackets and no escapes: each has been used to make a server read another recipient. */
const QUOTED = /^"[!#-;=?-[\]-~]*"$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Letters, marks and digits of any script. IDNA would drop zero-width characters silently, so they stop here. */
const DOMAIN_TEXT = /^[\p{L}\p{M}\p{N}.-]+$/u;
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S}]/gu;

/**
 * The one form in which an address is suppressed and sent: the local part as it is (beyond ASCII in NFC, RFC 6532), the
 * domain in lower case and in ASCII (IDNA). Null for anything that is not a plain addr-spec: no display name, comment,
 * address literal, control character or sign beyond ASCII.
 */
export function canonicalAddress(text: string): string | null {
  // In its decomposed form an address has more characters.
  if (text.length > 4 * MAX_ADDRESS) return null;
  const at = text.lastIndexOf('@');
  const local = localPart(text.slice(0, Math.max(at, 0)));
  if (local === null) return null;
  const domain = asciiDomain(text.slice(at + 1));
  if (domain === null) return null;
  const address = `${local}@${domain}`;
  return utf8Length(address) <= MAX_ADDRESS ? address : null;
}

/**
 * The key by which addresses are compared: those that differ only in the case of letters or the spelling of the domain
 * have the same one, as all servers in use treat them.
 */
export function addressKey(text: string): string {
  const address = canonicalAddress(text.trim()) ?? text.trim();
  return isAscii(address) ? asciiLower(address) : address.toLowerCase().normalize('NFC');
}

/** Whether mail can be sent to it only by servers that know addresses beyond ASCII. */
export const isInternational = (address: string): boolean => !isAscii(address);

/** The one form of a domain: in lower case and in ASCII. Null for what no address can end with. */
export function canonicalDomain(text: string): string | null {
  const address = canonicalAddress(`postmaster@${text}`);
  return address === null ? null : domainOf(address);
}

/** Whether mail can be sent to this text as it is; see `canonicalAddress`. */
export function isAddress(text: string): boolean {
  return canonicalAddress(text) !== null;
}

/** Lower case for A to Z alone: `toLowerCase` would make the Kelvin sign a k, and so another domain. */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The domain in lower case; empty when there is none. */
export function domainOf(address: string): string {
  const at = address.lastIndexOf('@');
  return at < 0 ? '' : asciiLower(address.slice(at + 1));
}

/** For logs: `a***@example.com`. Whatever comes in, one short printable line comes out. */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const printable = (text: string) => text.replace(UNPRINTABLE, '?');
  if (at < 0) return '***';
  const [first = ''] = address.slice(0, Math.min(at, 2));
  return `${printable(first)}***@${printable(address.slice(at + 1, at + 1 + MAX_DOMAIN))}`;
}

/** A text in which no address can be read, for logs. */
export const maskAddresses = (text: string): string =>
  text.replace(/[^\s<>"'(),;:]{1,320}@[^\s<>"'(),;:]+/g, (address) => maskAddress(address));

function localPart(text: string): string | null {
  if (isAscii(text)) return text.length <= MAX_LOCAL_PART && (DOT_ATOM.test(text) || QUOTED.test(text)) ? text : null;
  const local = text.normalize('NFC');
  // Other forms of a letter or sign ("ｂ", "．") would be turned into it by some server.
  if (local !== text.normalize('NFKC') || utf8Length(local) > MAX_LOCAL_PART) return null;
  return INTERNATIONAL.test(local) ? local : null;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

const utf8Length = (text: string): number => (isAscii(text) ? text.length : new TextEncoder().encode(text).length);

function asciiDomain(domain: string): string | null {
  if (!DOMAIN_TEXT.test(domain)) return null;
  // Node's converter reads hosts, not names ("0x7f.1" becomes 127.0.0.1): only names beyond ASCII go through it.
  const ascii = isAscii(domain) ? asciiLower(domain) : domainToASCII(domain);
  const isName = ascii.length <= MAX_DOMAIN && ascii.split('.').every((label) => LABEL.test(label));
  return isName ? ascii : null;
}
