import { handle } from '../base/ids.ts';
import type { Sighting } from '../core/sighting.ts';
import { MINUTE, type Ms, SECOND } from '../core/time.ts';
import type { Found, History, RawItem } from '../providers/provider.ts';
import type { Providers } from '../providers/registry/registry.ts';
import type { Store } from '../store/db/open.ts';
import { confirmEvents } from '../store/inbox/doubts.ts';
import { eventKeyOf, keep, knownEvents } from '../store/inbox/inbox.ts';
import { addHandles, match } from '../store/inbox/match.ts';
import { aboutOf } from '../store/inbox/news.ts';
import { recipientKey, type View } from '../store/rows/rows.ts';

export type AskDeps = { store: Store; providers: Providers };

/**
 * `known`: there is an event of this message to this recipient. `traced`: there is one that may be about this recipient,
 * as it is about no other that we know. `complete`: all that there was could be read.
 */
export type Answered = { known: boolean; traced: boolean; complete: boolean };
/** `byOthers`: the provider of the latest attempt has no records. */
type AnsweredBy = Answered & { byOthers: boolean };

/**
 * Asks the providers that had a delivery what they know of it, and puts what they say into the inbox like any other
 * event. The answer is the one of the provider of the latest attempt, if it can be asked, else of the others. Rejects
 * when one of them can not be asked now.
 */
export async function ask(deps: AskDeps, view: View, now: Ms): Promise<AnsweredBy> {
  const names = new Set(view.delivery.attempts.map((a) => a.claim.provider));
  const last = view.delivery.attempts.at(-1)?.claim.provider;
  const byOthers = !deps.providers.named(last ?? '')?.history;
  let result: Answered = { known: false, traced: false, complete: false };
  for (const provider of deps.providers.all.filter(({ name }) => names.has(name))) {
    if (!provider.history) continue;
    const answered = await askOne(deps.store, { name: provider.name, history: provider.history }, view, now);
    const counts = provider.name === last || !deps.providers.named(last ?? '')?.can.lookUp;
    if (!counts) continue;
    const [known, traced] = [result.known || answered.known, result.traced || answered.traced];
    result = { known, traced, complete: answered.complete };
  }
  return { ...result, byOthers };
}

type Asked = { name: string; history: History };

async function askOne(store: Store, { name, history }: Asked, view: View, now: Ms): Promise<Answered> {
  const { items, complete } = await itemsAbout(name, history, view);
  const adoptedId = await idOfLostRepost(store, name, view, items);
  const isMine = (s: Sighting) => isAbout(name, view, s) || (adoptedId !== null && s.messageId === adoptedId);
  const mine = items.filter(({ sighting }) => isMine(sighting));
  await fileItems(store, name, { history, items: mine, source: 'lookup', now });
  const key = recipientKey(view.recipient);
  const known = mine.some(({ sighting: s }) => s.recipient !== null && recipientKey(s.recipient) === key);
  return { known, traced: known || (await isTraced(store, name, view, mine)), complete };
}

/** What names none of the message's other recipients may speak of this one: of a list that it stands for, or of nobody. */
async function isTraced(store: Store, provider: string, view: View, mine: readonly RawItem[]): Promise<boolean> {
  const matches = await match(
    store,
    mine.map(({ sighting }) => ({ provider, sighting })),
  );
  return matches.some((m) => m.kind !== 'deliveries' || m.ids.includes(view.id));
}

async function itemsAbout(provider: string, history: History, view: View): Promise<Found> {
  const attempts = view.delivery.attempts.filter((a) => a.claim.provider === provider);
  const last = attempts.at(-1);
  const since = (attempts[0]?.claim.at ?? view.birth.createdAt) - 10 * MINUTE;
  const found: Found[] = [];
  for (const messageId of idsOf(provider, view))
    found.push(await history.about(view.domain, { messageId, recipient: view.recipient, since }));
  // It may have got an id that we never learnt: look for our own variable among the recipient's events.
  if (last?.outcome === 'unconfirmed' && (last.claim.way === 'stored' || history.ids === 'own'))
    found.push(await history.aboutRecipient(view.domain, view.recipient, last.claim.at - MINUTE));
  return { items: found.flatMap((f) => f.items), complete: found.every((f) => f.complete) };
}

/**
 * Finds the id of a re-post whose answer was lost: the only id that nobody recorded, of mail to this recipient accepted
 * since the re-post began. From then on it counts as a name of the message.
 */
async function idOfLostRepost(
  store: Store,
  provider: string,
  view: View,
  items: readonly RawItem[],
): Promise<string | null> {
  const last = view.delivery.attempts.at(-1);
  if (last?.outcome !== 'unconfirmed' || last.claim.way !== 'stored' || last.claim.provider !== provider) return null;
  const since = last.claim.at - SECOND;
  const sightings = items
    .map(({ sighting }) => sighting)
    .filter((s) => s.report === 'accepted' && s.at >= since && s.messageId !== null && !isAbout(provider, view, s))
    .filter((s) => s.homingId === null && recipientKey(s.recipient ?? '') === recipientKey(view.recipient));
  const found = await match(
    store,
    sightings.map((sighting) => ({ provider, sighting })),
  );
  const [id, ...others] = new Set(sightings.filter((_, i) => found[i]?.kind !== 'deliveries').map((s) => s.messageId));
  if (!id || others.length > 0) return null;
  await addHandles(store, [{ hash: handle(provider, 'reply', view.domain, id), message_id: view.messageId }]);
  return id;
}

/**
 * Every id by which a provider may know it: the one it was sent with, those in its answers, and those in its events.
 */
function idsOf(provider: string, view: View): Set<string> {
  const ids = new Set([view.rfcMessageId]);
  for (const { answer, claim, reports } of view.delivery.attempts.filter((a) => a.claim.provider === provider)) {
    if (answer?.kind === 'accepted' && claim.provider === provider && answer.messageId) ids.add(answer.messageId);
    for (const { messageId } of reports) if (messageId) ids.add(messageId);
  }
  return ids;
}

/** Of a mail that we sent our variable tells for certain: another message may have the same Message-Id. */
function isAbout(provider: string, view: View, s: Sighting): boolean {
  if (s.homingId !== null && view.origin === 'queued') return s.homingId === view.messageId;
  return s.homingId === view.messageId || (s.messageId !== null && idsOf(provider, view).has(s.messageId));
}

export type Items = { history: History; items: readonly RawItem[]; source: 'lookup' | 'poll'; now: Ms };

/** Files events of a provider's records that the inbox does not have yet; says how many those were. */
export async function fileItems(
  store: Store,
  provider: string,
  { history, items, source, now }: Items,
): Promise<number> {
  const fresh = new Map(items.map((item) => [eventKeyOf(item.sighting), item]));
  const known = await knownEvents(store, [...fresh.keys()]);
  await confirmEvents(store, [...known]);
  for (const key of known) fresh.delete(key);
  if (fresh.size === 0) return 0;
  const arrivals = [...fresh].map(([eventKey, item]) => ({
    ...history.keep(item),
    provider,
    source,
    eventKey,
    about: aboutOf(item.sighting),
    receivedAt: now,
  }));
  await keep(store, arrivals);
  return fresh.size;
}
