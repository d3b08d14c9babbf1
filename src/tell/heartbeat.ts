import { randomUUID } from 'node:crypto';
import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { maskAddresses } from '../core/address.ts';
import { safeLine } from '../core/safe-text.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import { timeWords } from '../core/words/numbers.ts';
import { call, secretsIn } from './channels/call.ts';

export type HeartbeatDeps = {
  /** Of a check at a dead man's service; null for none. */
  url: string | null;
  now: Clock;
  log: Log;
  /** How long a ping may take. */
  patience?: Ms;
};

const PATIENCE: Ms = 5 * SECOND;

/**
 * Runs it, and tells a dead man's service when it begins and how it ends (healthchecks.io/docs/http_api). That service says
 * so when no end is told for too long. A ping that fails changes nothing about the run, and stands in the log.
 */
export async function withHeartbeat<T>(deps: HeartbeatDeps, run: () => Promise<T>): Promise<T> {
  if (deps.url === null) return run();
  // Of several daemons with one check each begin belongs to its end.
  const id = randomUUID();
  const started = ping(deps, { signal: '/start', id });
  try {
    const result = await run();
    await started;
    await ping(deps, { signal: '', id });
    return result;
  } catch (error) {
    await started;
    const words = maskAddresses(safeLine(wordsOf(error)));
    await ping(deps, { signal: '/fail', id, says: `${timeWords(deps.now())} the reconciler failed: ${words}` });
    throw error;
  }
}

type Ping = { signal: '/start' | '' | '/fail'; id: string; says?: string };

async function ping({ url, log, patience = PATIENCE }: HeartbeatDeps, { signal, id, says = '' }: Ping): Promise<void> {
  try {
    const place = new URL(url ?? '');
    place.pathname = place.pathname.replace(/\/+$/, '') + signal;
    place.searchParams.set('rid', id);
    const headers = { 'content-type': 'text/plain; charset=utf-8' };
    await call({ url: place, headers, body: says, secrets: secretsIn(place.href), patience });
  } catch (error) {
    log.warn({ signal: signal.slice(1) || 'success', problem: wordsOf(error) }, 'the heartbeat could not be told');
  }
}
