import type Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { parse } from '../../base/parse.ts';
import { sharedFor } from '../../base/shared.ts';
import { figuresOf } from '../../core/figures/figures.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../core/time.ts';
import { percent } from '../../core/words/numbers.ts';
import { MOST_COUNTED } from '../../store/db/counted.ts';
import { readTotals } from '../../store/figures/read-sums.ts';
import { newestAside, newestTold, type Told, toldWaiting, WAYS } from '../../store/inbox/history.ts';
import { match } from '../../store/inbox/match.ts';
import { refusedSince } from '../../store/inbox/refusals.ts';
import type { Desk } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';

const MOST = 50;
const MOST_ASIDE = 20;
const ASIDE_DAYS = 7;
const { webhooks: SAYS } = TEXTS;

/** What providers told, how it came, and what became of it. */
export function addWebhooks(router: Router, desk: Desk): void {
  const sums = sharedFor(2 * SECOND, desk.now, () => summed(desk));
  const found = sharedFor(MINUTE, desk.now, () => foundIn(desk));
  router.get('/webhooks', desk.allow('support'), async (ctx) => {
    const { way, at, before: id } = parse(SEARCH, { ...ctx.query });
    const before = at !== undefined && id !== undefined ? { at, id } : undefined;
    const isFirst = before === undefined && way === undefined;
    const [told, aside, counted, share] = await Promise.all([
      newestTold(desk.store, { way, before, limit: MOST + 1 }),
      isFirst ? newestAside(desk.store, desk.now() - ASIDE_DAYS * DAY, MOST_ASIDE) : [],
      sums(),
      found(),
    ]);
    const shown = told.slice(0, MOST);
    desk.show(ctx, 'webhooks', {
      ...{ title: TEXTS.nav.webhooks, live: isFirst, isFirst, way, ways: Object.keys(WAYS), ...counted, share },
      ...{ events: await readAll(desk, shown), aside: await readAll(desk, aside), asideDays: ASIDE_DAYS },
      older: told.length > MOST ? olderThan(ctx, shown.at(-1)) : null,
    });
  });
}

const SEARCH = z.object({
  way: z.enum(['webhook', 'polling']).optional(),
  at: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  before: z.string().max(26).optional(),
});

function olderThan({ query: { way } }: Context, last: Told | undefined): string | null {
  if (!last) return null;
  const from = { at: String(last.receivedAt), before: last.id };
  return `/webhooks?${new URLSearchParams({ ...(typeof way === 'string' ? { way } : {}), ...from })}`;
}

async function summed({ store, now }: Desk) {
  const at = now();
  const [refused, waiting] = await Promise.all([refusedSince(store, at - DAY), toldWaiting(store, MOST_COUNTED)]);
  return { refused, waiting: { ...waiting, isMore: waiting.n >= MOST_COUNTED } };
}

/** By which way the events of the last day were heard of first. */
async function foundIn({ store, now }: Desk) {
  const to = Math.ceil(now() / HOUR) * HOUR;
  const { webhook, poll, lookup } = figuresOf(await readTotals(store, { from: to - DAY, to }, ['found'])).found;
  const polled = poll + lookup;
  return webhook + polled === 0 ? null : { n: webhook + polled, polled, percent: percent(polled / (webhook + polled)) };
}

/** What each says, and of which message. */
async function readAll(desk: Desk, told: readonly Told[]) {
  const read = told.map((one) => ({ ...one, sighting: sightingOf(desk, one) }));
  const heard = read.flatMap(({ provider, sighting }) => (sighting ? [{ provider, sighting }] : []));
  const matches = (heard.length > 0 ? await match(desk.store, heard) : []).values();
  return read.map(({ id, provider, source, receivedAt, outcome, error, sighting }) => {
    const found = sighting ? matches.next().value : undefined;
    return {
      ...{ id, provider, receivedAt, error, isPolled: (WAYS.polling as readonly string[]).includes(source) },
      outcome: Object.hasOwn(SAYS.outcomes, outcome) ? SAYS.outcomes[outcome as keyof typeof SAYS.outcomes] : outcome,
      kind: sighting?.event ?? null,
      recipient: sighting?.recipient ?? null,
      messageId: found && 'messageId' in found ? found.messageId : null,
    };
  });
}

/** What stands there may be anything: it was kept before it was understood. */
function sightingOf({ read }: Desk, { provider, body, content_type }: Told) {
  try {
    return body === '' ? null : (read?.({ provider, body, content_type }) ?? null);
  } catch {
    return null;
  }
}
