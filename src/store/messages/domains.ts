import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { transact } from '../db/transact.ts';

/** What we have learnt of a Mailgun domain; shared by all processes. */
export type Domain = {
  domain: string;
  /** `auto`: hand the wait of a re-post to Mailgun; `local`: Mailgun was seen to ignore it. */
  schedule: 'auto' | 'local';
  schedule_why: string | null;
  schedule_at: Ms | null;
  /** How long Mailgun keeps a stored message; null when it does not say. */
  retention: Ms | null;
  retention_at: Ms | null;
};

export async function domains(store: Store, names: readonly string[]): Promise<Map<string, Domain>> {
  const rows: Domain[] = await store.db('domains').whereIn('domain', [...new Set(names)]);
  return new Map(rows.map((r) => [r.domain, r]));
}

/** All domains that deliveries were made for. */
export async function knownDomains(store: Store): Promise<string[]> {
  const rows: { domain: string }[] = await store.db('domains').select('domain').orderBy('domain').limit(1000);
  return rows.map((r) => r.domain);
}

export async function rememberDomains(store: Store, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const rows = [...new Set(names)].sort().map((domain) => ({ domain, schedule: 'auto' }));
  await transact(store, (tx) => insertNew(tx, 'domains', rows, 'domain'));
}

export async function setRetention(store: Store, domain: string, retention: Ms | null, now: Ms): Promise<void> {
  await transact(store, (tx) => tx('domains').where({ domain }).update({ retention, retention_at: now }));
}

/** Returns whether this call made the change: of several processes that see the same evidence, one does. */
export async function switchToLocal(store: Store, domain: string, why: string, now: Ms): Promise<boolean> {
  const change = { schedule: 'local', schedule_why: why, schedule_at: now };
  const changed = await transact(store, (tx) => tx('domains').where({ domain, schedule: 'auto' }).update(change));
  return changed === 1;
}

/** When the retention of a domain was last asked; 0 when never. */
export async function retentionAge(store: Store, domain: string): Promise<Ms> {
  const row: { retention_at: Ms | null } | undefined = await store
    .db('domains')
    .where({ domain })
    .first('retention_at');
  return row?.retention_at ?? 0;
}
