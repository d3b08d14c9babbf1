import { handle, recordKey } from '../../base/ids.ts';
import { groupBy } from '../../core/group.ts';
import type { Sighting } from '../../core/sighting.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { chunks, transact } from '../db/transact.ts';
import { type DeliveryRow, type MessageRow, recipientKey } from '../rows/rows.ts';

/** What a provider told, and which one. */
export type Heard = { provider: string; sighting: Sighting };

export type Match =
  | { kind: 'delivery'; deliveryId: string; messageId: string }
  /** The message is ours, but not with this recipient: nothing may be done for it. */
  | { kind: 'stranger' }
  | { kind: 'adopted'; messageId: string }
  | { kind: 'none' };

/**
 * Finds the deliveries that events are about, in four statements whatever their number: by our own variable, then by
 * Message-Id, then by the id of a reply, then by storage key; always together with the recipient.
 */
export async function match(store: Store, heard: readonly Heard[]): Promise<Match[]> {
  const names = heard.map(namesOf);
  const known = await messagesNamed(store, names);
  const recipients = heard.flatMap(({ sighting: { recipient } }) =>
    recipient === null ? [] : recipientKey(recipient),
  );
  const deliveryOf = await deliveriesTo(store, [...known.byId.keys()], recipients);
  return heard.map(({ sighting }, i) => {
    const name = names[i];
    return name ? choose(sighting, messagesOf(name, sighting, known), deliveryOf) : { kind: 'none' };
  });
}

type Names = { id: string | null; recordKey: string | null; handles: string[] };

function namesOf({ provider, sighting }: Heard): Names {
  const { homingId: id, domain, messageId } = sighting;
  const key = domain && messageId ? recordKey(domain, messageId) : null;
  return { id, recordKey: key, handles: handlesIn(provider, sighting) };
}

/** The names by which this provider may speak of the same message again. */
export function handlesIn(provider: string, { domain, messageId, storage }: Sighting): string[] {
  const handles: string[] = [];
  if (domain && messageId) handles.push(handle(provider, 'reply', domain, messageId));
  if (domain && storage?.key) handles.push(handle(provider, 'storage', domain, storage.key));
  return handles;
}

type Message = Pick<MessageRow, 'id' | 'record_key' | 'domain' | 'origin'>;
type Known = {
  byId: ReadonlyMap<string, Message>;
  byRecordKey: ReadonlyMap<string, Message>;
  /** The ids of the messages that have this handle. */
  byHandle: ReadonlyMap<string, string[]>;
};

const MESSAGE = ['id', 'record_key', 'domain', 'origin'] as const;

async function messagesNamed({ db }: Store, names: readonly Names[]): Promise<Known> {
  const ids = names.flatMap((n) => n.id ?? []);
  const keys = names.flatMap((n) => n.recordKey ?? []);
  const messages: Message[] = await db('messages').whereIn('id', ids).orWhereIn('record_key', keys).select(MESSAGE);
  const hashes = names.flatMap((n) => n.handles);
  const handles: { hash: string; message_id: string }[] = await db('handles').whereIn('hash', hashes);
  const found = new Set(messages.map((m) => m.id));
  const missing = handles.map((h) => h.message_id).filter((id) => !found.has(id));
  if (missing.length > 0) messages.push(...(await db('messages').whereIn('id', missing).select(MESSAGE)));
  const byHash = groupBy(handles, (h) => h.hash);
  const byHandle = new Map([...byHash].map(([hash, same]) => [hash, same.map((h) => h.message_id)]));
  return {
    byId: new Map(messages.map((m) => [m.id, m])),
    byRecordKey: new Map(messages.map((m) => [m.record_key, m])),
    byHandle,
  };
}

/** `message recipient` to the delivery's id. */
async function deliveriesTo({ db }: Store, messages: string[], recipients: string[]): Promise<Map<string, string>> {
  const rows: Pick<DeliveryRow, 'id' | 'message_id' | 'recipient_key'>[] = await db('deliveries')
    .whereIn('message_id', messages)
    .whereIn('recipient_key', recipients)
    .select('id', 'message_id', 'recipient_key');
  return new Map(rows.map((d) => [`${d.message_id} ${d.recipient_key}`, d.id]));
}

/** The messages that an event may be about, the surest name first. */
function messagesOf(name: Names, { domain }: Sighting, { byId, byRecordKey, byHandle }: Known): Message[] {
  const byHandles = name.handles.flatMap((hash) => byHandle.get(hash) ?? []).map((id) => byId.get(id));
  const named = [byId.get(name.id ?? ''), byRecordKey.get(name.recordKey ?? ''), ...byHandles];
  const mine = named.filter((m) => m !== undefined).filter((m) => domain === null || m.domain === domain);
  // An adopted message may have taken the id of a re-post before an answer told us that id. So the others come first.
  return [...mine.filter((m) => m.origin !== 'adopted'), ...mine.filter((m) => m.origin === 'adopted')];
}

function choose({ recipient }: Sighting, messages: Message[], deliveryOf: ReadonlyMap<string, string>): Match {
  const [first] = messages;
  if (!first || recipient === null) return { kind: 'none' };
  for (const { id: messageId } of messages) {
    const deliveryId = deliveryOf.get(`${messageId} ${recipientKey(recipient)}`);
    if (deliveryId !== undefined) return { kind: 'delivery', deliveryId, messageId };
  }
  return first.origin === 'adopted' ? { kind: 'adopted', messageId: first.id } : { kind: 'stranger' };
}

/**
 * Of these recipients, the keys of those who are being sent mail at the moment, or whose hand-over got no answer yet:
 * an event may be about that mail.
 */
export async function inFlight(store: Store, recipients: readonly string[]): Promise<Set<string>> {
  const keys = new Set<string>();
  for (const part of chunks([...new Set(recipients.map(recipientKey))], 200)) {
    const rows: { recipient_key: string }[] = await store
      .db('deliveries')
      .whereIn('recipient_key', part)
      .whereIn('state', ['sending', 'unconfirmed'])
      .distinct('recipient_key');
    for (const row of rows) keys.add(row.recipient_key);
  }
  return keys;
}

/** Remembers names under which a provider may speak of a message again. */
export async function addHandles(store: Store, rows: readonly { hash: string; message_id: string }[]): Promise<void> {
  for (const part of chunks(rows, 200)) {
    await transact(store, (tx) => insertNew(tx, 'handles', part, ['hash', 'message_id']));
  }
}
