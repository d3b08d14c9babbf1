import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';

/** An alert in a list of them. */
export type ListedAlert = {
  id: string;
  incident: string;
  subject: string;
  count: number;
  createdAt: Ms;
  /** Null while it is to be sent; then `tries` and `error` say how that goes. */
  sentAt: Ms | null;
  tries: number;
  error: string | null;
};

/** The alert before which a page begins. */
type Before = { at: Ms; id: string };

/** Alerts, newest first; those made before one of them, to go on. */
export async function listAlerts(
  { db }: Store,
  { before, limit, waiting = false }: { before?: Before | undefined; limit: number; waiting?: boolean },
): Promise<ListedAlert[]> {
  const query = db('alerts').orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit);
  if (before) {
    const { at, id } = before;
    query.where('created_at', '<=', at).where((or) => or.where('created_at', '<', at).orWhere('id', '<', id));
  }
  if (waiting) query.where({ pending: 1 });
  return query.select({
    ...{ id: 'id', incident: 'incident', subject: 'subject', count: 'count', tries: 'tries', error: 'error' },
    ...{ createdAt: 'created_at', sentAt: 'sent_at' },
  });
}
