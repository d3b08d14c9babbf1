import type { Candidate } from '../capabilities.ts';
import type { Delivery, EndState, Outcome, Role } from '../delivery.ts';
import type { Policy } from '../policy.ts';
import type { Reason } from '../reason.ts';
import type { Ms } from '../time.ts';

/** What is kept from leaving, as far as it concerns one delivery: by an operator, or because a provider asked to be left alone. */
export type Held = {
  id: string;
  /** Null: whoever would be handed it. */
  provider: string | null;
  /** Null: until it is released. */
  until: Ms | null;
  /** From when on mail leaves through another provider, where its class may; when that is left out, as it would in any case. */
  leaveFrom?: Ms;
  /** Why mail that leaves through another provider meanwhile does so; an operator's wish where it is left out. */
  why?: Reason;
};

/** What the world looks like to a delivery that is due. */
export type Circumstances = {
  /** Whom mail may be handed to, in order of preference; when all is well it goes to the first. */
  candidates: readonly Candidate[];
  /** Who keeps the wait of a retry for this domain. */
  schedule: 'provider' | 'local';
  /** When the provider forgets its stored copy; null when it does not say. */
  storageGoneAt: Ms | null;
  /** Do we hold a sealed copy of the message? */
  hasBody: boolean;
  /** The address is on our own suppression list. */
  suppressed: boolean;
  /**
   * When a fault that only the sender can mend, and that this delivery failed for, was last reported for the sending
   * domain; null when it was not.
   */
  faultAt: Ms | null;
  /** Known from events alone: the provider must confirm the recipient before anything is sent to it. */
  adopted: boolean;
  /** The provider was to be asked about it, and the time for the answer is over. */
  askedInVain: boolean;
  /**
   * The provider's records have not been read up to the present, as after a time without a daemon: what happened
   * meanwhile is not known yet.
   */
  behind: boolean;
  /** What is kept from leaving. */
  held?: readonly Held[];
  /** How much our clock is ahead of others', as far as that is known: their leases end so much later by it. */
  ahead?: Ms;
  /** How long the provider's records of a moment stay incomplete. */
  eventsSettle: Ms;
  /** How long to wait before the provider is asked, or a busy provider is tried, again. */
  pause: Ms;
  /** How long a provider that can't be asked keeps a retry waiting. */
  askPatience: Ms;
};

/** What to do with a due delivery. */
export type Action =
  | { do: 'presumeUnanswered' }
  /** Notes that a question got no answer in its time. */
  | { do: 'presumeUnasked'; about: Outcome }
  /** Nothing is known that could be acted on before that moment. Leaves no fact. `isHeld`: unless a hold ends before. */
  | { do: 'wait'; until: Ms; isHeld?: true }
  | {
      do: 'ask';
      about: Outcome;
      /** Not before this moment. */
      at: Ms;
      /** From then on it goes on without an answer. */
      by: Ms;
      /**
       * Whether to take the address off the provider's bounce list, if this very failure put it there, because the mail
       * is to be sent again.
       */
      unsuppress: boolean;
    }
  | { do: 'hold'; about: Outcome; until: Ms; why: Reason }
  | HandOver
  | { do: 'end'; state: EndState; reason: Reason };

export type HandOver = {
  do: 'handOver';
  provider: string;
  role: Role;
  way: 'whole' | 'stored';
  deliverAt: Ms | null;
  /** Why it may be a double, if it may. */
  double: string | null;
  /** What calls for it; null for the first send. */
  why: Reason | null;
};

/** All that a decision about a delivery is made of. */
export type Look = { id: string; d: Delivery; policy: Policy; c: Circumstances; now: Ms };

export const end = (state: EndState, reason: Reason): Action => ({ do: 'end', state, reason });
