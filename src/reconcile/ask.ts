import { wordsOf } from '../base/errors.ts';
import { handle } from '../base/ids.ts';
import type { Sighting } from '../core/sighting.ts';
import type { Clock, Ms } from '../core/time.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { addHandles, keep, knownEvents, match } from '../store/inbox.ts';
import type { View } from '../store/rows/rows.ts';
import { recipientKey } from '../store/rows/rows.ts';

/** One event of a provider's records, as it came and as we read it. */
export type RawItem = { body: unknown; sighting: Sighting };

/** What a provider's records can be asked. Rejects when the provider can't be asked now. */
export type History = {
  about(
    domain: string,
    query: { messageId: string; recipient?: string; since: Ms },
  ): Promise<{ items: RawItem[]; complete: boolean }>;
  aboutRecipient(domain: string, recipient: string, since: Ms): Promise<{ items: RawItem[]; complete: boolean }>;
};

export type AskDeps = { store: Store; history: History; now: Clock };

export type AskResult = { known: boolean; problem: string | null };

/** Asks the provider about a delivery, and files what it says in the inbox like any other event. */
export async function ask(deps: AskDeps, view: View): Promise<AskResult> {
  try {
    const items = await itemsAbout(deps.history, view);
    const adoptedId = await idOfLostRepost(deps.store, view, items);
    const mine = items.filter(
      ({ sighting: s }) => isAbout(view, s) || (adoptedId !== null && s.messageId === adoptedId),
    );
    await fileItems(deps.store, mine, 'lookup', deps.now());
    const key = recipientKey(view.recipient);
    const known = mine.some(({ sighting: s }) => s.recipient !== null && recipientKey(s.recipient) === key);
    return { known, problem: null };
  } catch (error) {
    return { known: false, problem: wordsOf(error) };
  }
}

async function itemsAbout(history: History, view: View): Promise<RawItem[]> {
  const { attempts } = view.delivery;
  const last = attempts.at(-1);
  const since = (attempts[0]?.claim.at ?? view.birth.createdAt) - 10 * MINUTE;
  const items: RawItem[] = [];
  for (const messageId of idsOf(view)) {
    items.push(...(await history.about(view.domain, { messageId, recipient: view.recipient, since })).items);
  }
  // A re-post may have got an id that we never learnt: look for our own variable among the recipient's events.
  if (last?.outcome === 'unconfirmed' && last.number > 1) {
    items.push(...(await history.aboutRecipient(view.domain, view.recipient, last.claim.at - MINUTE)).items);
  }
  return items;
}

/**
 * The id that a re-post got whose answer was lost: the only one that nobody recorded, of mail to this recipient that was
 * accepted since the re-post began. From then on it is one of the message's names.
 */
async function idOfLostRepost(store: Store, view: View, items: readonly RawItem[]): Promise<string | null> {
  const last = view.delivery.attempts.at(-1);
  if (last?.outcome !== 'unconfirmed' || last.claim.route !== 'repost') return null;
  const since = last.claim.at - SECOND;
  const sightings = items
    .map(({ sighting }) => sighting)
    .filter((s) => s.report === 'accepted' && s.at >= since && s.messageId !== null && !isAbout(view, s))
    .filter((s) => s.homingId === null && recipientKey(s.recipient ?? '') === recipientKey(view.recipient));
  const unknown = (await match(store, sightings)).map(({ kind }) => kind !== 'delivery');
  const [id, ...others] = new Set(sightings.filter((_, i) => unknown[i]).map((s) => s.messageId));
  if (!id || others.length > 0) return null;
  await addHandles(store, [{ hash: handle('reply', view.domain, id), message_id: view.messageId }]);
  return id;
}

/** Every id under which the provider may know it: the one it was sent with, those of its answers, and those it spoke of. */
function idsOf(view: View): Set<string> {
  const ids = new Set([view.rfcMessageId]);
  for (const { answer, claim, reports } of view.delivery.attempts) {
    if (answer?.kind === 'accepted' && claim.route !== 'secondary' && answer.messageId) ids.add(answer.messageId);
    for (const { messageId } of reports) if (messageId) ids.add(messageId);
  }
  return ids;
}

const isAbout = (view: View, s: Sighting): boolean =>
  s.homingId === view.messageId || (s.messageId !== null && idsOf(view).has(s.messageId));

/** Files events of a provider's records that the inbox does not have yet; says how many those were. */
export async function fileItems(
  store: Store,
  items: readonly RawItem[],
  source: 'lookup' | 'poll',
  now: Ms,
): Promise<number> {
  const fresh = new Map(items.map((i) => [i.sighting.eventKey, i]));
  for (const key of await knownEvents(store, [...fresh.keys()])) fresh.delete(key);
  if (fresh.size === 0) return 0;
  await keep(
    store,
    [...fresh].map(([eventKey, { body, sighting }]) => ({
      source,
      replayKey: eventKey,
      eventKey,
      receivedAt: now,
      contentType: 'application/json',
      // The records are asked per domain and need not repeat it.
      body: JSON.stringify({ domain: sighting.domain, item: body }),
    })),
  );
  return fresh.size;
}
