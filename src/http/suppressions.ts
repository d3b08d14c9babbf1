import Router from '@koa/router';
import { z } from 'zod';
import { AppError } from '../base/errors.ts';
import { parse } from '../base/parse.ts';
import { canonicalAddress } from '../core/address.ts';
import type { Clock } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { listSuppressions, removeSuppression } from '../store/projections/suppressions.ts';
import type { SuppressionRow } from '../store/rows/rows.ts';
import { bearer } from './auth.ts';
import { once, pageLimit } from './query.ts';

/** Our own suppression list: who is on it, which reply put them there, and how to take them off. */
export function createSuppressions(deps: { store: Store; tokens: readonly string[]; now: Clock }): Router {
  const { store, now } = deps;
  const router = new Router({ prefix: '/api/suppressions' });
  const allowed = bearer(deps.tokens);

  router.get('/', allowed, async (ctx) => {
    const { cursor, ...wanted } = parse(SEARCH, { ...ctx.query });
    const { rows, next } = await listSuppressions(store, { ...wanted, after: cursor });
    ctx.body = { suppressions: rows.map(suppressionOf), next };
  });
  router.delete('/:address', allowed, async (ctx) => {
    const address = canonicalAddress(String(ctx['params'].address));
    const row = address === null ? null : await removeSuppression(store, address, 'api', now());
    if (!row) throw new AppError('not_found', 'this address is not on the suppression list');
    ctx.body = { removed: suppressionOf(row) };
  });
  return router;
}

/** An entry as the API and the command show it. */
export const suppressionOf = (row: SuppressionRow) => ({
  address: row.address_key,
  cause: row.cause,
  reply: row.reply,
  delivery: row.delivery_id,
  createdAt: new Date(row.created_at).toISOString(),
});

export const SEARCH = z.strictObject({
  address: once.max(320, 'must be an address').optional(),
  limit: pageLimit,
  cursor: once.max(320, 'must be the "next" of an earlier answer').optional(),
});
