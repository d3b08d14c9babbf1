import { safeJson } from '../../core/safe-text.ts';
import { SECOND } from '../../core/time.ts';

const PATIENCE = 10 * SECOND;

/** Posts JSON to a URL of the configuration. Rejects unless it was taken; a redirect is not followed. */
export async function postJson(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: safeJson(body),
    redirect: 'error',
    signal: AbortSignal.timeout(PATIENCE),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`it answered ${response.status}`);
}
