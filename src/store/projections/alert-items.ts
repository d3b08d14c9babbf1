import { fitted } from '../../base/ids.ts';
import { type AlertKind, accountIncident, alertFor } from '../../core/alerting.ts';
import type { Ms } from '../../core/time.ts';
import { insertNew } from '../db/statements.ts';
import type { Move } from '../rows/move.ts';
import type { Projection } from '../rows/projection.ts';

/** What administrators have to hear: each end of a delivery once. */
export const alertItems: Projection = {
  name: 'alert items',
  async project(tx, moves, now) {
    const items = moves.flatMap((m) => [itemOf(m, now) ?? [], accountItems(m, now)].flat());
    await insertNew(tx, 'alert_items', items, 'item_key');
  },
};

/** A provider that refused our account, told of once for all the mail that it refuses. */
function accountItems({ view, fresh }: Move, now: Ms) {
  const claims = view.delivery.attempts.map((a) => a.claim).concat(fresh.filter((f) => f.kind === 'claimed'));
  return fresh.flatMap((fact) => {
    if (fact.kind !== 'refused' || fact.why !== 'account') return [];
    const provider = claims.findLast((c) => c.attempt === fact.attempt)?.provider ?? view.delivery.provider;
    if (provider === null) return [];
    const { kind, incident, key } = accountIncident(provider, now);
    const names = { item_key: fitted(key, 100), incident: incidentName(incident) };
    return [
      {
        ...names,
        kind,
        class: null,
        delivery_id: null,
        at: now,
        detail: `${provider}: ${fact.detail}`,
        alert_id: null,
      },
    ];
  });
}

/** The name of an incident cut to its column: a domain alone may be longer. */
export function incidentName(incident: string): string {
  const about = incident.indexOf(':') + 1;
  return incident.slice(0, about) + fitted(incident.slice(about), MOST_ABOUT);
}

/** Of what it is about, so that its end has the same name behind another kind. */
const MOST_ABOUT = 150;

function itemOf({ view, before, after, unheard }: Move, now: Ms) {
  const alert = alertFor({ ...view.birth, domain: view.domain }, unheard ? null : before, after.delivery);
  if (!alert) return null;
  const item_key = `${alert.kind}:${view.id}:${after.delivery.round}`;
  return {
    item_key,
    kind: alert.kind satisfies AlertKind,
    incident: incidentName(alert.incident),
    class: view.class,
    delivery_id: view.id,
    at: now,
    detail: null,
    alert_id: null,
  };
}
