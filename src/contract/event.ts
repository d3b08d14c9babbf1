import { type EventKind, eventId } from '../core/outgoing.ts';
import type { Ms } from '../core/time.ts';
import { MOST_COUNTED } from '../store/db/counted.ts';
import type { Store } from '../store/db/open.ts';
import { type EventPlace, lastTries, type PostHistory, postsWaiting } from '../store/events.ts';
import { type Endpoint, endpoints } from '../store/notes/endpoints.ts';

const isoOf = (at: Ms | null): string | null => (at === null ? null : new Date(at).toISOString());

/** Where somebody who reads events is to go on. */
export const cursorAt = ({ at, deliveryId, number }: EventPlace): string => `${at}-${deliveryId}-${number}`;

export function placeIn(cursor: string): EventPlace | null {
  const [, at, deliveryId, number] = /^(\d{1,15})-([0-9A-Z]{26})-(\d{1,9})$/.exec(cursor) ?? [];
  return deliveryId === undefined ? null : { at: Number(at), deliveryId, number: Number(number) };
}

/** How an endpoint stands: it is told of events, fails, or was disabled. */
export type EndpointState = 'well' | 'failing' | 'disabled';

const stateOf = ({ disabledAt, failingSince }: Endpoint): EndpointState =>
  disabledAt !== null ? 'disabled' : failingSince !== null ? 'failing' : 'well';

/** An endpoint with what waits for it, and its last tries, newest first. */
export type EndpointHistory = {
  endpoint: Endpoint;
  state: EndpointState;
  waiting: { n: number; oldest: Ms | null };
  tries: PostHistory[];
};

export async function endpointHistories(store: Store, most: number): Promise<EndpointHistory[]> {
  const all: EndpointHistory[] = [];
  for (const endpoint of await endpoints(store)) {
    const waiting = await postsWaiting(store, endpoint.id, MOST_COUNTED);
    all.push({ endpoint, state: stateOf(endpoint), waiting, tries: await lastTries(store, endpoint.id, most) });
  }
  return all;
}

/** As the API and the commands show it. */
export const shownHistory = ({ endpoint, state, waiting, tries }: EndpointHistory) => ({
  number: endpoint.place,
  host: endpoint.host,
  state,
  events: endpoint.kinds satisfies readonly EventKind[],
  failingSince: isoOf(endpoint.failingSince),
  disabledAt: isoOf(endpoint.disabledAt),
  disabledWhy: endpoint.disabledWhy,
  succeededAt: isoOf(endpoint.succeededAt),
  waiting: waiting.n,
  waitingSince: isoOf(waiting.oldest),
  tries: tries.map(({ event, triedAt, took, ...one }) => ({
    event: eventId(event),
    type: `message.${event.kind}`,
    message: event.messageId,
    ...one,
    at: new Date(triedAt).toISOString(),
    tookMs: took,
  })),
});
