import { createPublicKey } from 'node:crypto';

/** What the record of a DKIM key says: RFC 6376, 3.6.1, and RFC 8463. */
export type DkimKey =
  | { kind: 'key'; type: 'rsa'; bits: number; key: string }
  | { kind: 'key'; type: 'ed25519'; bits: null; key: string }
  /** `p=` is empty: mail that is signed with it is refused. */
  | { kind: 'revoked' }
  | { kind: 'broken'; why: string };

/** Null for a text that is no record of a key at all. */
export function readDkim(text: string): DkimKey | null {
  const tags = tagsOf(text);
  const key = tags.get('p')?.replace(/\s+/g, '');
  if (key === undefined || (tags.has('v') && tags.get('v') !== 'DKIM1')) return null;
  if (key === '') return { kind: 'revoked' };
  const type = tags.get('k') ?? 'rsa';
  if (type === 'ed25519') return { kind: 'key', type, bits: null, key };
  if (type !== 'rsa') return { kind: 'broken', why: `keys of the kind ${type} are not known` };
  const bits = bitsOf(key);
  return bits === null ? { kind: 'broken', why: 'its key can not be read' } : { kind: 'key', type: 'rsa', bits, key };
}

/** Most keys say what they are; some are the bare number and exponent. */
function bitsOf(key: string): number | null {
  const der = Buffer.from(key, 'base64');
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      return createPublicKey({ key: der, format: 'der', type }).asymmetricKeyDetails?.modulusLength ?? null;
    } catch {
      // The other form, or none.
    }
  }
  return null;
}

/** Tags and values as DKIM and DMARC write them: the first of each name counts. */
export function tagsOf(text: string): Map<string, string> {
  const tags = new Map<string, string>();
  for (const part of text.split(';')) {
    const at = part.indexOf('=');
    const name = part.slice(0, at).trim().toLowerCase();
    if (at > 0 && !tags.has(name)) tags.set(name, part.slice(at + 1).trim());
  }
  return tags;
}
