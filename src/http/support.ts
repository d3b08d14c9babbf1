import Router from '@koa/router';
import { z } from 'zod';
import { parse } from '../base/parse.ts';
import { supportOf } from '../contract/support.ts';
import type { TrafficByClass } from '../contract/traffic.ts';
import type { Settings } from '../core/settings.ts';
import type { Clock } from '../core/time.ts';
import type { BirthSettings } from '../intake/terms.ts';
import { catchUp } from '../intake/told.ts';
import { soleAddressIn } from '../mail/recipients.ts';
import { exportOf } from '../operate/export.ts';
import { EXPORT_FORMATS, type ExportFormat, exportText } from '../operate/export-forms.ts';
import type { Store } from '../store/db/open.ts';
import { bearer } from './auth.ts';
import { limitUpTo, once } from './query.ts';
import { streamText } from './stream.ts';

export type SupportRoutes = {
  store: Store;
  settings: BirthSettings & Pick<Settings, 'resendCooldown'>;
  tokens: readonly string[];
  /** The names of those whom mail is handed to, where they are said. */
  providers?: readonly string[];
  retentionDays?: number;
  /** How mail flows now. */
  traffic(): Promise<TrafficByClass>;
  now: Clock;
};

/** Where is Anna's mail? For those who answer for it. */
export function createSupport(routes: SupportRoutes): Router {
  const { store, settings, tokens, providers, retentionDays, traffic, now } = routes;
  const router = new Router({ prefix: '/api/support' });
  router.get('/', bearer(tokens), async (ctx) => {
    const wanted = parse(SEARCH, { ...ctx.query });
    await catchUp({ store, settings }, now());
    const deps = { store, now: now(), providers, cooldown: settings.resendCooldown, retentionDays, traffic };
    ctx.body = await supportOf(deps, wanted);
  });
  router.get('/export', bearer(tokens), async (ctx) => {
    const { recipient: address, format } = parse(EXPORT, { ...ctx.query });
    await catchUp({ store, settings }, now());
    const at = now();
    const records = exportOf(address, { store, who: 'api', now: at });
    await streamText(ctx, exportText(format, records, { recipient: address, at }));
    ctx.type = TYPES[format];
    ctx.set('Content-Disposition', `attachment; filename="homing-export.${format}"`);
  });
  return router;
}

const TYPES: Readonly<Record<ExportFormat, string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
};

/** With or without a name, as it is copied from a mail. */
const recipient = once.max(1000, 'must be an e-mail address').transform((text, ctx) => {
  const address = soleAddressIn(text);
  if (address !== null) return address;
  ctx.addIssue({ code: 'custom', message: 'must be an e-mail address' });
  return z.NEVER;
});

export const EXPORT = z.strictObject({ recipient, format: z.enum(EXPORT_FORMATS).default('json') });

export const SEARCH = z.strictObject({
  recipient,
  limit: limitUpTo(50, 10),
  cursor: once.regex(/^[0-9A-Z]{26}$/, 'must be the "next" of an earlier answer').optional(),
});
