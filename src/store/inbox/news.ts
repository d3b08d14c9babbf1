import { recordKey, sha256 } from '../../base/ids.ts';
import type { Sighting } from '../../core/sighting.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { chunks, transact } from '../db/transact.ts';
import { recipientKey, type View } from '../rows/rows.ts';

/** Stands for events that were kept by an earlier version, which did not note whom they are about. */
const ANYBODY = '?';

/** As which an event is about a recipient. */
export const byRecipient = (address: string): string => sha256(`to\n${recipientKey(address)}`);
const byMessage = (name: string): string => sha256(`of\n${name}`);
const byDelivery = (id: string): string => sha256(`the\n${id}`);

/**
 * Whom an event is about: the delivery that it names, its recipient or the list of which that is a member, else its message;
 * null for none of them.
 */
export function aboutOf({ handedOver, list, recipient, homingId, domain, messageId }: Sighting): string | null {
  if (handedOver) return byDelivery(handedOver.deliveryId);
  const addressed = list ?? recipient;
  if (addressed !== null) return byRecipient(addressed);
  if (homingId !== null) return byMessage(homingId);
  return domain !== null && messageId !== null ? byMessage(recordKey(domain, messageId)) : null;
}

/** The message that an event names, for the day when that message is recorded; null when it names none. */
export function messageNamed({ homingId, domain, messageId }: Sighting): string | null {
  if (domain !== null && messageId !== null) return byMessage(recordKey(domain, messageId));
  return homingId === null ? null : byMessage(homingId);
}

/** A message as its record names it. */
export type Named = { id?: string; domain: string; messageId: string };

/**
 * Has events looked at again that were given up because nobody had recorded their message or its recipient; says how many
 * those are.
 */
export async function takeUpAgain(store: Store, recorded: readonly Named[], now: Ms): Promise<number> {
  const keys = recorded.flatMap(({ id, domain, messageId }) => [
    byMessage(recordKey(domain, messageId)),
    ...(id === undefined ? [] : [byMessage(id)]),
  ]);
  let woken = 0;
  for (const part of chunks(keys, 400)) {
    const given = store.db('inbox').whereIn('about', part).whereRaw('+pending = 0');
    const ids: string[] = await given.orderBy('id').limit(1000).pluck('id');
    for (const some of chunks(ids, 200)) {
      const again = { pending: 1, due_at: now, tries: 0, outcome: 'new', error: null };
      await transact(store, (tx) => tx('inbox').whereIn('id', some).whereRaw('+pending = 0').update(again));
    }
    woken += ids.length;
  }
  return woken;
}

/** The keys under which an event about this delivery may have been kept. */
export function newsKeys({ id, recipient, messageId, domain, rfcMessageId }: View): string[] {
  const ofMessage = [byMessage(messageId), byMessage(recordKey(domain, rfcMessageId))];
  return [byDelivery(id), byRecipient(recipient), ...ofMessage, ANYBODY];
}

/** Of these keys, the ones under which an event waits that nobody has looked at yet. */
export async function unreadNews(store: Store, keys: readonly string[]): Promise<Set<string>> {
  const unread = new Set<string>();
  for (const part of chunks([...new Set(keys)], 400)) {
    const rows: { about: string }[] = await store
      .db('inbox')
      .whereIn('about', part)
      // The sign keeps SQLite from walking all that waits, whomever it is about.
      .whereRaw('+pending = 1')
      .distinct('about');
    for (const { about } of rows) unread.add(about);
  }
  return unread;
}
