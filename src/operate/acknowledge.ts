import type { Incident } from '../core/incident.ts';
import { safeLine } from '../core/safe-text.ts';
import type { Ms } from '../core/time.ts';
import { takenWords } from '../core/words/incidents.ts';
import type { Store } from '../store/db/open.ts';
import { acknowledge } from '../store/incidents.ts';

export type Taken = { incident: Incident; isNew: boolean };

/** Somebody takes an incident; null when there is none of this id. When it has ended, or was taken before, nothing is done. */
export const acknowledgeIncident = (
  store: Store,
  { id, by }: { id: string; by: string },
  now: Ms,
): Promise<Taken | null> =>
  acknowledge(store, { id, by: safeLine(by, 80).trim() || 'somebody', compose: composed }, now);

const composed = (incident: Incident) => ({ ...takenWords(incident), avoid: [] });
