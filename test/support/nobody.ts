import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Env } from '../../src/config/env.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const NOBODY = 65_534;

/** Runs the program as a user to whom the rights of files apply: root may do everything. */
export async function homingAsNobody(args: string[], env: Env): Promise<{ code: number; out: string; err: string }> {
  const who = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--import', import.meta.resolve('tsx'), CLI, ...args],
    {
      cwd: '/',
      env: { PATH: process.env['PATH'], TSX_DISABLE_CACHE: '1', ...env },
      ...who,
    },
  );
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (part: Buffer) => out.push(part));
  child.stderr.on('data', (part: Buffer) => err.push(part));
  const [code] = await once(child, 'close');
  return { code: Number(code), out: String(Buffer.concat(out)), err: String(Buffer.concat(err)) };
}
