import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import Router from '@koa/router';
import type { Context } from 'koa';
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
    await stream(ctx, format, exportText(format, records, { recipient: address, at }));
  });
  return router;
}

const TYPES: Readonly<Record<ExportFormat, string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
};

/**
 * Sends a text as it is made, as fast as it is read. When it can't be made to the end the connection breaks off, so that
 * nobody takes a part for the whole.
 */
async function stream(ctx: Context, format: ExportFormat, text: AsyncGenerator<string>): Promise<void> {
  // What goes wrong at the beginning is answered as everywhere.
  const first = await text.next();
  ctx.status = 200;
  ctx.type = TYPES[format];
  ctx.set('Content-Disposition', `attachment; filename="homing-export.${format}"`);
  ctx.respond = false;
  const whole = Readable.from(begunWith(first, text));
  await pipeline(whole, ctx.res).catch((error: NodeJS.ErrnoException) => {
    // Whoever asked has gone.
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
}

async function* begunWith(first: IteratorResult<string>, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  if (!first.done) yield first.value;
  yield* rest;
}

/** With or without a name, as it is copied from a mail. */
const recipient = once.max(1000, 'must be an e-mail address').transform((text, ctx) => {
  const address = soleAddressIn(text);
  if (address !== null) return address;
  ctx.addIssue({ code: 'custom', message: 'must be an e-mail address' });
  return z.NEVER;
});

const EXPORT = z.strictObject({ recipient, format: z.enum(EXPORT_FORMATS).default('json') });

const SEARCH = z.strictObject({
  recipient,
  limit: limitUpTo(50, 10),
  cursor: once.regex(/^[0-9A-Z]{26}$/, 'must be the "next" of an earlier answer').optional(),
});
