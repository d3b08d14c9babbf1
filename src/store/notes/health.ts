import type { Knex } from 'knex';
import { beforeIdsOf } from '../../base/ids.ts';
import {
  type Change,
  type Health,
  type HealthChange,
  type Standing,
  SWITCHES_WITHIN,
  type Unwell,
} from '../../core/health.ts';
import { storable } from '../../core/safe-text.ts';
import type { Ms } from '../../core/time.ts';
import { addOnce } from '../db/added-once.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { transact } from '../db/transact.ts';

type Row = {
  provider: string;
  state: Health;
  since: Ms;
  share: number;
  probed_at: Ms;
  well_since: Ms | null;
  probes_failed: number;
};

/** How the providers are that anything was ever noted of. */
export async function standings(store: Store): Promise<Map<string, Standing>> {
  const rows: Row[] = await store.db('health').select();
  return new Map(rows.map((row) => [row.provider, standingOf(row)]));
}

/** Those that are not healthy; only of these names, where they are known: others are not in use any more. */
export async function unwell(store: Store, among?: readonly string[]): Promise<Unwell[]> {
  return [...(await standings(store))]
    .filter(([provider, { state }]) => state !== 'healthy' && among?.includes(provider) !== false)
    .map(([provider, { state, since, share }]) => ({ provider, state, since, share }));
}

/** Since when all providers are healthy, 0 where nothing was ever noted of one; null while one is not. */
export async function allWellSince(store: Store): Promise<Ms | null> {
  const all = [...(await standings(store)).values()];
  return all.every(({ state }) => state === 'healthy') ? Math.max(0, ...all.map(({ since }) => since)) : null;
}

const standingOf = ({ state, since, share, well_since, probes_failed }: Row): Standing => ({
  ...{ state, since: Number(since), share: Number(share), probesFailed: Number(probes_failed) },
  wellSince: well_since === null ? null : Number(well_since),
});

const FRESH = { state: 'healthy', since: 0, share: 100, probed_at: 0, well_since: null, probes_failed: 0 } as const;

/** Whether it is this process that is to probe it now: one does it each time. */
export async function mayProbe(store: Store, provider: string, now: Ms, pause: Ms): Promise<boolean> {
  return transact(store, async (tx) => {
    await insertNew(tx, 'health', { provider, ...FRESH }, 'provider');
    const taken = tx('health')
      .where({ provider })
      .where('probed_at', '<=', now - pause);
    return (await taken.update({ probed_at: now })) === 1;
  });
}

export async function noteProbe(store: Store, provider: string, isWell: boolean, now: Ms): Promise<void> {
  await addOnce(store, now, async (tx) => {
    const row = tx('health').where({ provider });
    if (!isWell) await row.update({ well_since: null, probes_failed: tx.raw('probes_failed + 1') });
    else await row.update({ well_since: tx.raw('coalesce(well_since, ?)', [now]), probes_failed: 0 });
  });
}

/** Notes a change with what spoke for it, under an id of its own; false when another process made one meanwhile. */
export async function noteChange(
  tx: Knex.Transaction,
  { id, provider, before, change, at }: { id: string; provider: string; before: Standing; change: Change; at: Ms },
): Promise<boolean> {
  const { state, share } = change;
  const evidence = storable(change.evidence, 500);
  // After a COMMIT without a reply it is there already.
  if (await tx('health_changes').where({ id }).first('id')) return true;
  await insertNew(tx, 'health', { provider, ...FRESH }, 'provider');
  const same = tx('health').where({ provider, state: before.state, share: before.share });
  if ((await same.update({ state, share, since: at, well_since: null, probes_failed: 0 })) === 0) return false;
  await tx('health_changes').insert({ id, provider, before: before.state, after: state, share, evidence, at });
  return true;
}

/** What changed since then, oldest first. */
export async function healthChanges(store: Store, since: Ms, limit = 1000): Promise<HealthChange[]> {
  const after = store.db('health_changes').where('id', '>', beforeIdsOf(since));
  const rows: HealthChange[] = await after.orderBy('id').limit(limit);
  return rows.map(changeOf);
}

/** The last changes before a moment, oldest first: what lasts at that moment began among them. */
export async function changesBefore(store: Store, moment: Ms, limit = 300): Promise<HealthChange[]> {
  const before = store.db('health_changes').where('id', '<', beforeIdsOf(moment));
  const rows: HealthChange[] = await before.orderBy('id', 'desc').limit(limit);
  return rows.map(changeOf).reverse();
}

const changeOf = (row: HealthChange): HealthChange => ({ ...row, at: Number(row.at), share: Number(row.share) });

/** How often a provider went down, or was back, within an hour. */
export async function switchesOf(store: Store, provider: string, now: Ms): Promise<number> {
  const changes = await healthChanges(store, now - SWITCHES_WITHIN);
  const isSwitch = ({ before, after }: HealthChange) =>
    after === 'down' || (after === 'healthy' && before !== 'suspect');
  return changes.filter((change) => change.provider === provider && isSwitch(change)).length;
}
