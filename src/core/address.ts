import { domainToASCII } from 'node:url';

const MAX_ADDRESS = 254; // RFC 5321, 4.5.3.1.3: a path is 256 octets with its angle brackets
const MAX_LOCAL_PART = 64;
const MAX_DOMAIN = 253;

const DOT_ATOM = /^[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
/** No spaces, no angle brackets and no escapes: each has been used to make a server read another recipient. */
const QUOTED = /^"[!#-;=?-[\]-~]*"$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Letters, marks and digits of any script. IDNA would drop zero-width characters silently, so they stop here. */
const DOMAIN_TEXT = /^[\p{L}\p{M}\p{N}.-]+$/u;
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S}]/gu;

/**
 * The one form in which an address is compared, suppressed and sent: the local part as it is, the domain in lower case
 * and in ASCII (IDNA). Null for anything that is not a plain addr-spec: no display name, comment, address literal,
 * control character or local part beyond ASCII.
 */
export function canonicalAddress(text: string): string | null {
  if (text.length > MAX_ADDRESS) return null;
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(at, 0));
  if (!isLocalPart(local)) return null;
  const domain = asciiDomain(text.slice(at + 1));
  if (domain === null) return null;
  const address = `${local}@${domain}`;
  return address.length <= MAX_ADDRESS ? address : null;
}

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

function isLocalPart(local: string): boolean {
  return local.length <= MAX_LOCAL_PART && (DOT_ATOM.test(local) || QUOTED.test(local));
}

function asciiDomain(domain: string): string | null {
  if (!DOMAIN_TEXT.test(domain)) return null;
  // Node's converter reads hosts, not names ("0x7f.1" becomes 127.0.0.1): only names beyond ASCII go through it.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  const ascii = /^[\x00-\x7f]*$/.test(domain) ? asciiLower(domain) : domainToASCII(domain);
  const isName = ascii.length <= MAX_DOMAIN && ascii.split('.').every((label) => LABEL.test(label));
  return isName ? ascii : null;
}
