import { isEnded, STATES } from '../core/delivery.ts';
import type { Store } from './db/open.ts';
import { forgotten } from './inspect.ts';
import { openDeliveries } from './ledger/due.ts';
import { load } from './rows/rows.ts';

const PAGE = 200;
/** So many are named of each kind. */
const MOST = 5;

export type Conserved = { deliveries: number; open: number; problems: string[] };

/**
 * Whether the tables agree with each other: each delivery stands as its facts say, each open one is among what is due and no
 * other, and nothing lacks what it belongs to. Reads everything.
 */
export async function conserved(store: Store): Promise<Conserved> {
  const wrong: string[] = [];
  const note = (text: string) => wrong.length < MOST && wrong.push(text);
  let deliveries = 0;
  for (let after = ''; ; ) {
    const rows = await page(store, after);
    const views = await load(
      store.db,
      rows.map(({ id }) => id),
    );
    for (const { id, state } of rows) {
      const view = views.get(id);
      if (!view) note(`delivery ${id} has no message`);
      // Before version 0.1.0 was migrated the state was not kept.
      else if (state !== null && view.delivery.state !== state)
        note(`delivery ${id} is ${state}, and ${view.delivery.state} by its facts`);
    }
    deliveries += rows.length;
    after = rows.at(-1)?.id ?? '';
    if (rows.length < PAGE) break;
  }
  const idle = (await forgotten(store, MOST)).map((id) => `delivery ${id} is open, and nobody will act on it`);
  const strange = (await dueInVain(store)).map((id) => `delivery ${id} is due, and not open`);
  const orphans = (await withoutDelivery(store)).map((id) => `there are facts of a delivery ${id} that is not there`);
  return { deliveries, open: await countOpen(store), problems: [...wrong, ...idle, ...strange, ...orphans] };
}

const page = ({ db }: Store, after: string): Promise<{ id: string; state: string | null }[]> =>
  db('deliveries').where('id', '>', after).orderBy('id').limit(PAGE).select('id', 'state');

const ENDED = STATES.filter(isEnded);

const dueInVain = ({ db }: Store): Promise<string[]> =>
  db('due')
    .leftJoin('deliveries', 'deliveries.id', 'due.delivery_id')
    .where((rows) => void rows.whereNull('deliveries.id').orWhereIn('deliveries.state', ENDED))
    .limit(MOST)
    .pluck('due.delivery_id');

const withoutDelivery = ({ db }: Store): Promise<string[]> =>
  db('facts')
    .leftJoin('deliveries', 'deliveries.id', 'facts.delivery_id')
    .whereNull('deliveries.id')
    .limit(MOST)
    .pluck('facts.delivery_id');

async function countOpen(store: Store): Promise<number> {
  let open = 0;
  for (let after = ''; ; ) {
    const ids = await openDeliveries(store, after, PAGE);
    open += ids.length;
    after = ids.at(-1) ?? '';
    if (ids.length < PAGE) return open;
  }
}
