import type Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import { parse } from '../../base/parse.ts';
import { within } from '../../base/wait.ts';
import { addressKey, canonicalAddress } from '../../core/address.ts';
import { DAY, SECOND } from '../../core/time.ts';
import { CAUSES, type SuppressionCause } from '../../core/verdict.ts';
import { REASON_WORDS } from '../../core/words/reasons.ts';
import { unlist } from '../../operate/unsuppress.ts';
import { MOST_COUNTED } from '../../store/db/counted.ts';
import { addSuppression, listSuppressions, removeSuppression } from '../../store/projections/suppressions.ts';
import {
  type After,
  AROUND,
  doubtfulSuppressions,
  type Listed,
  newestSuppressions,
} from '../../store/suppression-list.ts';
import { type Desk, type Form, type Next, whoIs } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';
import type { Visitor } from '../desk/visitor.ts';

const MOST = 50;
const PATIENCE = 10 * SECOND;
const { suppressions: SAYS } = TEXTS;

const ALL_CAUSES: readonly SuppressionCause[] = ['complained', 'unsubscribed', 'operator', ...CAUSES];
const isWish = (cause: SuppressionCause): boolean => cause === 'complained' || cause === 'unsubscribed';
const wordsFor = (cause: SuppressionCause): string =>
  cause in SAYS.causes
    ? SAYS.causes[cause as keyof typeof SAYS.causes]
    : REASON_WORDS[cause as (typeof CAUSES)[number]].short;

/** Who nothing is sent to, why, and how that is undone. */
export function addSuppressions(router: Router, desk: Desk): void {
  router.get('/suppressions', desk.allow('support'), (ctx) => showAll(ctx, desk));
  router.post('/suppressions', ...desk.act('owner', (_, form, visitor) => add(desk, form, visitor)));
  router.post('/suppressions/remove', ...desk.act('owner', (_, form, visitor) => remove(desk, form, visitor)));
}

async function showAll(ctx: Context, desk: Desk): Promise<void> {
  const search = parse(SEARCH, { ...ctx.query });
  const { address, cause, doubtful, at, after } = search;
  const from = at !== undefined && after !== undefined ? { at, address: after } : undefined;
  const found = doubtful
    ? (await doubtfulSuppressions(desk.store, desk.now() - 7 * DAY, MOST_COUNTED)).filter(isBehind(from))
    : await newestSuppressions(desk.store, { address, cause, after: from, limit: MOST + 1 });
  const entries = found.slice(0, MOST).map((entry) => ({ ...entry, why: wordsFor(entry.cause) }));
  const last = found.length > MOST ? entries.at(-1) : undefined;
  desk.show(ctx, 'suppressions', {
    ...{ title: SAYS.title, entries, doubtful, address, cause, isFirst: !(address ?? cause ?? from) && !doubtful },
    older: last ? olderThan(last, search) : null,
    one: address !== undefined && !from ? oneOf(desk, entries, addressKey(address)) : null,
    causes: ALL_CAUSES.map((name) => ({ name, says: wordsFor(name) })),
    days: AROUND / DAY,
  });
}

/** In the order of the list, newest first. */
const isBehind =
  (from: After | undefined) =>
  ({ createdAt, address }: Listed): boolean =>
    !from || createdAt < from.at || (createdAt === from.at && address < from.address);

/** The entry that is meant: of that very address, or the only one that begins so. */
function oneOf({ lists }: Desk, entries: readonly Listed[], key: string) {
  const entry = entries.find(({ address }) => address === key) ?? (entries.length === 1 ? entries[0] : undefined);
  return entry ? { ...entry, isWish: isWish(entry.cause), hasLists: lists !== undefined } : null;
}

/** The same search from behind that entry. */
const olderThan = (last: Listed, { address, cause, doubtful }: Search): string =>
  `/suppressions?${new URLSearchParams({
    ...{ ...(address ? { address } : {}), ...(cause ? { cause } : {}), ...(doubtful ? { doubtful: 'yes' } : {}) },
    ...{ at: String(last.createdAt), after: last.address },
  })}`;

const text = z.string().trim();
const absent = <T extends z.ZodType>(kind: T) =>
  z
    .literal('')
    .transform(() => undefined)
    .or(kind)
    .optional();

const SEARCH = z
  .object({
    address: absent(text.max(320)),
    cause: absent(z.enum(ALL_CAUSES as [SuppressionCause, ...SuppressionCause[]])),
    doubtful: z
      .string()
      .optional()
      .transform((given) => given === 'yes'),
    at: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
    after: text.max(320).optional(),
  })
  // Those that are perhaps mistakes are a list of their own.
  .transform((search) => (search.doubtful ? { ...search, address: undefined, cause: undefined } : search));
type Search = z.infer<typeof SEARCH>;

const WISH = z.object({
  address: text.max(1000).transform((given, ctx) => {
    const address = canonicalAddress(given);
    if (address !== null) return address;
    ctx.addIssue({ code: 'custom', message: SAYS.noAddress });
    return z.NEVER;
  }),
  reason: text.min(1, 'is needed: whoever reads the list has to know').max(500),
  atMailgun: z.string().optional(),
});

async function add({ store, now }: Desk, form: Form, visitor: Visitor): Promise<Next> {
  const { address, reason } = parse(WISH, Object.fromEntries(form));
  if (!(await addSuppression(store, { address, reason, who: whoIs(visitor) }, now())))
    throw new AppError('conflict', SAYS.known);
  return { to: toAddress(address), done: 'suppressed' };
}

async function remove(desk: Desk, form: Form, visitor: Visitor): Promise<Next> {
  const { store, now } = desk;
  // What stands on the list need not be an address as we would write it.
  const given = parse(WISH.extend({ address: text.min(1).max(320) }), Object.fromEntries(form));
  const { rows } = await listSuppressions(store, { limit: 1, address: given.address });
  const [row] = rows;
  if (!row) throw new AppError('conflict', SAYS.gone);
  const who = whoIs(visitor);
  // Mailgun first: if it can't be done there our own list stays, and it can be done again.
  if (given.atMailgun)
    await unlistAtMailgun(desk, { address: row.address_key, cause: row.cause, who, why: given.reason });
  if (!(await removeSuppression(store, row.address_key, who, now(), given.reason)))
    throw new AppError('conflict', SAYS.gone);
  return { to: toAddress(row.address_key), done: 'unsuppressed' };
}

const toAddress = (address: string): string => `/suppressions?${new URLSearchParams({ address })}`;

async function unlistAtMailgun(desk: Desk, wish: Parameters<typeof unlist>[2]): Promise<void> {
  if (!desk.lists) throw new AppError('invalid', SAYS.noLists);
  const told = await within(unlist(desk.store, desk.lists, wish, desk.now()), desk.providerPatience ?? PATIENCE, null);
  if (told === null) throw new AppError('unavailable', SAYS.silent);
  if (told.problems.length > 0) throw new AppError('unavailable', SAYS.refused(told.problems.join('; ')));
}
