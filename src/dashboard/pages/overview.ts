import type Router from '@koa/router';
import type { Desk } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';

/** Is mail on time, and does somebody have to do something? */
export function addOverview(router: Router, desk: Desk): void {
  router.get('/', desk.allow('support'), async (ctx) => {
    desk.show(ctx, 'overview', { title: TEXTS.nav.overview, live: true, sentence: '' });
  });
}
