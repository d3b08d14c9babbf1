// The packages of the other queues. Nobody but this bench needs them, so they are no dependencies: npm installs them into a
// folder of their own, once.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MINUTE } from '../../src/core/time.ts';

const run = promisify(execFile);

/** Away with the next `npm ci`. */
const CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'bench-peers');

/** Exact versions, the one that is wanted first. */
type Packages = Readonly<Record<string, string>>;

/** What one of these packages exports; throws when it cannot be had. */
export async function installed<T>(packages: Packages, progress: (line: string) => void): Promise<T> {
  const [wanted = ''] = Object.keys(packages);
  const name = Object.entries(packages)
    .map(([one, version]) => `${one}@${version}`)
    .join('+');
  const folder = join(CACHE, name);
  if (!existsSync(folder)) {
    progress(`npm installs ${name.replaceAll('+', ', ')} into node_modules/.cache/bench-peers, once`);
    await install(packages, folder);
  }
  return createRequire(join(folder, 'package.json'))(wanted) as T;
}

/** Under another name until it is whole. */
async function install(dependencies: Packages, folder: string): Promise<void> {
  const half = `${folder}.half`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true });
  writeFileSync(join(half, 'package.json'), JSON.stringify({ private: true, dependencies }));
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  try {
    await run('npm', args, { cwd: half, timeout: 3 * MINUTE });
  } catch (error) {
    rmSync(half, { recursive: true, force: true });
    throw new Error(`npm could not install it: ${firstWords(error)}`);
  }
  renameSync(half, folder);
}

/** What npm says first is the code, and then what is the matter. */
function firstWords(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string };
  const said = (stderr ?? '').split('\n').filter((line) => line.startsWith('npm error'));
  return said.length > 0 ? said.slice(0, 2).join('; ') : message;
}
