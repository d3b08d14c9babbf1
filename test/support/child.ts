import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a script of this folder as a process of its own and returns what it printed as JSON. Rejects when it fails. */
export async function child(script: string, ...args: string[]): Promise<unknown> {
  const file = join(import.meta.dirname, script);
  const flags = ['--disable-warning=ExperimentalWarning', '--import', 'tsx'];
  const { stdout } = await run(process.execPath, [...flags, file, ...args], { timeout: 60_000 });
  return JSON.parse(stdout);
}
