import type { LookDeps } from '../../src/care/look-at-blocklists.ts';
import type { Ms } from '../../src/core/time.ts';
import type { Store } from '../../src/store/db/open.ts';
import { MORNING } from '../support/clock.ts';
import { logInto } from '../support/homing.ts';

/** Reports as they are kept: which address a mail left from, and what a server said to it. */
export async function reported(
  store: Store,
  reports: readonly { at: Ms; ip?: string; reply?: string }[],
): Promise<void> {
  const rows = reports.map(({ at, ip, reply }, n) => ({
    ...{ delivery_id: `D${String(at).slice(-9)}${n}`, fact_key: 'reported:x', kind: 'reported', at, recorded_at: at },
    body: JSON.stringify({
      ...{ key: 'reported:x', at, kind: 'reported', provider: 'mailgun', sendingIp: ip ?? null },
      ...(reply === undefined
        ? { report: 'delivered', bounce: null }
        : { report: 'failed', bounce: { code: 550, message: reply } }),
    }),
  }));
  if (rows.length > 0) await store.db('facts').insert(rows);
}

type Config = LookDeps['config'];

/** What a look is made with, against a DNS server of the tests. */
export const depsOf = (store: Store, server: string, more: Partial<Config> = {}, now: Ms = MORNING) => ({
  ...{ store, reputation: undefined, now: () => now, log: logInto([]), timeout: 800 },
  config: { DNS_SERVERS: [server], DNSBL_ZONES: [], DNSBL_DQS_KEY: undefined, ...more },
});

export const alertsIn = async (store: Store): Promise<{ kind: string; detail: string }[]> =>
  store.db('alert_items').orderBy('at').orderBy('item_key').select('kind', 'detail');
