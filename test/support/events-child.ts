// Run by tests as a process of its own: posts what is due to an endpoint, and waits for its answers until it is killed.

import { DAY, MINUTE } from '../../src/core/time.ts';
import { createPoster } from '../../src/events/poster.ts';
import { targetsOf } from '../../src/events/target.ts';
import { openStore } from '../../src/store/db/open.ts';
import { clockAt } from './clock.ts';

const [url = '', endpoint = '', secret = '', now = ''] = process.argv.slice(2);
const targets = targetsOf(
  { EVENTS_WEBHOOK_URL: [endpoint], EVENTS_WEBHOOK_SECRET: [secret], EVENTS_WEBHOOK_ALLOW_PRIVATE: 'on' },
  { patience: MINUTE },
);
const store = openStore(url);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const poster = createPoster({
  ...{ store, targets, kinds: ['delivered'], retry: DAY, now: clockAt(Number(now)), log, onFree() {} },
  signal: new AbortController().signal,
});
await poster.run();
await poster.idle();
