import type { Knex } from 'knex';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { transact, transactOnce } from '../db/transact.ts';

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

export async function rememberDomains(store: Store, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const rows = [...new Set(names)].sort().map((domain) => ({ domain, schedule: 'auto' }));
  await transact(store, (tx) => insertNew(tx, 'domains', rows, 'domain'));
}

export type RetentionDue = {
  domain: string /** How often it could not be asked since it was last known. */;
  tries: number;
};

/** Domains whose retention is to be asked now, those that have waited longest first. */
export async function retentionDue(store: Store, now: Ms, limit: number): Promise<RetentionDue[]> {
  const rows: { domain: string; retention_tries: number }[] = await store
    .db('domains')
    .where((or) => or.whereNull('retention_due_at').orWhere('retention_due_at', '<=', now))
    .orderBy('retention_due_at')
    .select('domain', 'retention_tries')
    .limit(limit);
  return rows.map((r) => ({ domain: r.domain, tries: r.retention_tries }));
}

/** `retention` is null when the provider does not say. */
export async function setRetention(
  store: Store,
  domain: string,
  { retention, now, askAgainAt }: { retention: Ms | null; now: Ms; askAgainAt: Ms },
): Promise<void> {
  const change = { retention, retention_at: now, retention_due_at: askAgainAt, retention_tries: 0 };
  await transact(store, (tx) => tx('domains').where({ domain }).update(change));
}

/** Notes that the retention could not be asked. What is known of it stays. */
export async function retentionUnanswered(
  store: Store,
  { domain, tries }: RetentionDue,
  askAgainAt: Ms,
): Promise<void> {
  const change = { retention_due_at: askAgainAt, retention_tries: tries + 1 };
  await transact(store, (tx) => tx('domains').where({ domain }).update(change));
}

/** Returns whether this call made the change. When several processes see the same evidence one of them does. */
export function switchToLocal(store: Store, domain: string, why: string, now: Ms): Promise<boolean> {
  const change = { schedule: 'local', schedule_why: why, schedule_at: now };
  const isDone = (tx: Knex.Transaction) =>
    tx('domains')
      .where({ domain, ...change })
      .first('domain');
  return transactOnce(store, isDone, async (tx) => {
    return (await tx('domains').where({ domain, schedule: 'auto' }).update(change)) === 1;
  });
}
