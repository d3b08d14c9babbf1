import type { Incident } from '../core/incident.ts';
import { safeLine } from '../core/safe-text.ts';
import type { Ms } from '../core/time.ts';
import { takenWords } from '../core/words/incidents.ts';
import type { Store } from '../store/db/open.ts';
import { acknowledge } from '../store/incidents.ts';

export type Taken = { incident: Incident; isNew: boolean };

/** `who` is known by a login, or is the way by which it came; `by` is the name that was given, of which nobody knows. */
export type Taking = { id: string; who: string; by?: string | undefined };

/** Somebody takes an incident; null when there is none of this id. When it has ended, or was taken before, nothing is done. */
export const acknowledgeIncident = (store: Store, { id, who, by = who }: Taking, now: Ms): Promise<Taken | null> =>
  acknowledge(store, { id, who, by: safeLine(by, 80).trim() || 'somebody', compose: composed }, now);

const composed = (incident: Incident) => ({ ...takenWords(incident), avoid: [] });
