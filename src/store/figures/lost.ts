import type { Range } from '../../core/figures/cover.ts';
import { LOST_STATES } from '../../core/figures/figures.ts';
import type { LostDelivery } from '../../core/figures/summary.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import type { MessageRow } from '../rows/rows.ts';

type Row = Omit<LostDelivery, 'subject' | 'reason'> & { reason: string | null; message_id: string; created_at: Ms };
const COLUMNS = ['recipient', 'class', 'state', 'reason', 'message_id', 'created_at'] as const;

/** Who did not get what, latest first. One walk for each state: together they would have to be sorted first. */
export async function lostDeliveries({ db }: Store, { from, to }: Range, limit: number): Promise<LostDelivery[]> {
  const walks = LOST_STATES.map((state) => {
    const rows = db('deliveries').where({ state }).where('created_at', '>=', from).where('created_at', '<', to);
    return db.from(rows.orderBy('created_at', 'desc').limit(limit).select(COLUMNS).as('part')).select('*');
  });
  const rows: Row[] = await db.unionAll(walks);
  const latest = rows.sort(inOrder).slice(0, limit);
  const subjects = await subjectsOf(
    db,
    latest.map((r) => r.message_id),
  );
  return latest.map(({ recipient, class: name, state, reason, message_id }) => ({
    ...{ recipient, class: name, state, reason: reason ?? 'unknown' },
    subject: subjects.get(message_id) ?? null,
  }));
}

/** Of the same moment, what was given up stands before what was refused. */
const inOrder = (a: Row, b: Row): number => b.created_at - a.created_at || (a.state < b.state ? -1 : 1);

async function subjectsOf(db: Store['db'], ids: readonly string[]): Promise<Map<string, string | null>> {
  const rows: Pick<MessageRow, 'id' | 'subject'>[] = await db('messages')
    .whereIn('id', [...new Set(ids)])
    .select('id', 'subject');
  return new Map(rows.map((m) => [m.id, m.subject]));
}
