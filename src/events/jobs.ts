import type { Job } from '../base/job.ts';
import type { Log } from '../base/log.ts';
import { type Clock, HOUR, SECOND } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { pruneEvents } from '../store/events.ts';
import { pruneEndpoints } from '../store/notes/endpoints.ts';
import { exchangeOf } from './exchange.ts';
import { tellOfLost } from './lost.ts';
import { createPoster } from './poster.ts';
import type { EventsSettings } from './settings.ts';
import { targetsOf } from './target.ts';

export type EventsInside = {
  store: Store;
  config: EventsSettings;
  now: Clock;
  signal: AbortSignal;
  log: Log;
  wake(job: string): void;
};

const postJob: Job<EventsInside> = {
  name: 'events',
  pause: () => SECOND,
  start({ config, wake, ...inside }) {
    const kinds = config.EVENTS_WEBHOOK_STATES;
    const retry = config.EVENTS_WEBHOOK_RETRY;
    const targets = [...targetsOf(config), ...exchangeOf(config, config.EVENTS_WEBHOOK_URL.length + 1)];
    return createPoster({ ...inside, targets, kinds, retry, onFree: () => wake('events') });
  },
};

/** Events that are deleted at once. */
const BITE = 200;

const pruneJob: Job<EventsInside> = {
  name: 'prune-events',
  pause: () => HOUR,
  start: ({ store, config, now, log }) => ({
    async run() {
      const before = now() - config.EVENTS_KEPT;
      const { events, untold } = await pruneEvents(store, before, BITE);
      if (untold.length > 0) await tellOfLost(store, { untold, at: now(), log });
      return events > 0 ? events : pruneEndpoints(store, before);
    },
  }),
};

export const EVENTS_JOBS = [postJob, pruneJob];
