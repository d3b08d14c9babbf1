import { z } from 'zod';
import { callOurselves } from '../base/own-process.ts';
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
  const signal = AbortSignal.timeout(patience);
  const env = environmentWith(textsOf(config));
  const { out, err } = await callOurselves(['doctor', '--json'], { env, signal, by: 'SIGKILL', most: MOST_TEXT });
  try {
    if (signal.aborted) throw new Error('it came to no end in time');
    return FINDINGS.parse(jsonIn(out)).findings;
  } catch (error) {
    if (err.trim() !== '') throw new Error(safeLine(err.trim(), 500), { cause: error });
    throw error;
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error('it said nothing that can be read');
  }
}
