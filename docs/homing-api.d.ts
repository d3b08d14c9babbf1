// Written by `npm run docs` from the schemas of the API.

export interface HomingApi {}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Alive".
 */
export interface Alive {
  alive: true;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "AtWork".
 */
export interface AtWork {
  beating: boolean;
  lastRun: string | null;
  problem: string | null;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Attempt".
 */
export interface Attempt {
  number: number;
  provider: string;
  role: string;
  way: string;
  at: string;
  outcome: string;
  possibleDouble: string | null;
  [k: string]: unknown;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Cancelled".
 */
export interface Cancelled {
  cancelled: number;
  deliveries: {
    recipient: string;
    outcome: 'cancelled' | 'already_handed_over' | 'already_delivered' | 'already_ended';
    [k: string]: unknown;
  }[];
  [k: string]: unknown;
}
/**
 * a delivery in the words of support
 *
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Card".
 */
export interface Card {
  message: string;
  delivery: string;
  recipient: string;
  /**
   * where a delivery stands: see docs/retries.md
   */
  state:
    | 'queued'
    | 'sending'
    | 'unconfirmed'
    | 'accepted'
    | 'deferred'
    | 'delivered'
    | 'relayed'
    | 'failed'
    | 'abandoned'
    | 'expired'
    | 'cancelled';
  sentence: string;
  nextRetry: {
    by: string;
    [k: string]: unknown;
  } | null;
  canDo: Deed[];
  [k: string]: unknown;
}
/**
 * what can be done: in words, as a command, and as a call of this API
 *
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Deed".
 */
export interface Deed {
  what: string;
  sentence: string;
  command: string | null;
  call: string | null;
  [k: string]: unknown;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Enabled".
 */
export interface Enabled {
  enabled: {
    number: number;
    host: string;
  };
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Endpoint".
 */
export interface Endpoint {
  /**
   * its place in EVENTS_WEBHOOK_URL, from 1 on
   */
  number: number;
  host: string;
  state: 'well' | 'failing' | 'disabled';
  events: (
    | 'queued'
    | 'sending'
    | 'unconfirmed'
    | 'accepted'
    | 'deferred'
    | 'delivered'
    | 'relayed'
    | 'failed'
    | 'abandoned'
    | 'expired'
    | 'cancelled'
    | 'complained'
  )[];
  failingSince: string | null;
  disabledAt: string | null;
  disabledWhy: string | null;
  succeededAt: string | null;
  waiting: number;
  waitingSince: string | null;
  tries: {
    event: string;
    type: string;
    message: string;
    state: 'done' | 'waits' | 'given_up';
    tries: number;
    status: number | null;
    detail: string | null;
    at: string;
    tookMs: number;
  }[];
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Endpoints".
 */
export interface Endpoints {
  endpoints: Endpoint[];
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Event".
 */
export interface Event {
  /**
   * the same each time that it is posted
   */
  id: string;
  /**
   * message. and a state, or message.complained
   */
  type: string;
  timestamp: string;
  data: {
    message: string;
    delivery: string;
    /**
     * the Message-Id, without brackets
     */
    messageId: string;
    recipient: string;
    class: string;
    /**
     * where a delivery stands: see docs/retries.md
     */
    state:
      | 'queued'
      | 'sending'
      | 'unconfirmed'
      | 'accepted'
      | 'deferred'
      | 'delivered'
      | 'relayed'
      | 'failed'
      | 'abandoned'
      | 'expired'
      | 'cancelled';
    reason: string | null;
    attempt: number;
    provider: string | null;
    key: string | null;
  };
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Events".
 */
export interface Events {
  events: Event[];
  /**
   * where to go on, now or later
   */
  next: string | null;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Fact".
 */
export interface Fact {
  at: string;
  kind: string;
  text: string;
  [k: string]: unknown;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Hold".
 */
export interface Hold {
  id: string;
  provider: string | null;
  class: ('access' | 'notice' | 'bulk') | null;
  until: string | null;
  reason: string | null;
  by: string;
  at: string;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Holds".
 */
export interface Holds {
  holds: Hold[];
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Incident".
 */
export interface Incident {
  id: string;
  name: string;
  kind: string;
  class: ('access' | 'notice' | 'bulk') | null;
  severity: 'info' | 'warning' | 'error' | 'critical';
  startedAt: string;
  endedAt: string | null;
  items: number;
  acknowledgedAt: string | null;
  acknowledgedBy: string | null;
  flaps: number;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Incidents".
 */
export interface Incidents {
  open: Incident[];
  ended: Incident[];
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "MailgunProblem".
 */
export interface MailgunProblem {
  message: string;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "MayResend".
 */
export interface MayResend {
  answer: string;
  /**
   * from when on it may be sent again; null: not at all
   */
  resendAvailableAt: string | null;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Message".
 */
export interface Message {
  id: string;
  /**
   * the Message-Id, without brackets
   */
  messageId: string;
  domain: string;
  from: string;
  subject: string | null;
  class: 'access' | 'notice' | 'bulk';
  createdAt: string;
  ownClass?: string;
  statusToken?: string;
  deliveries: {
    recipient: string;
    /**
     * where a delivery stands: see docs/retries.md
     */
    state:
      | 'queued'
      | 'sending'
      | 'unconfirmed'
      | 'accepted'
      | 'deferred'
      | 'delivered'
      | 'relayed'
      | 'failed'
      | 'abandoned'
      | 'expired'
      | 'cancelled';
    reason: string | null;
    attempt: number;
    provider: string | null;
    nextAttemptAt: string | null;
    explanation: string;
    attempts: Attempt[];
    facts: Fact[];
    support: Card;
  }[];
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Outage".
 */
export interface Outage {
  id: string;
  provider: string;
  state: string;
  startedAt: string;
  endedAt: string | null;
  [k: string]: unknown;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Outages".
 */
export interface Outages {
  outages: Outage[];
  putOff: {
    provider: string;
    [k: string]: unknown;
  }[];
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Problem".
 */
export interface Problem {
  error: string;
  problems?: string[];
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Providers".
 */
export interface Providers {
  providers: {
    name: string;
    state: string;
    since: string | null;
    share: number | null;
    [k: string]: unknown;
  }[];
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Queue".
 */
export interface Queue {
  classes: {
    access: {
      waiting: number;
      due: number;
      oldestSeconds: number | null;
      clearSeconds: number | null;
    };
    notice: {
      waiting: number;
      due: number;
      oldestSeconds: number | null;
      clearSeconds: number | null;
    };
    bulk: {
      waiting: number;
      due: number;
      oldestSeconds: number | null;
      clearSeconds: number | null;
    };
  };
  providers: {
    name: string;
    state: string;
    since: string | null;
    share: number | null;
    [k: string]: unknown;
  }[];
  /**
   * while addresses warm up: how much of the class may leave
   */
  warmup?: {
    provider: string;
    perHour: number;
    [k: string]: unknown;
  };
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Queued".
 */
export interface Queued {
  id: string;
  message: 'Queued. Thank you.';
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Ready".
 */
export interface Ready {
  ready: boolean;
  problems: string[];
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Recorded".
 */
export interface Recorded {
  id: string;
  statusToken?: string;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Released".
 */
export interface Released {
  released: Hold;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Removed".
 */
export interface Removed {
  removed: Suppression;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Suppression".
 */
export interface Suppression {
  address: string;
  cause: string;
  reply: string | null;
  delivery: string | null;
  createdAt: string;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Reopened".
 */
export interface Reopened {
  reopened: number;
  [k: string]: unknown;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Replayed".
 */
export interface Replayed {
  replayed: number;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Resent".
 */
export interface Resent {
  result: string;
  reopened: number;
  /**
   * from when on it may be sent again; null: not at all
   */
  resendAvailableAt?: string | null;
  [k: string]: unknown;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Results".
 */
export interface Results {
  results: {
    error?: string;
    problems?: string[];
  }[];
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Search".
 */
export interface Search {
  messages: Summary[];
  /**
   * the cursor of the next page; null on the last
   */
  next: string | null;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Summary".
 */
export interface Summary {
  id: string;
  /**
   * the Message-Id, without brackets
   */
  messageId: string;
  domain: string;
  from: string;
  subject: string | null;
  class: 'access' | 'notice' | 'bulk';
  createdAt: string;
  deliveries: {
    recipient: string;
    /**
     * where a delivery stands: see docs/retries.md
     */
    state:
      | 'queued'
      | 'sending'
      | 'unconfirmed'
      | 'accepted'
      | 'deferred'
      | 'delivered'
      | 'relayed'
      | 'failed'
      | 'abandoned'
      | 'expired'
      | 'cancelled';
    reason: string | null;
    attempt: number;
    provider: string | null;
    nextAttemptAt: string | null;
  }[];
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Status".
 */
export interface Status {
  sentence: string;
  since: string | null;
  classes: {
    access: {
      state: string;
      sentence: string;
      [k: string]: unknown;
    };
    notice: {
      state: string;
      sentence: string;
      [k: string]: unknown;
    };
    bulk: {
      state: string;
      sentence: string;
      [k: string]: unknown;
    };
  };
  [k: string]: unknown;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Support".
 */
export interface Support {
  recipient: string;
  sentence: string;
  suppression: {
    cause: string;
    sentence: string;
    [k: string]: unknown;
  } | null;
  mails: Card[];
  /**
   * the cursor of the next page; null on the last
   */
  next: string | null;
  more: number;
  [k: string]: unknown;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Suppressions".
 */
export interface Suppressions {
  suppressions: Suppression[];
  /**
   * the cursor of the next page; null on the last
   */
  next: string | null;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Taken".
 */
export interface Taken {
  id: string;
  name: string;
  kind: string;
  class: ('access' | 'notice' | 'bulk') | null;
  severity: 'info' | 'warning' | 'error' | 'critical';
  startedAt: string;
  endedAt: string | null;
  items: number;
  acknowledgedAt: string | null;
  acknowledgedBy: string | null;
  flaps: number;
  isNew: boolean;
}
/**
 * This interface was referenced by `HomingApi`'s JSON-Schema
 * via the `definition` "Waits".
 */
export interface Waits {
  stage: string;
  sentence: string;
  [k: string]: unknown;
}
