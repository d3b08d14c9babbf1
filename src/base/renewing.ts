import type { Ms } from '../core/time.ts';
import { sleep } from './wait.ts';

export type Renewal = {
  /** How long the claim holds from each renewal on. */
  lease: Ms;
  /** Makes the claim hold for a lease from now; false when somebody else has it. */
  renew(): Promise<boolean>;
};

/**
 * Does something that others must not do meanwhile, and renews the claim on it for as long as it takes. The signal is
 * aborted when the claim is lost. A renewal that fails is tried again: it says nothing about who has the claim.
 */
export async function renewing<T>(renewal: Renewal, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
  const done = new AbortController();
  const lost = new AbortController();
  const renewals = renewUntil(done.signal, renewal, () => lost.abort());
  try {
    return await work(lost.signal);
  } finally {
    done.abort();
    await renewals;
  }
}

async function renewUntil(done: AbortSignal, { lease, renew }: Renewal, onLost: () => void): Promise<void> {
  for (;;) {
    // Two renewals may fail before the lease ends.
    await sleep(lease / 3, done);
    if (done.aborted) return;
    if (await renew().catch(() => true)) continue;
    return onLost();
  }
}
