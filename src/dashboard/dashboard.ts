import Router from '@koa/router';
import type { Middleware } from 'koa';
import { asset } from './desk/assets.ts';
import { createDesk, type Desk, type DeskDeps } from './desk/desk.ts';
import type { User } from './desk/users.ts';
import { createVisitors, type VisitorDeps } from './desk/visitor.ts';
import { addAlerts } from './pages/alerts.ts';
import { addBulk } from './pages/bulk.ts';
import { addCauses } from './pages/causes.ts';
import { addDoctor } from './pages/doctor.ts';
import { addEvents } from './pages/events.ts';
import { addLogin } from './pages/login.ts';
import { addMail } from './pages/mail.ts';
import { addMessages } from './pages/messages.ts';
import { addOutages } from './pages/outages.ts';
import { addOverview } from './pages/overview.ts';
import { addReport } from './pages/report.ts';
import { addReputation } from './pages/reputation.ts';
import { addSettings } from './pages/settings.ts';
import { addSuppressions } from './pages/suppressions.ts';
import { addWebhooks } from './pages/webhooks.ts';

export type DashboardDeps = Omit<DeskDeps, 'visitors' | 'hasUsers'> & VisitorDeps;

/** Pages for support, whoever is on call, and owners. */
export function createDashboard(deps: DashboardDeps): Router {
  const desk = createDesk({ ...deps, visitors: createVisitors(deps), hasUsers: deps.users.length > 0 });
  const router = new Router();
  router.get('/assets/:name', serveAsset);
  const pages = new Router();
  pages.use(desk.asPage);
  addPages(pages, desk, deps.users);
  router.use(pages.routes());
  return router;
}

function addPages(router: Router, desk: Desk, users: readonly User[]): void {
  addLogin(router, desk, users);
  addOverview(router, desk);
  addMessages(router, desk);
  addMail(router, desk);
  addOutages(router, desk);
  addAlerts(router, desk);
  addBulk(router, desk);
  addSuppressions(router, desk);
  addCauses(router, desk);
  addWebhooks(router, desk);
  addReputation(router, desk);
  addEvents(router, desk);
  addReport(router, desk);
  addSettings(router, desk);
  addDoctor(router, desk);
}

/** Browsers may keep it for ever: its address changes with its content. */
const serveAsset: Middleware = async (ctx) => {
  const file = asset(String(ctx['params'].name));
  if (!file) return;
  const isPacked = ctx.acceptsEncodings('gzip', 'identity') === 'gzip';
  ctx.body = isPacked ? file.gzip : file.body;
  if (isPacked) ctx.set('Content-Encoding', 'gzip');
  ctx.type = file.type;
  ctx.vary('Accept-Encoding');
  ctx.set('Cache-Control', 'public, max-age=31536000, immutable');
  ctx.set('Cross-Origin-Resource-Policy', 'same-origin');
};
