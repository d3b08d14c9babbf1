import type { Knex } from 'knex';
import { AppError } from '../../base/errors.ts';
import { newId, recordKey } from '../../base/ids.ts';
import { type EndState, type Fact, type FactOf, isEnded } from '../../core/delivery.ts';
import { fold } from '../../core/fold.ts';
import type { MessageClass } from '../../core/message-class.ts';
import type { Policy } from '../../core/policy.ts';
import type { CancelReason, Reason } from '../../core/reason.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { chunks, transact } from '../db/transact.ts';
import { recount } from '../figures/rollup.ts';
import { changeIn, write } from '../ledger/ledger.ts';
import type { Move } from '../rows/move.ts';
import { type DeliveryRow, load, type MessageRow, recipientKey, type View } from '../rows/rows.ts';
import { type Call, firstCall } from './calls.ts';

/** A message as it comes to us. `facts` is what has happened to each recipient's delivery already. */
export type Draft = {
  /** Chosen before, when the application already carries it as `v:homing-id`. */
  id?: string;
  /** Message-Id without angle brackets. */
  messageId: string;
  domain: string;
  from: string;
  subject: string | null;
  class: MessageClass;
  key: string | null;
  origin: MessageRow['origin'];
  policy: Policy;
  recipients: readonly string[];
  facts: readonly Fact[];
  createdAt: Ms;
};

export type Recorded = { id: string; created: boolean };

/** Bodies are kept in pieces below the smallest packet limit in use (1 MB). */
const PIECE = 512 * 1024;

/**
 * Writes what is told of a message that others send. A message that is known already (same domain and Message-Id) gets the
 * recipients and the facts that it lacks; a newer message with the same key ends what is still open of the older ones.
 * Whether a name is taken is decided in the transaction that uses it. Throws a conflict for the name of a message in our
 * queue, because its content was written for its own recipients, and for an id that belongs to another message.
 */
export async function record(store: Store, draft: Draft, now: Ms): Promise<Recorded> {
  const id = draft.id ?? newId(now);
  let wasKnown: boolean | null = null;
  return transact(store, async (tx) => {
    const { message, found, claimed } = await insertOrGet(tx, id, draft, now);
    // An event whose message became known a moment ago: it is matched at the next look.
    if (draft.origin === 'adopted' && message.origin !== 'adopted') return { id: message.id, created: false };
    if (message.origin === 'queued')
      throw new AppError('conflict', 'a message with this Message-Id is in the queue: nobody else may tell of it');
    // What the first try found counts: a second one follows a COMMIT that may have been made.
    wasKnown ??= found;
    const created = !wasKnown && message.id === id;
    await addRecipients(tx, message, draft, now);
    if ((created || claimed) && draft.key !== null) await supersede(tx, message, draft.key, now);
    return { id: message.id, created };
  });
}

/** New recipients get a delivery; those who are known get the facts that they lack. */
async function addRecipients(tx: Knex.Transaction, message: MessageRow, draft: Draft, now: Ms): Promise<void> {
  const known: DeliveryRow[] = await tx('deliveries').where({ message_id: message.id }).limit(5000);
  const keys = new Set(known.map((d) => d.recipient_key));
  const fresh = draft.recipients.filter((r) => !keys.has(recipientKey(r)) && keys.add(recipientKey(r)));
  const births = fresh.map((recipient, i) => birthOf(message, recipient, draft, now, i === 0 && known.length === 0));
  // SQLite takes at most 500 rows in one statement of this form, and Mailgun 1,000 recipients in one call.
  for (const part of chunks(births, 200)) await write(tx, part, now);
  const told = new Set(draft.recipients.map(recipientKey));
  const again = known.filter((d) => told.has(d.recipient_key)).map((d) => d.id);
  for (const part of chunks(again, 200)) await changeIn(tx, part, now, () => [...draft.facts]);
}

/** A message for our queue, with the body that is to be sent. */
export type QueueDraft = Draft & { id: string; body: Buffer };

/**
 * Writes a message that we are to send: its name, its deliveries, its body and the call that asked for it, all or nothing.
 * The same call again comes to the ids of the first one. Throws `mismatch` for a call whose name stands for something
 * else, and a conflict for a message whose name is taken: a second message under one name would be sent the first one's
 * body.
 */
export async function enqueue(
  store: Store,
  draft: QueueDraft,
  call: Call | null,
  now: Ms,
): Promise<{ id: string; messageId: string }> {
  return transact(store, async (tx) => {
    const first = call === null ? draft : await firstCall(tx, call, draft, now);
    if (first.id !== draft.id) return { id: first.id, messageId: first.messageId };
    const { message, found } = await insertOrGet(tx, draft.id, draft, now);
    if (message.id !== draft.id) throw new AppError('conflict', 'a message with this Message-Id is known already');
    // Found, and ours: this is the second try after a COMMIT whose reply was lost.
    if (!found) {
      await insertBody(tx, message.id, draft.body);
      await addRecipients(tx, message, draft, now);
      if (draft.key !== null) await supersede(tx, message, draft.key, now);
    }
    return { id: message.id, messageId: message.message_id };
  });
}

export function messageRow(id: string, draft: Draft): MessageRow {
  return {
    id,
    record_key: recordKey(draft.domain, draft.messageId),
    message_id: draft.messageId,
    domain: draft.domain,
    sender: draft.from,
    subject: draft.subject,
    class: draft.class,
    message_key: draft.key,
    origin: draft.origin,
    policy: JSON.stringify(draft.policy),
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
  // Whoever records the same message waits here. Two that add the same recipient would otherwise both insert it, and
  // MySQL, told to merge, would give the one row the other's id and leave its facts behind.
  const known = (): Promise<MessageRow | undefined> =>
    tx('messages').where({ record_key: row.record_key }).forUpdate().first();
  const before = await known();
  // MySQL calls a taken id the same kind of conflict as a taken name: the one that is found by its name below is ours.
  if (!before && (await tx('messages').where({ id }).first('id'))) throw idTaken();
  if (!before) await insertNew(tx, 'messages', row, 'record_key');
  const message = before ?? (await known());
  if (!message) throw idTaken();
  // Events came before the application's own record: what the application says of its message counts.
  const claimed = message.origin === 'adopted' && draft.origin === 'recorded';
  return {
    message: claimed ? await claimAdopted(tx, message, row, now) : message,
    found: before !== undefined,
    claimed,
  };
}

const idTaken = (): AppError => new AppError('conflict', 'the id belongs to another message');

async function claimAdopted(tx: Knex.Transaction, found: MessageRow, row: MessageRow, now: Ms): Promise<MessageRow> {
  const { sender, subject, message_key, origin, policy } = row;
  const mine = { sender, subject, class: row.class, message_key, origin, policy };
  await moveClass(tx, found, row.class, now);
  await tx('messages').where({ id: found.id }).update(mine);
  await refold(tx, found.id, JSON.parse(found.policy) as Policy, now);
  return { ...found, ...mine };
}

/** Writes the deliveries of a message as they stand under its new policy, which may have another answer and other times. */
async function refold(tx: Knex.Transaction, messageId: string, old: Policy, now: Ms): Promise<void> {
  const rows: { id: string }[] = await tx('deliveries').where({ message_id: messageId }).select('id').limit(5000);
  for (const part of chunks(rows, 200)) {
    const views = await load(
      tx,
      part.map((r) => r.id),
      true,
    );
    const before = (view: View) => fold({ ...view.birth, policy: old }, view.facts);
    await write(
      tx,
      [...views.values()].map((view) => ({ view, fresh: [], before: before(view), after: view })),
      now,
    );
  }
}

async function moveClass(tx: Knex.Transaction, message: MessageRow, to: MessageClass, now: Ms): Promise<void> {
  if (message.class === to) return;
  const rows: { id: string }[] = await tx('deliveries').where({ message_id: message.id }).select('id').limit(5000);
  const views = await load(
    tx,
    rows.map((r) => r.id),
    true,
  );
  await recount(tx, [...views.values()], to, now);
  await tx('deliveries').where({ message_id: message.id }).update({ class: to });
}

export function birthOf(message: MessageRow, recipient: string, draft: Draft, now: Ms, first: boolean): Move {
  const id = newId(now);
  const birth = { id, createdAt: draft.createdAt, policy: JSON.parse(message.policy) as Policy };
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
    endedAt: null,
    suppressed: null,
    birth,
    facts: [...draft.facts],
    delivery: fold(birth, draft.facts),
  };
  return { view, fresh: [...draft.facts], before: null, after: view, first };
}

async function insertBody(tx: Knex.Transaction, messageId: string, body: Buffer): Promise<void> {
  for (let piece = 0; piece * PIECE < body.length; piece++) {
    const part = body.subarray(piece * PIECE, (piece + 1) * PIECE);
    await tx('message_bodies').insert({ message_id: messageId, piece, body: part });
  }
}

async function supersede(tx: Knex.Transaction, message: MessageRow, key: string, now: Ms): Promise<void> {
  const older: { id: string }[] = await tx('messages')
    .where({ message_key: key, domain: message.domain })
    .whereNot({ id: message.id })
    .where('created_at', '<=', message.created_at)
    .orderBy('created_at', 'desc')
    .select('id')
    .limit(20);
  await cancelIn(
    tx,
    older.map((m) => m.id),
    'superseded',
    now,
  );
}

async function cancelIn(
  tx: Knex.Transaction,
  messageIds: readonly string[],
  reason: CancelReason,
  now: Ms,
): Promise<number> {
  const rows: { id: string }[] = await tx('deliveries')
    .whereIn('message_id', [...messageIds])
    .select('id')
    .limit(5000);
  let cancelled = 0;
  for (const part of chunks(
    rows.map((r) => r.id),
    200,
  )) {
    const after = await changeIn(tx, part, now, (view) => {
      if (isEnded(view.delivery.state)) return [];
      cancelled++;
      return [endedFact(view, 'cancelled', reason, now)];
    });
    if (after.length === 0) break;
  }
  return cancelled;
}

export function endedFact(view: View, state: EndState, reason: Reason, now: Ms): FactOf<'ended'> {
  const { attempt, round } = view.delivery;
  return { key: `ended:${round}`, at: now, kind: 'ended', attempt, round, state, reason };
}

/** Ends what is still open of these messages; says how many deliveries that were. */
export async function cancelMessages(
  store: Store,
  messageIds: readonly string[],
  reason: CancelReason,
  now: Ms,
): Promise<number> {
  return transact(store, (tx) => cancelIn(tx, messageIds, reason, now));
}
