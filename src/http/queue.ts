import Router from '@koa/router';
import { CLASSES } from '../core/message-class.ts';
import { queueOf } from '../core/queue.ts';
import type { Clock } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { waitingByClass } from '../store/queue.ts';
import { bearer } from './auth.ts';

/** What waits to be handed over, by class. */
export function createQueue({ store, tokens, now }: { store: Store; tokens: readonly string[]; now: Clock }): Router {
  const router = new Router();
  router.get('/api/queue', bearer(tokens), async (ctx) => {
    const at = now();
    const waiting = await waitingByClass(store, at);
    ctx.body = { classes: Object.fromEntries(CLASSES.map((name) => [name, queueOf(waiting[name], at)])) };
  });
  return router;
}
