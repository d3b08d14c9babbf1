import type Router from '@koa/router';
import type { Context } from 'koa';
import { AppError } from '../../base/errors.ts';
import { ownClassOf } from '../../contract/present.ts';
import { cardsOf } from '../../contract/support.ts';
import { isEnded, mayComeBack } from '../../core/delivery.ts';
import { safeLines } from '../../core/safe-text.ts';
import { tagsKept } from '../../core/tags.ts';
import { eventKeyOf } from '../../store/inbox/inbox.ts';
import { eventsNamed, type RawEvent } from '../../store/inbox/told-of.ts';
import { withBodies } from '../../store/messages/bodies.ts';
import { deliveryIds, findMessageRow, sharingKey } from '../../store/messages/find.ts';
import { auditOf } from '../../store/notes/audit.ts';
import { load, type MessageRow, type View } from '../../store/rows/rows.ts';
import type { Desk } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';
import type { Visitor } from '../desk/visitor.ts';
import { given } from '../search/asked.ts';
import { seesAll, subjectFor } from '../search/shown.ts';
import { written } from '../search/tokens.ts';
import { addActs } from './mail-acts.ts';
import { addBody } from './mail-body.ts';
import { mailCard, personsDeed } from './mail-card.ts';

/** Deliveries on a page. */
const PAGE = 20;
/** Of what people did to a message, the newest are shown. */
const MOST_DEEDS = 50;
/** Messages with the same key, newer and older ones. */
const MOST_SIBLINGS = 5;
/** Of an event, so many characters are shown. */
const LONGEST_EVENT = 20_000;

/** Where a mail stands, for each of its recipients, and what can be done. */
export function addMail(router: Router, desk: Desk): void {
  router.get(
    '/messages/:id',
    desk.orPlain('support', (ctx) => showMail(ctx, desk)),
  );
  addActs(router, desk);
  addBody(router, desk);
}

async function showMail(ctx: Context, desk: Desk): Promise<void> {
  const { store, settings, providers } = desk;
  const message = await findMessageRow(store, String(ctx['params'].id));
  if (!message) throw new AppError('not_found', TEXTS.errors.nothing);
  const at = desk.now();
  const { role } = ctx.state['visitor'] as Visitor;
  const to = given(ctx, 'to') || undefined;
  const ids = await deliveryIds(store.db, message.id, to);
  const from = Number(/^\d{1,9}$/.exec(given(ctx, 'from'))?.[0] ?? 0);
  const found = await load(store.db, ids.slice(from, from + PAGE));
  const views = [...found.values()];
  const cards = await cardsOf({ store, now: at, providers, cooldown: settings.resendCooldown }, views);
  const deeds = (await auditOf(store, message.id, MOST_DEEDS)).map(personsDeed);
  const siblings = await sharingKey(store, message, MOST_SIBLINGS);
  desk.show(ctx, 'mail', {
    ...{ title: subjectFor(role, message) || TEXTS.messages.noSubject, live: views.some(isUnderWay) },
    message: { ...message, ownClass: ownClassOf(views) },
    linked: linksOf(message),
    cards: views.map((view, i) => mailCard(view, cards[i] as (typeof cards)[number], { role, now: at, deeds })),
    ...{ isOne: to !== undefined, total: ids.length, from, older: from + PAGE < ids.length ? from + PAGE : null },
    siblings: siblings.map((one) => siblingOf(one, message, role)),
    events: seesAll(role, message) ? (await eventsOf(desk, views)).map(shownEvent) : [],
    body: await bodyOf(desk, message, role),
  });
}

/** Where others like it are found. */
function linksOf({ class: kind, message_key: key, tags }: MessageRow) {
  const to = (name: string, value: string) => `/messages?${new URLSearchParams({ q: written(name, value) })}`;
  return {
    class: to('class', kind),
    key: key === null ? null : to('key', key),
    tags: tagsKept(tags).map((tag) => ({ tag, to: to('tag', tag) })),
  };
}

/** Whether more may be heard of it. */
const isUnderWay = ({ delivery }: View): boolean => !isEnded(delivery.state) || mayComeBack(delivery);

/** How another message with the same key stands to this one. */
function siblingOf(other: MessageRow, { created_at, domain }: MessageRow, role: Visitor['role']) {
  const isNewer = other.created_at > created_at;
  const relation = isNewer ? (other.domain === domain ? 'supersededBy' : 'newer') : 'older';
  return { id: other.id, at: Number(other.created_at), relation, subject: subjectFor(role, other) } as const;
}

/** What providers told, as it came. */
const eventsOf = ({ store }: Desk, views: readonly View[]): Promise<RawEvent[]> =>
  eventsNamed(
    store,
    views.flatMap(({ facts }) =>
      facts.flatMap(({ kind, key, at }) =>
        kind === 'reported' ? [eventKeyOf({ at, eventKey: key.replace(/^reported:/, '') })] : [],
      ),
    ),
  );

const shownEvent = ({ provider, source, received_at, body }: RawEvent) => ({
  ...{ provider, source, at: Number(received_at) },
  body: safeLines(indented(body).slice(0, LONGEST_EVENT), LONGEST_EVENT),
});

function indented(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

/** Whether its body can be shown, or why not. */
async function bodyOf({ store, showsBodies, encryptionKey }: Desk, message: MessageRow, role: Visitor['role']) {
  if (showsBodies !== 'owner' || role !== 'owner' || !encryptionKey) return null;
  if (message.class === 'access') return { can: false, says: TEXTS.mail.body.access };
  return (await withBodies(store, [message.id])).size > 0
    ? { can: true, says: TEXTS.mail.body.about }
    : { can: false, says: TEXTS.mail.body.gone };
}
