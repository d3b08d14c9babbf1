import type { AlertKind } from '../../core/alerting.ts';
import type { Range } from '../../core/figures/cover.ts';
import type { Trouble } from '../../core/figures/summary.ts';
import type { Store } from '../db/open.ts';

export async function alertsSent(store: Store, { from, to }: Range): Promise<number> {
  const row = await store
    .db('alerts')
    .where('created_at', '>=', from)
    .where('created_at', '<', to)
    .whereNotNull('sent_at')
    // That somebody took one, and that it is over, are no alerts.
    .where((some) => some.whereNull('turn').orWhereIn('turn', ['opened', 'repeated']))
    .count({ n: '*' })
    .first();
  return Number(row?.['n'] ?? 0);
}

/** Alerts that are about the ways that mail goes, and not about single deliveries. */
const TROUBLE: readonly AlertKind[] = [
  'account_refused',
  'reconciler_silent',
  'webhooks_silent',
  'schedule_switched',
  'put_off',
  'clock_wrong',
  'peer_silent',
  'events_webhook_failing',
  'threshold',
  'flatline',
];

export async function troubles(store: Store, { from, to }: Range): Promise<Trouble[]> {
  const rows: { kind: AlertKind; at: number; detail: string | null }[] = await store
    .db('alert_items')
    .whereNull('delivery_id')
    .whereIn('kind', [...TROUBLE])
    .where('at', '>=', from)
    .where('at', '<', to)
    .orderBy('at')
    .select('kind', 'at', 'detail')
    .limit(50);
  return rows.map((r) => ({ kind: r.kind, since: Number(r.at), detail: r.detail ?? '' }));
}
