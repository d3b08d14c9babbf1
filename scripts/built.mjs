import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => new URL(`../${path}`, import.meta.url);

/** Written when a build is whole: what it was made of. */
const STAMP = 'dist/.built';

const MAKERS = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.mjs',
  'scripts/build-library.ts',
];

const filesIn = (folder) =>
  readdirSync(at(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .sort();

/**
 * What a build is made of, as one hash. Times would not tell it: an update that is unpacked, or copied with its times, may
 * be older than a build of what was there before.
 */
export function fingerprint() {
  const hash = createHash('sha256');
  const root = fileURLToPath(at('.')).length;
  for (const file of [...filesIn('src'), ...filesIn('migrations'), ...MAKERS.map((path) => fileURLToPath(at(path)))]) {
    const content = readFileSync(file);
    hash.update(`${file.slice(root)}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** Whether `dist` holds what the sources are now. Without sources there is nothing else that could be run. */
export function isBuilt() {
  if (!existsSync(at(STAMP))) return false;
  return !existsSync(at('src')) || readFileSync(at(STAMP), 'utf8') === fingerprint();
}
