import { fitted } from '../../base/ids.ts';
import { type AlertKind, alertFor } from '../../core/alerting.ts';
import type { Ms } from '../../core/time.ts';
import { deleteBy, insertNew } from '../db/statements.ts';
import type { Move } from '../rows/move.ts';
import type { Projection } from '../rows/projection.ts';

/** What administrators have to hear: each end of a delivery once. */
export const alertItems: Projection = {
  name: 'alert items',
  async project(tx, moves, now) {
    const items = moves.flatMap((m) => itemOf(m, now) ?? []);
    await insertNew(tx, 'alert_items', items, 'item_key');
  },
  async forget(tx, { deliveryIds }) {
    await deleteBy(tx, 'alert_items', 'delivery_id', deliveryIds);
  },
};

/** The name of an incident cut to its column: a domain alone may be longer. */
export const incidentName = (incident: string): string => fitted(incident, 191);

function itemOf({ view, before, after }: Move, now: Ms) {
  const alert = alertFor({ ...view.birth, domain: view.domain }, before, after.delivery);
  if (!alert) return null;
  const item_key = `${alert.kind}:${view.id}:${after.delivery.round}`;
  return {
    item_key,
    kind: alert.kind satisfies AlertKind,
    incident: incidentName(alert.incident),
    delivery_id: view.id,
    at: now,
    detail: null,
    alert_id: null,
  };
}
