import type { Knex } from 'knex';
import { AppError } from '../../base/errors.ts';
import { newId, queueKey, recordKey } from '../../base/ids.ts';
import type { Fact } from '../../core/delivery.ts';
import { fold } from '../../core/fold.ts';
import type { MessageClass } from '../../core/message-class.ts';
import { isUnnamed } from '../../core/own-record.ts';
import type { Policy } from '../../core/policy.ts';
import { storable } from '../../core/safe-text.ts';
import { tagsToKeep } from '../../core/tags.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { chunks, transact } from '../db/transact.ts';
import { changeIn, write } from '../ledger/ledger.ts';
import type { Move } from '../rows/move.ts';
import { birthIn, type DeliveryRow, type MessageRow, recipientKey, type View } from '../rows/rows.ts';
import { replaceOlder } from './cancel.ts';
import { nameLater, takeOver } from './take-over.ts';

/** A message as it comes to us. `facts` is what has happened to each recipient's delivery already. */
export type Draft = {
  /** Given when the application has already put it into the mail as `v:homing-id`. */
  id?: string;
  /** Message-Id without angle brackets. */
  messageId: string;
  domain: string;
  from: string;
  subject: string | null;
  class: MessageClass;
  key: string | null;
  tags?: readonly string[];
  template?: string | null;
  origin: MessageRow['origin'];
  policy: Policy;
  recipients: readonly string[];
  facts: readonly Fact[];
  createdAt: Ms;
  /** Nobody said when it was sent: it may have been a while before `createdAt`. */
  isUndated?: boolean;
  /** When it was asked to be delivered, at the latest; left out for at once. */
  deliverAt?: Ms | null;
};

export type Recorded = { id: string; created: boolean };

/**
 * Records a message that somebody else sends. If it is known already (same domain and Message-Id) it gets the
 * recipients and facts that it lacks. A newer message with the same key cancels what is still open of the older ones,
 * whichever is recorded first.
 * Throws a conflict when the id belongs to another message. This is decided in the transaction that writes, so that two
 * calls at once can not both pass. Messages of our queue are left alone, whatever their Message-Id (see `enqueue`).
 */
export async function record(store: Store, draft: Draft, now: Ms): Promise<Recorded> {
  const id = draft.id ?? newId(now);
  let wasKnown: boolean | null = null;
  return transact(store, async (tx) => {
    const [ours] = await queuedAs(tx, [draft]);
    if (ours) return { id: ours.message_id, created: false };
    const { message, found, claimed } = await insertOrGet(tx, id, draft, now);
    // The message became known a moment ago: its event will be matched the next time.
    if (draft.origin === 'adopted' && message.origin !== 'adopted') return { id: message.id, created: false };
    // The answer of the first try counts: a second try follows a COMMIT that may have been made.
    wasKnown ??= found;
    const created = !wasKnown && message.id === id;
    await addRecipients(tx, message, draft, now);
    if ((created || claimed) && draft.key !== null) await replaceOlder(tx, message, draft.key, now);
    return { id: message.id, created };
  });
}

/** Of what events alone told of, the messages that are in our queue: there is nothing to add to them. */
export async function queuedAs(
  tx: Knex.Transaction,
  drafts: readonly Draft[],
): Promise<{ hash: string; message_id: string }[]> {
  const adopted = drafts.filter((draft) => draft.origin === 'adopted');
  if (adopted.length === 0) return [];
  const names = adopted.map(({ domain, messageId }) => recordKey(domain, messageId));
  return tx('handles').whereIn('hash', names).select('hash', 'message_id');
}

/** New recipients get a delivery; those who are known get the facts that they lack. */
async function addRecipients(tx: Knex.Transaction, message: MessageRow, draft: Draft, now: Ms): Promise<void> {
  const told = byKey(draft.recipients);
  const known = await knownRecipients(tx, message.id, [...told.keys()]);
  const isFirst = known.size === 0 && !(await tx('deliveries').where({ message_id: message.id }).first('id'));
  const fresh = [...told].filter(([key]) => !known.has(key));
  const births = fresh.map(([, recipient], i) =>
    birthOf(message, draft, { recipient, first: i === 0 && isFirst }, now),
  );
  // SQLite takes at most 500 rows in one statement of this form, and Mailgun 1,000 recipients in one call.
  for (const part of chunks(births, 200)) await write(tx, part, now);
  const unnamed: string[] = [];
  const add = (view: View): Fact[] => {
    if (isUnnamed(view.facts)) unnamed.push(view.id);
    return [...draft.facts];
  };
  for (const part of chunks([...known.values()].sort(), 200)) await changeIn(tx, part, now, add);
  if (draft.origin === 'recorded') await nameLater(tx, message, unnamed, now);
}

/** Recipients by their key; of several spellings of an address the first one stays. */
export function byKey(recipients: readonly string[]): Map<string, string> {
  const known = new Map<string, string>();
  for (const recipient of recipients) {
    const key = recipientKey(recipient);
    if (!known.has(key)) known.set(key, recipient);
  }
  return known;
}

/** Of these recipients those whom the message has, with their deliveries. */
async function knownRecipients(
  tx: Knex.Transaction,
  messageId: string,
  keys: readonly string[],
): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  for (const part of chunks(keys, 500)) {
    const rows: Pick<DeliveryRow, 'id' | 'recipient_key'>[] = await tx('deliveries')
      .where({ message_id: messageId })
      .whereIn('recipient_key', part)
      .select('id', 'recipient_key');
    for (const row of rows) known.set(row.recipient_key, row.id);
  }
  return known;
}

/** Characters of a sender and a subject: as many as a line of a mail has. */
const MAX_TEXT = 998;
/** Characters of the name of a template. */
const MAX_NAME = 191;

export function messageRow(id: string, draft: Draft): MessageRow {
  const { domain, messageId, origin } = draft;
  return {
    id,
    record_key: origin === 'queued' ? queueKey(domain, messageId, id) : recordKey(domain, messageId),
    message_id: draft.messageId,
    domain: draft.domain,
    sender: storable(draft.from, MAX_TEXT),
    subject: draft.subject === null ? null : storable(draft.subject, MAX_TEXT),
    class: draft.class,
    message_key: draft.key,
    origin: draft.origin,
    policy: JSON.stringify(draft.policy),
    tags: tagsToKeep(draft.tags),
    template: draft.template ? storable(draft.template, MAX_NAME) : null,
    deliver_at: draft.deliverAt ?? null,
    created_at: draft.createdAt,
  };
}

async function insertOrGet(
  tx: Knex.Transaction,
  id: string,
  draft: Draft,
  now: Ms,
): Promise<{ message: MessageRow; found: boolean; claimed: boolean }> {
  const row = messageRow(id, draft);
  // Locked, so that others who record the same message wait here. If two added the same recipient at once both would
  // insert it, and MySQL, which merges, would give the one row the id of the other and leave its facts behind.
  const known = (): Promise<MessageRow | undefined> =>
    tx('messages').where({ record_key: row.record_key }).forUpdate().first();
  const before = await known();
  // For MySQL a taken id is the same kind of conflict as a taken name. So the id is looked for first.
  if (!before && (await tx('messages').where({ id }).first('id'))) throw idTaken();
  if (!before) await insertNew(tx, 'messages', row, 'record_key');
  const message = before ?? (await known());
  if (!message) throw idTaken();
  // Events came before the record of the application: what the application says of its message replaces what was
  // adopted.
  const claimed = message.origin === 'adopted' && draft.origin === 'recorded';
  return {
    message: claimed ? await takeOver(tx, { found: message, row, recipients: draft.recipients }, now) : message,
    found: before !== undefined,
    claimed,
  };
}

export const idTaken = (): AppError => new AppError('conflict', 'the id belongs to another message');

export type Made = { message: MessageRow; draft: Draft };

/** So many deliveries in one go, in which nobody else is answered: a message may have a thousand. */
const AT_ONCE = 200;

/** Writes the deliveries of messages that have none yet. */
export async function addDeliveries(tx: Knex.Transaction, all: readonly Made[], now: Ms): Promise<void> {
  let births: Move[] = [];
  for (const { message, draft } of all) {
    const recipients = [...byKey(draft.recipients).values()].map((recipient, n) => ({ recipient, first: n === 0 }));
    for (const part of chunks(recipients, AT_ONCE)) {
      if (births.length + part.length > AT_ONCE) {
        await write(tx, births, now);
        births = [];
      }
      births.push(...part.map((one) => birthOf(message, draft, one, now)));
    }
  }
  await write(tx, births, now);
}

/** A message's delivery to one recipient; `first` for the one that counts for the message, too. */
function birthOf(
  message: MessageRow,
  draft: Draft,
  { recipient, first }: { recipient: string; first: boolean },
  now: Ms,
): Move {
  const id = newId(now);
  const birth = birthIn(message, id, draft.createdAt, draft.facts);
  const view: View = {
    id,
    messageId: message.id,
    rfcMessageId: message.message_id,
    domain: message.domain,
    recipient,
    sender: message.sender,
    subject: message.subject,
    class: message.class,
    key: message.message_key,
    origin: message.origin,
    messageAt: message.created_at,
    updatedAt: null,
    endedAt: null,
    suppressed: null,
    birth,
    facts: [...draft.facts],
    delivery: fold(birth, draft.facts),
  };
  return { view, fresh: [...draft.facts], before: null, after: view, first };
}
