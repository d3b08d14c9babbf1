import { existsSync, readdirSync, statSync } from 'node:fs';

const at = (path) => new URL(`../${path}`, import.meta.url);
const changedAt = (path) => statSync(at(path)).mtimeMs;

/** Written when a build is whole. */
const STAMP = 'dist/.built';

const MAKERS = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.mjs',
  'scripts/build-library.ts',
];

/** Whether `dist` holds what the sources are now. */
export function isBuilt() {
  if (!existsSync(at(STAMP))) return false;
  const files = ['src', 'migrations'].flatMap((folder) =>
    readdirSync(at(folder), { recursive: true }).map((file) => `${folder}/${file}`),
  );
  return [...files, ...MAKERS].every((file) => changedAt(file) <= changedAt(STAMP));
}
