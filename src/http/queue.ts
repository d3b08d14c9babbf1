import Router from '@koa/router';
import { shownStanding, shownUnwell, shownWarmup } from '../contract/provider.ts';
import { CLASSES } from '../core/message-class.ts';
import { queueOf } from '../core/queue.ts';
import type { Clock } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { standings, unwell } from '../store/notes/health.ts';
import { warmupRateNow } from '../store/notes/warmup.ts';
import { waitingByClass } from '../store/queue.ts';
import { bearer } from './auth.ts';

type QueueDeps = {
  store: Store;
  tokens: readonly string[];
  /** The names of those whom mail is handed to, where they are said. */
  providers?: readonly string[];
  now: Clock;
};

/** What waits to be handed over, by class, and how the providers are. */
export function createQueue({ store, tokens, providers, now }: QueueDeps): Router {
  const router = new Router();
  router.get('/api/queue', bearer(tokens), async (ctx) => {
    const at = now();
    const waiting = await waitingByClass(store, at);
    ctx.body = {
      classes: Object.fromEntries(CLASSES.map((name) => [name, queueOf(waiting[name], at)])),
      providers: (await unwell(store, providers)).map(shownUnwell),
      ...shownWarmup(await warmupRateNow(store, at)),
    };
  });
  router.get('/api/providers', bearer(tokens), async (ctx) => {
    const known = await standings(store);
    const names = providers ?? [...known.keys()];
    ctx.body = { providers: names.map((name) => shownStanding(name, known.get(name))) };
  });
  return router;
}
