import type { Deadline } from '../../base/deadline.ts';
import type { Clock, Ms } from '../../core/time.ts';
import { refusalOf } from '../../mail/refusal.ts';
import type { Exchanged } from '../common/exchange.ts';
import { LONGEST_WAIT, retryAfter } from '../common/reply.ts';
import { detailOf, USUAL_WAIT } from './answers.ts';

/** What a call is for. Mail does not wait because Mailgun answers too many questions. */
export type Use = 'mail' | 'questions';

/** All calls of one account, which wait together when Mailgun asks for it. */
export type Route = {
  /** How long it must be left alone, or 0: then the call may be made, and `heard` has to be told of its end. */
  enter(use: Use, until: Deadline): Promise<Ms>;
  heard(use: Use, exchanged: Exchanged): void;
};

/** `strikes`: how often in a row it asked to be left alone. `probe` resolves when the call that tries it again is over. */
type Lane = { until: Ms; strikes: number; probe: Probe | null };
type Probe = { over: Promise<void>; end(): void };

/** `now` never goes back. */
export function createRoute(now: Clock): Route {
  const fresh = (): Lane => ({ until: Number.NEGATIVE_INFINITY, strikes: 0, probe: null });
  const lanes: Record<Use, Lane> = { mail: fresh(), questions: fresh() };
  return {
    async enter(use, until) {
      const lane = lanes[use];
      for (;;) {
        const rest = Math.max(lane.until, lanes.mail.until) - now();
        if (rest > 0) return rest;
        if (lane.strikes === 0 || until.signal.aborted) return 0;
        if (!lane.probe) {
          lane.probe = pending();
          return 0;
        }
        await settledBy(lane.probe.over, until.signal);
      }
    },
    heard(use, exchanged) {
      const lane = lanes[use];
      const asked = waitAskedIn(exchanged);
      // What is heard in a wait comes from calls that began before it: only a longer wait is news then.
      if (lane.until <= now()) lane.strikes = asked === null ? 0 : lane.strikes + 1;
      if (asked !== null) {
        const usual = USUAL_WAIT * 2 ** Math.min(lane.strikes - 1, 7);
        lane.until = Math.max(lane.until, now() + Math.min(asked ?? usual, LONGEST_WAIT));
      }
      lane.probe?.end();
      lane.probe = null;
    },
  };
}

/** How long Mailgun asks to be left alone; undefined when it does not say how long, null when it does not ask for it. */
function waitAskedIn(exchanged: Exchanged): Ms | null | undefined {
  if (exchanged.kind === 'silence') return null;
  if (exchanged.status < 400) return null;
  const wait = retryAfter(exchanged, detailOf(exchanged)) ?? undefined;
  if (refusalOf(exchanged.status, detailOf(exchanged), 'send') === 'busy') return wait;
  return exchanged.status >= 500 ? (wait ?? null) : null;
}

function pending(): Probe {
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { over, end: () => end() };
}

function settledBy(over: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    void over.then(done);
  });
}
