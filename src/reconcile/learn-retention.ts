import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type Clock, DAY, HOUR, MINUTE, type Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { retentionDue, retentionUnanswered, setRetention } from '../store/messages/domains.ts';

export type RetentionDeps = {
  store: Store;
  /** How long the provider keeps a domain's messages; null when it does not say. Rejects when it can't be asked. */
  retention(domain: string): Promise<Ms | null>;
  now: Clock;
  log: Log;
};

/**
 * Learns once a day how long the provider keeps stored messages. The retry plan depends on it, so what is known stays
 * in use while the provider can not be asked. The first domain that can not be asked ends the round, because each
 * failure may take as long as the time-out; the others are asked first in the next round.
 */
export async function learnRetention(deps: RetentionDeps): Promise<void> {
  const { store, now } = deps;
  for (const due of await retentionDue(store, now(), 100)) {
    const { domain } = due;
    try {
      const retention = await deps.retention(domain);
      await setRetention(store, domain, { retention, now: now(), askAgainAt: now() + DAY });
    } catch (error) {
      deps.log.warn({ domain, problem: wordsOf(error) }, 'the retention of the domain could not be asked');
      return retentionUnanswered(store, due, now() + askAgainAfter(due.tries));
    }
  }
}

/** A retention that could not be asked is asked again after a minute, then later each time, at the latest after an hour. */
const askAgainAfter = (tries: number): Ms => Math.min(MINUTE * 2 ** Math.min(tries, 10), HOUR);
