import type { TestContext } from 'node:test';
import type { Log } from '../../src/base/log.ts';
import { EVENT_KINDS, type EventKind } from '../../src/core/outgoing.ts';
import { DAY, type Ms } from '../../src/core/time.ts';
import { createPoster } from '../../src/events/poster.ts';
import { type HowToPost, targetsOf } from '../../src/events/target.ts';
import type { Store } from '../../src/store/db/open.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { clockAt, type SetClock } from '../support/clock.ts';
import { reported, seed } from '../support/factory.ts';
import type { Seen } from '../support/http-script.ts';

export const SECRET = `whsec_${Buffer.alloc(32, 's').toString('base64')}`;

export const QUIET: Log = { debug() {}, info() {}, warn() {}, error() {} };

type Options = { clock?: SetClock; kinds?: readonly EventKind[]; retry?: Ms; allowPrivate?: 'on' | 'off' } & HowToPost;

/** Posts the events of this database to these URLs, as a daemon does. */
export function posterTo(t: TestContext, store: Store, urls: readonly string[], options: Options = {}) {
  const { clock = clockAt(), kinds = EVENT_KINDS, retry = 3 * DAY, allowPrivate = 'on', ...how } = options;
  const stopping = new AbortController();
  const targets = targetsOf(
    { EVENTS_WEBHOOK_URL: urls, EVENTS_WEBHOOK_SECRET: [SECRET], EVENTS_WEBHOOK_ALLOW_PRIVATE: allowPrivate },
    how,
  );
  const { signal } = stopping;
  const poster = createPoster({ store, targets, kinds, retry, now: clock, signal, log: QUIET, onFree() {} });
  t.after(async () => {
    stopping.abort();
    await poster.idle();
  });
  return {
    ...{ clock, targets, poster, stop: () => stopping.abort() },
    /** Begins posts until there is nothing more to begin, and waits for them; says how many they were. */
    async all(): Promise<number> {
      let count = 0;
      for (let begun = await poster.run(); begun > 0; begun = await poster.run()) {
        count += begun;
        await poster.idle();
      }
      return count;
    },
  };
}

/** A mail that was accepted, and tells of nothing before the endpoints are named; gives its delivery. */
export async function mail(store: Store, name: string, at: Ms, recipient = `${name}@example.net`): Promise<string> {
  const [view] = await seed(store, { messageId: `${name}@mg.example.com`, recipients: [recipient], createdAt: at }, at);
  return view?.id ?? '';
}

/** Lets something be reported of a delivery. */
export const hear = (store: Store, id: string, report: Parameters<typeof reported>[0], at: Ms) =>
  change(store, [id], at, () => [reported(report, at)]);

export const typesIn = (seen: readonly Seen[]): string[] =>
  seen.map(({ body }) => {
    const { type, data } = JSON.parse(body.toString('utf8')) as { type: string; data: { recipient: string } };
    return `${data.recipient.split('@', 1)[0]} ${type.replace('message.', '')}`;
  });

export const idsIn = (seen: readonly Seen[]): (string | undefined)[] =>
  seen.map(({ headers }) => headers['webhook-id'] as string | undefined);
