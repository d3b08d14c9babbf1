import type { Fresh, Incident, Step } from '../../src/core/incident.ts';
import type { Ms } from '../../src/core/time.ts';
import type { Composed } from '../../src/store/alerts.ts';
import type { Store } from '../../src/store/db/open.ts';
import { type Told, takeStep } from '../../src/store/take-step.ts';

/** Tells what is new of an incident, without any pause. */
export const bundle = (store: Store, name: string, at: Ms, compose: (told: Told) => Composed): Promise<number> =>
  takeStep(store, name, at, { decide: tellAll, compose });

function tellAll(incident: Incident | null, fresh: Fresh | null): Step | null {
  if (fresh === null) return null;
  if (incident === null) return { what: 'open' };
  return { what: incident.endedAt === null ? 'repeat' : 'reopen' };
}
