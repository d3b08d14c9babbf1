import type Router from '@koa/router';
import type { Desk } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';

/** What holds here, and where it comes from. */
export function addSettings(router: Router, desk: Desk): void {
  router.get('/settings', desk.allow('owner'), (ctx) => {
    desk.show(ctx, 'settings', { title: TEXTS.nav.settings, rooms: desk.configuration() });
  });
}
