import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const require = createRequire(import.meta.url);
const own = (name: string): string => join(import.meta.dirname, 'assets', name);

const FILES: Readonly<Record<string, { path: () => string; type: string }>> = {
  'pico.css': { path: () => require.resolve('@picocss/pico/css/pico.min.css'), type: 'text/css' },
  'homing.css': { path: () => own('homing.css'), type: 'text/css' },
  'live.js': { path: () => own('live.js'), type: 'text/javascript' },
  'idiomorph.js': { path: () => require.resolve('idiomorph/dist/idiomorph.min.js'), type: 'text/javascript' },
};

export type Asset = { body: Buffer; gzip: Buffer; type: string; version: string };

const read = new Map<string, Asset>();

/** A file that pages use, read once; null when there is none of that name. */
export function asset(name: string): Asset | null {
  const file = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  if (!file) return null;
  const known = read.get(name);
  if (known) return known;
  const body = readFileSync(file.path());
  const version = createHash('sha256').update(body).digest('base64url').slice(0, 12);
  const made = { body, gzip: gzipSync(body, { level: 9 }), type: `${file.type}; charset=utf-8`, version };
  read.set(name, made);
  return made;
}

/** Its address, which is another one when its content is: browsers keep it for ever. */
export const assetUrl = (name: string): string => `/assets/${name}?${asset(name)?.version ?? ''}`;
