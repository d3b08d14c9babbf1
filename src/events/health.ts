import type { Log } from '../base/log.ts';
import { endpointWait } from '../core/outgoing.ts';
import { type Clock, DAY, HOUR, type Ms } from '../core/time.ts';
import { lengthWords, timeWords } from '../core/words/numbers.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import { disable, type Endpoint, noteFailure, noteSuccess } from '../store/notes/endpoints.ts';
import type { Answer } from './target.ts';

/** How the endpoints are, by what came of the last posts. */
export type Health = {
  /** Whether it fails for one delivery after the other: then it gets one post at a time. */
  isFailing(id: string): boolean;
  succeeded(endpoint: Endpoint): Promise<void>;
  failed(endpoint: Endpoint, deliveryId: string, answer: Answer): Promise<void>;
};

/** Deliveries. One alone may be what is wrong, and the others go on. */
const FAILING = 3;
/** The administrators hear of an endpoint after this time. */
const TOLD_AFTER: Ms = HOUR;

/** `retry`: how long an endpoint is put up with that fails. */
export type HealthDeps = { store: Store; retry: Ms; now: Clock; log: Log };

type Failures = { deliveries: Set<string>; count: number };

export function createHealth({ store, now, retry, log }: HealthDeps): Health {
  const failures = new Map<string, Failures>();
  const unboundTold = new Map<string, number>();
  const isFailing = (id: string) => (failures.get(id)?.deliveries.size ?? 0) >= FAILING;

  function waitAfter(id: string, { retryAfter }: Answer): Ms | null {
    if (retryAfter !== null) return now() + retryAfter;
    return isFailing(id) ? now() + endpointWait((failures.get(id)?.count ?? FAILING) - FAILING) : null;
  }

  async function stop(endpoint: Endpoint, why: string): Promise<void> {
    if (!(await disable(store, endpoint.id, why, now()))) return;
    log.warn({ endpoint: endpoint.place, host: endpoint.host, why }, 'an endpoint for events is disabled');
    await tell(endpoint, `disabled:${now()}`, `${nameOf(endpoint)} is disabled: ${why}. Events wait for it.`);
  }

  const tell = (endpoint: Endpoint, key: string, detail: string): Promise<void> => {
    const incident = incidentOf(endpoint);
    return raise(store, {
      item_key: `${incident}:${key}`,
      incident,
      kind: 'events_webhook_failing',
      at: now(),
      detail,
    });
  };

  /** Somebody has to bind a queue, however well it takes others: told once a day. */
  async function tellOfUnbound(endpoint: Endpoint, { detail }: Answer): Promise<void> {
    const day = Math.floor(now() / DAY);
    if (unboundTold.get(endpoint.id) === day) return;
    log.warn({ endpoint: endpoint.place, host: endpoint.host, detail }, 'an event has nobody to go to: it waits');
    const why = `${nameOf(endpoint)}: ${detail}. What has nobody to go to waits, and what comes after it of the same mail.`;
    await tell(endpoint, `unbound:${day}`, why);
    unboundTold.set(endpoint.id, day);
  }

  return {
    isFailing,
    async succeeded({ id }) {
      failures.delete(id);
      await noteSuccess(store, id, now());
    },
    async failed(endpoint, deliveryId, answer) {
      const { deliveries, count } = failures.get(endpoint.id) ?? { deliveries: new Set<string>(), count: 0 };
      failures.set(endpoint.id, { deliveries: deliveries.add(deliveryId), count: count + 1 });
      if (answer.isUnbound) await tellOfUnbound(endpoint, answer);
      const since = await noteFailure(store, endpoint.id, waitAfter(endpoint.id, answer), now());
      if (answer.status === 410) return stop(endpoint, 'it answered 410, so it is gone for good');
      const from = Math.max(since, endpoint.enabledAt);
      const says = `since ${timeWords(from)} it has taken nothing; at last ${wordsOf(answer)}`;
      if (now() - from >= retry) return stop(endpoint, says);
      const left = `It is disabled when it has failed for ${lengthWords(retry)}.`;
      if (now() - from >= TOLD_AFTER) await tell(endpoint, String(from), `${nameOf(endpoint)}: ${says}. ${left}`);
    },
  };
}

/** What is told of an endpoint is one conversation. */
export const incidentOf = ({ id }: Pick<Endpoint, 'id'>): string => `events_webhook_failing:${id}`;

export const nameOf = ({ place, host }: Endpoint): string => `Endpoint ${place} (${host})`;

const wordsOf = ({ status, detail }: Answer): string =>
  status === null ? (detail ?? 'it did not answer') : `it answered ${status}${detail === null ? '' : `: ${detail}`}`;
