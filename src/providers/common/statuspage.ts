import type { Hint } from '../../core/hint.ts';
import type { Ms } from '../../core/time.ts';
import { type Fields, isObject, momentOf, objectOf, words } from './fields.ts';

/** What Statuspage calls an incident, or a maintenance, that is over or has not begun. */
const OVER: ReadonlySet<string> = new Set(['resolved', 'postmortem', 'scheduled', 'completed']);

/**
 * What a status page of Atlassian Statuspage posts: an incident or maintenance, or a component whose status changed
 * (support.atlassian.com/statuspage/docs/enable-webhook-notifications). Null when it is neither.
 */
export function readStatusPage(body: unknown, now: Ms): Hint | null {
  const { incident, component, component_update: update, meta } = objectOf(body);
  const told = momentOf(objectOf(meta)['generated_at']) ?? now;
  if (isObject(incident)) return ofIncident(incident, told);
  return isObject(component) && isObject(update) ? ofComponent(component, update, told) : null;
}

function ofIncident(incident: Fields, told: Ms): Hint | null {
  const id = words(incident['id'], 60);
  const status = words(incident['status'], 30);
  if (id === null || status === null) return null;
  const name = words(incident['name'], 120) ?? 'an incident without a name';
  const impact = words(incident['impact'], 30) ?? 'none';
  return {
    name: `incident ${id}`,
    says: `its status page tells of "${name}" (${status}, impact ${impact})`,
    at: momentOf(incident['updated_at']) ?? told,
    isOver: OVER.has(status),
  };
}

function ofComponent(component: Fields, update: Fields, told: Ms): Hint | null {
  const id = words(component['id'], 60) ?? words(update['component_id'], 60);
  const status = words(update['new_status'], 30);
  if (id === null || status === null) return null;
  const name = words(component['name'], 120) ?? 'a component without a name';
  return {
    name: `component ${id}`,
    says: `its status page calls "${name}" ${status.replaceAll('_', ' ')}`,
    at: momentOf(update['created_at']) ?? told,
    isOver: status === 'operational',
  };
}
