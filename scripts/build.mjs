// npm run build: the command line, the library and the client for applications, unless they are what the sources are now.
// It runs after an installation too; one without the compiler, or without the sources, has nothing to build.
import { execSync } from 'node:child_process';
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { fingerprint, isBuilt } from './built.mjs';

const canBuild = existsSync('src') && existsSync('node_modules/typescript');

if (canBuild && !isBuilt()) {
  // What changes while it is built is not in it.
  const made = fingerprint();
  // First of all, so that nobody runs half a build.
  rmSync('dist/.built', { force: true });
  for (const folder of ['dist', 'packages/client/dist']) rmSync(folder, { recursive: true, force: true });
  for (const step of ['tsc -p tsconfig.build.json', 'node --import tsx scripts/build-library.ts'])
    execSync(step, { stdio: 'inherit' });
  // What is no TypeScript.
  for (const folder of ['views', 'assets'])
    cpSync(`src/dashboard/desk/${folder}`, `dist/src/dashboard/desk/${folder}`, { recursive: true });
  writeFileSync('dist/.built', made);
}
