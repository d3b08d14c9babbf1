import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { within } from '../base/wait.ts';
import { type Config, textsOf } from '../config/config.ts';
import { environmentWith } from '../config/env.ts';
import { safeLine } from '../core/safe-text.ts';
import { MINUTE } from '../core/time.ts';
import type { Finding } from '../dashboard/desk/desk.ts';

/** The doctor waits for servers by itself, and is given up when it does not come to an end. */
const PATIENCE = 2 * MINUTE;
const MOST_TEXT = 1024 * 1024;

const FINDINGS = z.object({
  findings: z
    .array(
      z.object({
        check: z.string(),
        status: z.enum(['ok', 'warning', 'problem']),
        says: z.string(),
        mend: z.string().nullable(),
      }),
    )
    .max(1000),
});

/**
 * Has the doctor look at everything, in a process of its own: it opens the database anew, asks servers, and must not keep
 * webhooks waiting. Rejects when it comes to no end, with what it said.
 */
export async function examine(config: Config, patience = PATIENCE): Promise<Finding[]> {
  const [program, ...args] = commandLine();
  const child = spawn(program, [...args, 'doctor', '--json'], {
    env: environmentWith(textsOf(config)) as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { out: '', err: '' };
  const keep = (name: 'out' | 'err') => (part: Buffer) => {
    if (texts[name].length < MOST_TEXT) texts[name] += part.toString();
  };
  child.stdout.on('data', keep('out'));
  child.stderr.on('data', keep('err'));
  const ended = new Promise<'ended'>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve('ended'));
  });
  try {
    if ((await within(ended, patience, null)) === null) throw new Error('it came to no end in time');
    return FINDINGS.parse(jsonIn(texts.out)).findings;
  } catch (error) {
    if (texts.err.trim() !== '') throw new Error(safeLine(texts.err.trim(), 500), { cause: error });
    throw error;
  } finally {
    child.kill('SIGKILL');
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error('it said nothing that can be read');
  }
}

/** How this program is called; the sources run as they are with their loader. */
function commandLine(): [string, ...string[]] {
  const isSource = import.meta.url.endsWith('.ts');
  const file = fileURLToPath(new URL(`../cli.${isSource ? 'ts' : 'js'}`, import.meta.url));
  return [process.execPath, ...(isSource ? ['--import', import.meta.resolve('tsx')] : []), file];
}
