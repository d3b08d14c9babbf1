import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Why no certificates can be made here, or null. Where CI is set nothing may be skipped. */
export function withoutOpenssl(): string | null {
  if (process.env['CI']) return null;
  return spawnSync('openssl', ['version']).error === undefined ? null : 'openssl is not installed';
}

/** The files of a new authority and of a server that it knows as `localhost`. */
export function makeCertificates(t: TestContext): { ca: string; cert: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), 'homing-tls-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const fresh = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...fresh, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test authority');
  openssl('req', ...fresh.slice(0, 3), '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost');
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
  openssl('x509', '-req', '-in', 'server.csr', ...signed, '-out', 'server.pem');
  return { ca: file('ca.pem'), cert: file('server.pem'), key: file('server.key') };
}
