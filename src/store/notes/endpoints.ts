// Where events for applications are posted to.
import type { Knex } from 'knex';
import type { EventKind } from '../../core/outgoing.ts';
import { storable } from '../../core/safe-text.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { putRows } from '../db/statements.ts';
import { inOneStatement, transact } from '../db/transact.ts';

type Row = {
  id: string;
  place: number;
  host: string;
  kinds: string;
  added_at: Ms;
  gone_at: Ms | null;
  enabled_at: Ms;
  disabled_at: Ms | null;
  disabled_why: string | null;
  failing_since: Ms | null;
  succeeded_at: Ms | null;
  wait_until: Ms;
};

export type Endpoint = {
  id: string;
  /** Its place in the setting, from 1 on, by which people name it. */
  place: number;
  host: string;
  kinds: readonly EventKind[];
  enabledAt: Ms;
  disabledAt: Ms | null;
  disabledWhy: string | null;
  /** Since when nothing succeeded; null when the last try did. */
  failingSince: Ms | null;
  succeededAt: Ms | null;
  waitUntil: Ms;
};

const endpointOf = (row: Row): Endpoint => ({
  ...{ id: row.id, place: row.place, host: row.host, kinds: JSON.parse(row.kinds) as EventKind[] },
  ...{ enabledAt: row.enabled_at, disabledAt: row.disabled_at, disabledWhy: row.disabled_why },
  ...{ failingSince: row.failing_since, succeededAt: row.succeeded_at, waitUntil: row.wait_until },
});

/** Those in use, in the order of the setting. */
export const endpoints = ({ db }: Store): Promise<Endpoint[]> => endpointsIn(db);

async function endpointsIn(db: Knex): Promise<Endpoint[]> {
  const rows: Row[] = await db('event_endpoints').whereNull('gone_at').orderBy('place');
  return rows.map(endpointOf);
}

export type Named = Pick<Endpoint, 'id' | 'place' | 'host' | 'kinds'>;

/** From now on these are told of events, and no others. One that comes back starts anew. */
export async function nameEndpoints(store: Store, named: readonly Named[], now: Ms): Promise<void> {
  await transact(store, async (tx) => {
    const rows: Row[] = await tx('event_endpoints').whereNull('gone_at');
    const isNamed = (id: string) => named.some((one) => one.id === id);
    const gone = rows.filter(({ id }) => !isNamed(id)).map(({ id }) => id);
    if (gone.length > 0) await tx('event_endpoints').whereIn('id', gone).update({ gone_at: now });
    for (const { id, place, host, kinds } of named) {
      const settings = { place, host, kinds: JSON.stringify(kinds) };
      const anew = { enabled_at: now, disabled_at: null, disabled_why: null, failing_since: null, wait_until: 0 };
      const isKnown = rows.some((row) => row.id === id);
      const row = { id, ...settings, added_at: now, gone_at: null, ...anew, succeeded_at: null };
      const columns = ['gone_at', ...Object.keys({ ...settings, ...(isKnown ? {} : anew) })];
      await putRows(tx, 'event_endpoints', [row], { key: 'id', columns });
    }
  });
  known.delete(configOf(store.db));
}

const FRESH: Ms = 5 * SECOND;

/** What each database wanted to be told when it was last asked. */
const known = new WeakMap<object, { at: Ms; endpoints: readonly Endpoint[] }>();

/** All connections to one database share it, in a transaction and outside. */
const configOf = (db: Knex): object => (db.client as { config: object }).config;

/** The endpoints as they stood a few seconds ago at most: each change of a delivery asks for them. */
export async function endpointsLately(tx: Knex, now: Ms): Promise<readonly Endpoint[]> {
  const last = known.get(configOf(tx));
  if (last && Math.abs(now - last.at) < FRESH) return last.endpoints;
  const found = await endpointsIn(tx);
  known.set(configOf(tx), { at: now, endpoints: found });
  return found;
}

const changed = (store: Store, id: string, change: Partial<Row>): Promise<number> =>
  inOneStatement(store, (tx) => tx('event_endpoints').where({ id }).update(change));

/** How exactly it is known when an endpoint took something last: a busy one is not written with each event. */
const NOTED: Ms = 10 * SECOND;

export const noteSuccess = (store: Store, id: string, now: Ms): Promise<number> =>
  inOneStatement(store, (tx) =>
    tx('event_endpoints')
      .where({ id })
      .where((row) =>
        row
          .whereNotNull('failing_since')
          .orWhereNull('succeeded_at')
          .orWhere('succeeded_at', '<', now - NOTED),
      )
      .update({ failing_since: null, succeeded_at: now, wait_until: 0 }),
  );

/** Says since when it has been failing. */
export async function noteFailure(store: Store, id: string, waitUntil: Ms | null, now: Ms): Promise<Ms> {
  await inOneStatement(store, (tx) =>
    tx('event_endpoints').where({ id }).whereNull('failing_since').update({ failing_since: now }),
  );
  if (waitUntil !== null) await changed(store, id, { wait_until: waitUntil });
  const row: Pick<Row, 'failing_since'> | undefined = await store.db('event_endpoints').where({ id }).first();
  return row?.failing_since ?? now;
}

/** Posts nothing to it until it is enabled; says whether it was enabled before. */
export async function disable(store: Store, id: string, why: string, now: Ms): Promise<boolean> {
  const change = { disabled_at: now, disabled_why: storable(why, 500) };
  return (
    (await inOneStatement(store, (tx) => tx('event_endpoints').where({ id }).whereNull('disabled_at').update(change))) >
    0
  );
}

/** Posts to it again, at first what has waited meanwhile. */
export const enable = (store: Store, id: string, now: Ms): Promise<number> =>
  changed(store, id, {
    ...{ enabled_at: now, disabled_at: null, disabled_why: null, failing_since: null, wait_until: 0 },
  });

/** Deletes those that have been gone since before that moment. */
export const pruneEndpoints = (store: Store, before: Ms): Promise<number> =>
  inOneStatement(store, (tx) => tx('event_endpoints').where('gone_at', '<', before).delete());
