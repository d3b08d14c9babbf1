import { type Delivery, type Fact, STATES } from './delivery.ts';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from './time.ts';

/** What applications can be told of: that a delivery has come to a state, or that its recipient complained about it. */
export const EVENT_KINDS = [...STATES, 'complained'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** What has become of a mail, for the application that sent it. */
export type OutgoingEvent = {
  /** Of our message and of our delivery; `number` counts within the delivery, with gaps, in the order of its events. */
  messageId: string;
  deliveryId: string;
  number: number;
  kind: EventKind;
  at: Ms;
  /** The Message-Id header, without angle brackets. */
  rfcMessageId: string;
  recipient: string;
  class: string;
  state: string;
  reason: string | null;
  attempt: number;
  provider: string | null;
  key: string | null;
};

/** What a change of a delivery is to be told as. Facts that change no state are told of nothing, but a complaint. */
export function eventKinds(before: Delivery | null, after: Delivery, fresh: readonly Fact[]): EventKind[] {
  const isComplaint = fresh.some((fact) => fact.kind === 'reported' && fact.report === 'complained');
  return [...(before?.state === after.state ? [] : [after.state]), ...(isComplaint ? (['complained'] as const) : [])];
}

/** The same for the same event, however often it is posted. */
export const eventId = ({ deliveryId, number }: Pick<OutgoingEvent, 'deliveryId' | 'number'>): string =>
  `evt_${deliveryId}_${number}`;

/** By which those who are told choose: `delivery.failed.access`. */
export const topicOf = ({ kind, class: name }: Pick<OutgoingEvent, 'kind' | 'class'>): string =>
  `delivery.${kind}.${name}`;

/** As it is posted and listed. */
export const shownEvent = (event: OutgoingEvent) => ({
  id: eventId(event),
  type: `message.${event.kind}`,
  timestamp: new Date(event.at).toISOString(),
  data: {
    message: event.messageId,
    delivery: event.deliveryId,
    messageId: event.rfcMessageId,
    recipient: event.recipient,
    class: event.class,
    state: event.state,
    reason: event.reason,
    attempt: event.attempt,
    provider: event.provider,
    key: event.key,
  },
});

const FIRST_WAIT: Ms = 5 * SECOND;
const LONGEST_WAIT: Ms = 4 * HOUR;

/** How long to wait after so many tries of one event: 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, 4 h. */
export const postWait = (tries: number): Ms => Math.min(LONGEST_WAIT, FIRST_WAIT * 4 ** Math.min(tries - 1, 10));

/** How long an endpoint is left alone that fails for one delivery after the other. */
export const endpointWait = (failures: number): Ms => Math.min(5 * MINUTE, FIRST_WAIT * 2 ** Math.min(failures, 10));

/** An endpoint may ask to be left alone for so long. */
export const LONGEST_ASKED: Ms = DAY;
