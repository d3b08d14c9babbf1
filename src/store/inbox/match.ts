import type { Knex } from 'knex';
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
  /** Several for an event that names no recipient, as it is about the message as a whole. */
  | { kind: 'deliveries'; ids: readonly string[]; messageId: string }
  /** The message is ours, the recipient is not: nothing may be done for it. */
  | { kind: 'stranger' }
  | { kind: 'adopted'; messageId: string }
  | { kind: 'none' };

/**
 * Finds the deliveries that events are about, in a few statements whatever their number: by the delivery that an event
 * names, or by our own variable, then by Message-Id, then by the id of a reply, then by storage key; together with the
 * recipient, or with the list that it is a member of.
 */
export async function match(store: Store, heard: readonly Heard[]): Promise<Match[]> {
  const named = await deliveriesNamed(store, heard);
  const others = heard.filter(({ sighting }) => !sighting.handedOver);
  const found = (others.length > 0 ? await matchByNames(store, others) : []).values();
  return heard.map(({ sighting: { handedOver } }) => {
    if (!handedOver) return found.next().value ?? { kind: 'none' };
    const messageId = named.get(handedOver.deliveryId);
    return messageId === undefined ? { kind: 'none' } : { kind: 'deliveries', ids: [handedOver.deliveryId], messageId };
  });
}

/** The messages of the deliveries that are named, by the ids of these. */
async function deliveriesNamed({ db }: Store, heard: readonly Heard[]): Promise<ReadonlyMap<string, string>> {
  const ids = heard.flatMap(({ sighting: { handedOver } }) => handedOver?.deliveryId ?? []);
  if (ids.length === 0) return new Map();
  const rows: DeliveryKey[] = await db('deliveries').whereIn('id', ids).select('id', 'message_id', 'recipient_key');
  return new Map(rows.map((row) => [row.id, row.message_id]));
}

async function matchByNames(store: Store, heard: readonly Heard[]): Promise<Match[]> {
  const isHomeless = heard.some(({ sighting: s }) => s.domain === null && s.messageId !== null);
  const ours = isHomeless ? await store.db('domains').pluck('domain') : [];
  const names = heard.map((h) => namesOf(h, ours));
  const known = await messagesNamed(store, names);
  const recipients = heard.flatMap(({ sighting: { recipient, list } }) =>
    [recipient, list].flatMap((address) => (address === null ? [] : recipientKey(address))),
  );
  const messagesAbout = heard.map(({ sighting }, i) => messagesOf(names[i] ?? NAMELESS, sighting, known));
  const whole = messagesAbout.flatMap((messages, i) =>
    isOfWhole(heard[i]?.sighting) ? messages.map((m) => m.id) : [],
  );
  const deliveries = await deliveriesOf(store, { messages: [...known.byId.keys()], recipients, whole });
  return heard.map(({ sighting }, i) => choose(sighting, messagesAbout[i] ?? [], deliveries));
}

/**
 * Whether an event that names no recipient is about its message as a whole: Mailgun refuses to process all of a message, and
 * what it tells without a recipient of a message that has only one is about that one.
 */
const isOfWhole = (sighting: Sighting | undefined): boolean =>
  sighting?.recipient === null && sighting.report !== 'other';

type Names = { id: string | null; recordKeys: string[]; handles: string[] };
const NAMELESS: Names = { id: null, recordKeys: [], handles: [] };

/** An event of the older shape does not say of which domain it is: it may be of any of ours. */
function namesOf({ provider, sighting }: Heard, ours: readonly string[]): Names {
  const { homingId: id, messageId } = sighting;
  const domains = sighting.domain === null ? ours : [sighting.domain];
  const recordKeys = messageId ? domains.map((domain) => recordKey(domain, messageId)) : [];
  const handles = domains.flatMap((domain) => handlesIn(provider, { ...sighting, domain }));
  // A message of our queue has its Message-Id among its handles.
  return { id, recordKeys, handles: [...recordKeys, ...handles] };
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
  const sure: Message[] = await db('messages').whereIn('id', ids).select(MESSAGE);
  const queued = new Set(sure.filter((m) => m.origin === 'queued').map((m) => m.id));
  const unsure = names.filter((n) => n.id === null || !queued.has(n.id));
  const keys = unsure.flatMap((n) => n.recordKeys);
  const others: Message[] = await db('messages').whereIn('record_key', keys).select(MESSAGE);
  const messages = [...sure, ...others];
  const hashes = unsure.flatMap((n) => n.handles);
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

/** The ids of deliveries by `message recipient`, and those of whole messages by the message. */
type Deliveries = { byRecipient: ReadonlyMap<string, string>; ofMessage: ReadonlyMap<string, readonly string[]> };

type Wanted = { messages: readonly string[]; recipients: readonly string[]; whole: readonly string[] };

async function deliveriesOf({ db }: Store, { messages, recipients, whole }: Wanted): Promise<Deliveries> {
  const rows = (): Knex.QueryBuilder<DeliveryKey, DeliveryKey[]> =>
    db('deliveries').select('id', 'message_id', 'recipient_key');
  // Of the messages alone: databases would look for each of the recipients in each message.
  const recipient = db.raw("coalesce(recipient_key, '')") as unknown as string;
  const named: DeliveryKey[] = await rows()
    .whereIn('message_id', [...messages])
    .whereIn(recipient, [...recipients]);
  const all: DeliveryKey[] = whole.length === 0 ? [] : await rows().whereIn('message_id', [...whole]);
  const ofMessage = [...groupBy(all, (d) => d.message_id)].map(
    ([id, each]) => [id, each.map((d) => d.id).sort()] as const,
  );
  return {
    byRecipient: new Map(named.map((d) => [`${d.message_id} ${d.recipient_key}`, d.id])),
    ofMessage: new Map(ofMessage),
  };
}

type DeliveryKey = Pick<DeliveryRow, 'id' | 'message_id' | 'recipient_key'>;

/** The messages that an event may be about, the surest name first. */
function messagesOf(name: Names, { domain }: Sighting, { byId, byRecordKey, byHandle }: Known): Message[] {
  const sure = byId.get(name.id ?? '');
  // Our variable names the one that we sent: others may have been sent under the same Message-Id.
  if (sure?.origin === 'queued' && (domain === null || sure.domain === domain)) return [sure];
  const byHandles = name.handles.flatMap((hash) => byHandle.get(hash) ?? []).map((id) => byId.get(id));
  const byKeys = name.recordKeys.map((key) => byRecordKey.get(key));
  const named = [sure, ...byKeys, ...byHandles];
  const mine = named.filter((m) => m !== undefined).filter((m) => domain === null || m.domain === domain);
  // An adopted message may have taken the id of a re-post before an answer told us that id. So the others come first.
  return [...mine.filter((m) => m.origin !== 'adopted'), ...mine.filter((m) => m.origin === 'adopted')];
}

function choose(sighting: Sighting, messages: readonly Message[], deliveries: Deliveries): Match {
  const [first] = messages;
  if (!first) return { kind: 'none' };
  for (const { id: messageId } of messages) {
    const ids = deliveriesIn(messageId, sighting, deliveries);
    if (ids.length > 0) return { kind: 'deliveries', ids, messageId };
  }
  if (sighting.recipient === null) return { kind: 'none' };
  return first.origin === 'adopted' ? { kind: 'adopted', messageId: first.id } : { kind: 'stranger' };
}

function deliveriesIn(
  messageId: string,
  sighting: Sighting,
  { byRecipient, ofMessage }: Deliveries,
): readonly string[] {
  if (isOfWhole(sighting)) {
    const all = ofMessage.get(messageId) ?? [];
    return sighting.report === 'rejected' || all.length === 1 ? all : [];
  }
  const { recipient, list } = sighting;
  for (const address of [recipient, list]) {
    const id = address === null ? undefined : byRecipient.get(`${messageId} ${recipientKey(address)}`);
    if (id !== undefined) return [id];
  }
  return [];
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

type HandleRow = { hash: string; message_id: string };

/** Remembers names under which a provider may speak of a message again. */
export const addHandles = (store: Store, rows: readonly HandleRow[]): Promise<void> =>
  transact(store, (tx) => addHandlesIn(tx, rows));

/** `addHandles` inside a transaction that does more. */
export async function addHandlesIn(tx: Knex.Transaction, rows: readonly HandleRow[]): Promise<void> {
  for (const part of chunks(rows, 200)) await insertNew(tx, 'handles', part, ['hash', 'message_id']);
}
