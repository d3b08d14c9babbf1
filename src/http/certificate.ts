import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** Files in PEM form: the certificate with those of its authorities after it, and its private key. */
export type Certificate = { cert: string; key: string };

export type Pems = { cert: Buffer; key: Buffer };

/** What the files hold. Throws when one can't be read, or when they do not belong together. */
export function readCertificate(files: Certificate): Pems {
  const pems = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  createSecureContext(pems);
  return pems;
}

/** Why a daemon can't serve HTTPS with these files; null when it can. */
export function certificateProblem(files: Certificate): string | null {
  try {
    readCertificate(files);
    return null;
  } catch (error) {
    const { code, path, reason } = error as { code?: string; path?: string; reason?: string };
    if (path !== undefined) return `${path === files.key ? 'TLS_KEY' : 'TLS_CERT'} can't be read: ${code}`;
    return `TLS_CERT and TLS_KEY are no certificate with its private key, both as PEM: ${reason ?? code}`;
  }
}

/** Changes when one of the files was written anew, as the renewal of a certificate does; null while one is missing. */
export function changeOf({ cert, key }: Certificate): string | null {
  const times = [cert, key].map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs);
  return times.includes(undefined) ? null : times.join(' ');
}
