// What the API answers, as schemas: the description of the API is made of them, and the tests hold the answers to them.
import { z } from 'zod';
import { SEVERITIES } from '../core/alerting.ts';
import { STATES } from '../core/delivery.ts';
import { CLASSES } from '../core/message-class.ts';
import { EVENT_KINDS } from '../core/outgoing.ts';

const time = z.iso.datetime();
const maybe = <T extends z.ZodType>(schema: T) => schema.nullable();
const state = z.enum(STATES).meta({ description: 'where a delivery stands: see docs/retries.md' });
const mailClass = z.enum(CLASSES);
const next = maybe(z.string()).meta({ description: 'the cursor of the next page; null on the last' });
const resendAvailableAt = maybe(time).meta({ description: 'from when on it may be sent again; null: not at all' });

export const Problem = z
  .object({ error: z.string(), problems: z.array(z.string()).optional() })
  .meta({ id: 'Problem' });
export const MailgunProblem = z.object({ message: z.string() }).meta({ id: 'MailgunProblem' });

const message = {
  id: z.string(),
  messageId: z.string().meta({ description: 'the Message-Id, without brackets' }),
  domain: z.string(),
  from: z.string(),
  subject: maybe(z.string()),
  class: mailClass,
  createdAt: time,
};

const delivery = {
  recipient: z.string(),
  state,
  reason: maybe(z.string()),
  attempt: z.int(),
  provider: maybe(z.string()),
  nextAttemptAt: maybe(time),
};

export const Summary = z.object({ ...message, deliveries: z.array(z.object(delivery)) }).meta({ id: 'Summary' });

const Attempt = z
  .looseObject({
    number: z.int(),
    provider: z.string(),
    role: z.string(),
    way: z.string(),
    at: time,
    outcome: z.string(),
    possibleDouble: maybe(z.string()),
  })
  .meta({ id: 'Attempt' });

const Fact = z.looseObject({ at: time, kind: z.string(), text: z.string() }).meta({ id: 'Fact' });

const Deed = z
  .looseObject({ what: z.string(), sentence: z.string(), command: maybe(z.string()), call: maybe(z.string()) })
  .meta({ id: 'Deed', description: 'what can be done: in words, as a command, and as a call of this API' });

export const Card = z
  .looseObject({
    message: z.string(),
    delivery: z.string(),
    recipient: z.string(),
    state,
    sentence: z.string(),
    nextRetry: maybe(z.looseObject({ by: z.string() })),
    canDo: z.array(Deed),
  })
  .meta({ id: 'Card', description: 'a delivery in the words of support' });

export const Message = z
  .object({
    ...message,
    ownClass: z.string().optional(),
    statusToken: z.string().optional(),
    deliveries: z.array(
      z.object({
        ...delivery,
        explanation: z.string(),
        attempts: z.array(Attempt),
        facts: z.array(Fact),
        support: Card,
      }),
    ),
  })
  .meta({ id: 'Message' });

export const Support = z
  .looseObject({
    recipient: z.string(),
    sentence: z.string(),
    suppression: maybe(z.looseObject({ cause: z.string(), sentence: z.string() })),
    mails: z.array(Card),
    next,
    more: z.int(),
  })
  .meta({ id: 'Support' });

export const Recorded = z.object({ id: z.string(), statusToken: z.string().optional() }).meta({ id: 'Recorded' });
export const Results = z
  .object({ results: z.array(z.object({ error: z.string().optional(), problems: z.array(z.string()).optional() })) })
  .meta({ id: 'Results' });
export const Search = z.object({ messages: z.array(Summary), next }).meta({ id: 'Search' });

const outcome = z.enum(['cancelled', 'already_handed_over', 'already_delivered', 'already_ended']);
export const Cancelled = z
  .looseObject({ cancelled: z.int(), deliveries: z.array(z.looseObject({ recipient: z.string(), outcome })) })
  .meta({ id: 'Cancelled' });
export const Reopened = z.looseObject({ reopened: z.int() }).meta({ id: 'Reopened' });
export const Resent = z
  .looseObject({ result: z.string(), reopened: z.int(), resendAvailableAt: resendAvailableAt.optional() })
  .meta({ id: 'Resent' });
export const MayResend = z.object({ answer: z.string(), resendAvailableAt }).meta({ id: 'MayResend' });

const Waiting = z.object({
  waiting: z.int(),
  due: z.int(),
  oldestSeconds: maybe(z.number()),
  clearSeconds: maybe(z.number()),
});
const provider = { name: z.string(), state: z.string(), since: maybe(time), share: maybe(z.number()) };
export const Queue = z
  .object({
    classes: z.object(Object.fromEntries(CLASSES.map((name) => [name, Waiting]))),
    providers: z.array(z.looseObject(provider)),
    warmup: z
      .looseObject({ provider: z.string(), perHour: z.int() })
      .optional()
      .meta({ description: 'while addresses warm up: how much of the class may leave' }),
  })
  .meta({ id: 'Queue' });
export const Providers = z.object({ providers: z.array(z.looseObject(provider)) }).meta({ id: 'Providers' });

export const Outage = z
  .looseObject({ id: z.string(), provider: z.string(), state: z.string(), startedAt: time, endedAt: maybe(time) })
  .meta({ id: 'Outage' });
export const Outages = z
  .object({ outages: z.array(Outage), putOff: z.array(z.looseObject({ provider: z.string() })) })
  .meta({ id: 'Outages' });

const incident = {
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  class: maybe(mailClass),
  severity: z.enum(SEVERITIES),
  startedAt: time,
  endedAt: maybe(time),
  items: z.int(),
  acknowledgedAt: maybe(time),
  acknowledgedBy: maybe(z.string()),
  flaps: z.int(),
};
export const Incident = z.object(incident).meta({ id: 'Incident' });
export const Incidents = z.object({ open: z.array(Incident), ended: z.array(Incident) }).meta({ id: 'Incidents' });
export const Taken = z.object({ ...incident, isNew: z.boolean() }).meta({ id: 'Taken' });

export const Hold = z
  .object({
    id: z.string(),
    provider: maybe(z.string()),
    class: maybe(mailClass),
    until: maybe(time),
    reason: maybe(z.string()),
    by: z.string(),
    at: time,
  })
  .meta({ id: 'Hold' });
export const Holds = z.object({ holds: z.array(Hold) }).meta({ id: 'Holds' });
export const Released = z.object({ released: Hold }).meta({ id: 'Released' });

export const Event = z
  .object({
    id: z.string().meta({ description: 'the same each time that it is posted' }),
    type: z.string().meta({ description: 'message. and a state, or message.complained' }),
    timestamp: time,
    data: z.object({
      ...{ message: z.string(), delivery: z.string(), messageId: message.messageId, recipient: z.string() },
      ...{ class: z.string(), state, reason: maybe(z.string()), attempt: z.int(), provider: maybe(z.string()) },
      key: maybe(z.string()),
    }),
  })
  .meta({ id: 'Event' });
export const Events = z
  .object({ events: z.array(Event), next: maybe(z.string()).meta({ description: 'where to go on, now or later' }) })
  .meta({ id: 'Events' });
const Try = z.object({
  ...{ event: z.string(), type: z.string(), message: z.string(), state: z.enum(['done', 'waits', 'given_up']) },
  ...{ tries: z.int(), status: maybe(z.int()), detail: maybe(z.string()), at: time, tookMs: z.int() },
});
const Endpoint = z
  .object({
    number: z.int().meta({ description: 'its place in EVENTS_WEBHOOK_URL, from 1 on' }),
    host: z.string(),
    state: z.enum(['well', 'failing', 'disabled']),
    events: z.array(z.enum(EVENT_KINDS)),
    failingSince: maybe(time),
    disabledAt: maybe(time),
    disabledWhy: maybe(z.string()),
    succeededAt: maybe(time),
    waiting: z.int(),
    waitingSince: maybe(time),
    tries: z.array(Try),
  })
  .meta({ id: 'Endpoint' });
export const Endpoints = z.object({ endpoints: z.array(Endpoint) }).meta({ id: 'Endpoints' });
export const Enabled = z.object({ enabled: z.object({ number: z.int(), host: z.string() }) }).meta({ id: 'Enabled' });
export const Replayed = z.object({ replayed: z.int() }).meta({ id: 'Replayed' });

export const Suppression = z
  .object({
    address: z.string(),
    cause: z.string(),
    reply: maybe(z.string()),
    delivery: maybe(z.string()),
    createdAt: time,
  })
  .meta({ id: 'Suppression' });
export const Suppressions = z.object({ suppressions: z.array(Suppression), next }).meta({ id: 'Suppressions' });
export const Removed = z.object({ removed: Suppression }).meta({ id: 'Removed' });

export const Status = z
  .looseObject({
    sentence: z.string(),
    since: maybe(time),
    classes: z.object(
      Object.fromEntries(CLASSES.map((name) => [name, z.looseObject({ state: z.string(), sentence: z.string() })])),
    ),
  })
  .meta({ id: 'Status' });
export const Waits = z.looseObject({ stage: z.string(), sentence: z.string() }).meta({ id: 'Waits' });
export const Queued = z.object({ id: z.string(), message: z.literal('Queued. Thank you.') }).meta({ id: 'Queued' });
export const Alive = z.object({ alive: z.literal(true) }).meta({ id: 'Alive' });
export const Ready = z.object({ ready: z.boolean(), problems: z.array(z.string()) }).meta({ id: 'Ready' });
export const AtWork = z
  .object({ beating: z.boolean(), lastRun: maybe(time), problem: maybe(z.string()) })
  .meta({ id: 'AtWork' });
