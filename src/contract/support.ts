// What those who answer for mail see of one, and of all the mail to one person.
import type { Attempt } from '../core/delivery.ts';
import { type Asked, resendableFrom } from '../core/resend.ts';
import { shortened } from '../core/safe-text.ts';
import { type Deed, deedsFor, lastTrouble, nextTry, type Way } from '../core/support.ts';
import { DAY, type Ms } from '../core/time.ts';
import { resendableAt } from '../core/waiting.ts';
import type { Keeping } from '../core/words/holds.ts';
import {
  DEED_WORDS,
  erasedWords,
  lastTryWords,
  NO_PROOF,
  nextTryWords,
  noRecordProof,
  nothingRecorded,
  suppressionWords,
  troubleWords,
  undoWords,
} from '../core/words/support.ts';
import { providerWords } from '../core/words/ways.ts';
import type { Store } from '../store/db/open.ts';
import { erasedAmong } from '../store/erased.ts';
import { keptAmong } from '../store/ledger/kept.ts';
import { nearAddresses } from '../store/messages/near.ts';
import { askedAmong, awaitedFrom } from '../store/messages/resends.ts';
import { newestTo, oldestMessage } from '../store/messages/search.ts';
import { standings } from '../store/notes/health.ts';
import { listSuppressions } from '../store/projections/suppressions.ts';
import { load, type MessageRow, type SuppressionRow, type View } from '../store/rows/rows.ts';
import { detailOf, explanationOf } from './present.ts';
import { shownTraffic, type Traffic, type TrafficByClass } from './traffic.ts';

export type SupportDeps = {
  store: Store;
  now: Ms;
  /** The names of those whom mail is handed to, in their order, where they are said. */
  providers?: readonly string[] | undefined;
  /** How long after a mail it can be sent again because a person asks for it. */
  cooldown: Ms;
  /** How many days finished messages are kept, where that is said. */
  retentionDays?: number | undefined;
  /** How mail flows at this moment, where each card is to say it. */
  traffic?: (() => Promise<TrafficByClass>) | undefined;
};

export type Wanted = { recipient: string; limit: number; cursor?: string | undefined };

/** All that is known of the mail to one person, newest first, a page at a time. */
export async function supportOf(deps: SupportDeps, { recipient, limit, cursor }: Wanted) {
  const { store } = deps;
  const { ids, next, more } = await newestTo(store, { recipient, limit, cursor });
  const found = await load(store.db, ids);
  const views = ids.flatMap((id) => found.get(id) ?? []);
  const mails = await cardsOf(deps, views);
  const { rows } = await listSuppressions(store, { limit: 1, address: recipient });
  const [newest] = mails;
  const [listed] = rows;
  return {
    recipient,
    sentence: newest?.sentence ?? nothingRecorded(recipient),
    suppression: listed ? shownSuppression(listed, recipient) : null,
    mails,
    next,
    more,
    ...(newest ? {} : await nothingOf(deps, recipient)),
  };
}

export type ShownSupport = Awaited<ReturnType<typeof supportOf>>;

/** A message with everything that is known of it, and a card for each of its deliveries. */
export async function detailWithSupport(deps: SupportDeps, message: MessageRow, views: readonly View[]) {
  const kept = await keptAmong(deps.store, views, deps.now);
  const cards = await cardsOf(deps, views, kept);
  const detail = detailOf(message, views, kept);
  return { ...detail, deliveries: detail.deliveries.map((delivery, i) => ({ ...delivery, support: cards[i] })) };
}

/** What it means that nothing is recorded of an address, and whom else could be meant. */
async function nothingOf({ store, retentionDays }: SupportDeps, recipient: string) {
  const since = await oldestMessage(store);
  const erasedAt = (await erasedAmong(store, [recipient]))(recipient);
  const proof = noRecordProof({ since, kept: retentionDays === undefined ? null : retentionDays * DAY });
  return {
    doesNotProve: erasedAt === null ? proof : `${erasedWords(erasedAt)} ${proof}`,
    recordedSince: iso(since),
    near: await nearAddresses(store, recipient),
  };
}

function shownSuppression({ cause, reply, delivery_id, created_at }: SuppressionRow, recipient: string) {
  return {
    ...{ cause, sentence: suppressionWords(cause), since: iso(Number(created_at)), reply, delivery: delivery_id },
    canDo: [{ ...shownDeed('unsuppress', { message: '', recipient }), sentence: undoWords(cause) }],
  };
}

type Kept = ReadonlyMap<string, Keeping>;

/** A card for each of these deliveries, in their order; `keptFrom` says what keeps them from leaving, where that was read. */
export async function cardsOf(deps: SupportDeps, views: readonly View[], keptFrom?: Kept): Promise<Card[]> {
  if (views.length === 0) return [];
  const { store, now, providers } = deps;
  const messages = views.map((view) => ({ id: view.messageId, message_key: view.key }));
  const [kept, asked, known, traffic] = await Promise.all([
    keptFrom ?? keptAmong(store, views, now),
    askedAmong(store, messages, now),
    standings(store),
    deps.traffic?.(),
  ]);
  const ways = (providers ?? []).map((name) => ({ name, isUp: known.get(name)?.state !== 'down' }));
  return views.map((view) =>
    cardOf(view, {
      ...{ ways, now, cooldown: deps.cooldown, traffic: traffic?.[view.class] },
      ...{ keeping: kept.get(view.id), asked: asked.get(view.messageId) ?? null },
    }),
  );
}

type World = {
  keeping: Keeping | undefined;
  asked: Asked | null;
  ways: readonly Way[];
  traffic: Traffic | undefined;
  cooldown: Ms;
  now: Ms;
};

function cardOf(view: View, world: World) {
  const { delivery, birth, recipient } = view;
  const { state, provider, attempt, attempts } = delivery;
  const last = attempts.at(-1);
  const next = nextTry(delivery, birth.policy.fallback, world.ways, world.now);
  const nextName = next?.provider == null ? null : nameOf(view, next.provider);
  const resendAt = resendFrom(view, world);
  const prospect = { isSuppressed: view.suppressed !== null, isWatched: birth.policy.watch };
  const deeds = deedsFor({ delivery, ...prospect, mayResend: resendAt !== null });
  const target = { message: view.messageId, recipient };
  return {
    message: view.messageId,
    delivery: view.id,
    recipient,
    ...{ subject: view.subject, from: view.sender, class: view.class, createdAt: iso(view.messageAt) },
    state,
    sentence: explanationOf(view, world.keeping),
    ...{ provider, attempt },
    lastAttempt: last ? { ...attemptOf(last), provider: last.claim.provider } : null,
    lastError: errorOf(view),
    nextRetry: next && { at: iso(next.at), by: next.by, provider: next.provider },
    nextSentence: nextTryWords(next, nextName, world.now),
    ...(world.traffic ? { traffic: shownTraffic(view.class, world.traffic) } : {}),
    doesNotProve: NO_PROOF[state],
    canDo: deeds.map((deed) => ({
      ...shownDeed(deed, target),
      ...(deed === 'resend' ? { from: iso(resendAt) } : {}),
    })),
  };
}

export type Card = ReturnType<typeof cardOf>;

const attemptOf = (attempt: Attempt) => ({
  number: attempt.number,
  at: iso(attempt.claim.at),
  outcome: attempt.outcome,
  sentence: lastTryWords(attempt),
});

/** Longer replies are in the story of the message. */
const LONGEST_REPLY = 500;

function errorOf({ delivery }: View) {
  const trouble = lastTrouble(delivery);
  if (trouble === null) return null;
  const { at, attempt, reason, said } = trouble;
  const reply = said === null ? null : shortened(said, LONGEST_REPLY);
  return { at: iso(at), attempt, reason, sentence: troubleWords(reason), reply };
}

/** As it is called in sentences: a secondary by what it was used as. */
function nameOf({ delivery: { attempts } }: View, provider: string): string {
  const claim = attempts.findLast((attempt) => attempt.claim.provider === provider)?.claim;
  return providerWords({ provider, role: claim?.role ?? 'first' });
}

/** From when on another copy may be asked for; null where that is of no use. */
function resendFrom({ delivery, messageAt, birth }: View, { asked, cooldown, now }: World): Ms | null {
  const madeAt = awaitedFrom({ created_at: messageAt, deliver_at: birth.deliverAt });
  return resendableAt([delivery], resendableFrom(madeAt, asked, cooldown), now);
}

function shownDeed(what: Deed, target: { message: string; recipient: string }) {
  const { sentence, command, call, forOne } = DEED_WORDS[what];
  return {
    what,
    sentence,
    command: command?.(target) ?? null,
    call: call?.(target) ?? null,
    ...(forOne ? { body: { recipient: target.recipient } } : {}),
  };
}

const iso = (at: Ms | null): string | null => (at === null ? null : new Date(at).toISOString());
