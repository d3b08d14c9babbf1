// The packages as they would be published: built, packed, and looked at by publint and arethetypeswrong.
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..');

/** Builds both and packs them into this folder; gives the paths of the tarballs. */
export async function packInto(folder: string): Promise<{ homing: string; client: string }> {
  await run('npm', ['run', '--silent', 'build'], { cwd: ROOT });
  for (const one of ['.', './packages/client'])
    await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder, one], { cwd: ROOT });
  const names = await readdir(folder);
  const tarball = (start: RegExp) => join(folder, names.find((name) => start.test(name)) ?? '');
  return { homing: tarball(/^homing-\d/), client: tarball(/^homing-client-\d/) };
}

/** Throws with what a linter has to say. */
export async function lint(tarball: string): Promise<void> {
  for (const command of ['publint --strict', 'attw --no-color --no-emoji']) {
    const [name = '', ...args] = command.split(' ');
    try {
      await run(join(ROOT, 'node_modules', '.bin', name), [...args, tarball], { cwd: ROOT });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${command} ${tarball}\n${stdout}${stderr}`, { cause: error });
    }
  }
}
