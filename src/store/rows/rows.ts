import type { Knex } from 'knex';
import { addressKey } from '../../core/address.ts';
import type { Birth, Delivery, Fact } from '../../core/delivery.ts';
import { fold } from '../../core/fold.ts';
import { groupBy } from '../../core/group.ts';
import type { MessageClass } from '../../core/message-class.ts';
import { policyOf } from '../../core/own-record.ts';
import type { Policy } from '../../core/policy.ts';
import { bars } from '../../core/suppression.ts';
import type { Ms } from '../../core/time.ts';
import type { SuppressionCause } from '../../core/verdict.ts';
import { rowsWith } from '../db/statements.ts';
import { presentFacts, type StoredFact } from './earlier.ts';

export type MessageRow = {
  id: string;
  record_key: string;
  message_id: string;
  domain: string;
  sender: string;
  subject: string | null;
  class: MessageClass;
  message_key: string | null;
  origin: 'recorded' | 'queued' | 'adopted';
  policy: string;
  /** A list as JSON; null for none. */
  tags: string | null;
  /** The provider's template that it was made from, by its name. */
  template: string | null;
  /** When the application asked for it to be delivered, at the latest. */
  deliver_at: Ms | null;
  created_at: Ms;
};

export type DeliveryRow = {
  id: string;
  message_id: string;
  recipient: string;
  recipient_key: string;
  domain: string;
  class: MessageClass;
  state: string;
  /** The reason as it is shown, or the words of the person who cancelled it. */
  reason: string | null;
  attempt: number;
  provider: string | null;
  next_at: Ms | null;
  /** When its message was made, by which searches are sorted. */
  message_at: Ms | null;
  created_at: Ms;
  updated_at: Ms;
  ended_at: Ms | null;
};

export type SuppressionRow = {
  address_key: string;
  cause: SuppressionCause;
  reply: string | null;
  delivery_id: string | null;
  created_at: Ms;
};

/** A delivery with all that is known about it. */
export type View = {
  id: string;
  messageId: string;
  /** The Message-Id header, without angle brackets. */
  rfcMessageId: string;
  domain: string;
  recipient: string;
  sender: string;
  subject: string | null;
  class: MessageClass;
  key: string | null;
  origin: MessageRow['origin'];
  /** When the message was made; a recipient may have been added later. */
  messageAt: Ms;
  /** When it was last changed; null where it is not kept yet. */
  updatedAt: Ms | null;
  endedAt: Ms | null;
  /** What stands in its way on our own list. */
  suppressed: SuppressionRow | null;
  birth: Birth;
  facts: Fact[];
  delivery: Delivery;
};

/** Of deliveries, those that may come back; see `mayComeBack`. */
export const comingBack = (rows: Knex.QueryBuilder): void =>
  void rows.where('deliveries.state', 'relayed').whereNotNull('deliveries.reason');

/** The key of a recipient, see `addressKey`. */
export const recipientKey = (recipient: string): string => addressKey(recipient);

/** Of a delivery what is not known from its facts. */
const SEEN = 'id, message_id, recipient, recipient_key, domain, class, created_at, updated_at, ended_at';
type SeenRow = Pick<
  DeliveryRow,
  'id' | 'message_id' | 'recipient' | 'recipient_key' | 'domain' | 'class' | 'created_at' | 'updated_at' | 'ended_at'
>;

/** Reads deliveries with their facts, in four statements whatever their number. */
export async function load(db: Knex, ids: readonly string[], lock = false): Promise<Map<string, View>> {
  if (ids.length === 0) return new Map();
  const rows = await rowsWith<SeenRow>(db, { columns: SEEN, table: 'deliveries', key: 'id', isLocked: lock }, ids);
  const distinct = (values: readonly string[]) => [...new Set(values)];
  const messageIds = distinct(rows.map((r) => r.message_id));
  const messages = await rowsWith<MessageRow>(db, { table: 'messages', key: 'id' }, messageIds);
  const deliveryIds = rows.map((r) => r.id);
  const facts = await rowsWith<FactRow>(db, { table: 'facts', key: 'delivery_id' }, deliveryIds);
  const addresses = distinct(rows.map((r) => r.recipient_key));
  const listed = await rowsWith<SuppressionRow>(db, { table: 'suppressions', key: 'address_key' }, addresses);
  const listedAs = new Map(listed.map((s) => [s.address_key, s]));
  const messageOf = new Map(messages.map((m) => [m.id, m]));
  const factsOf = groupBy(facts, (row) => row.delivery_id);
  return new Map(
    rows.flatMap((row) => {
      const message = messageOf.get(row.message_id);
      return message
        ? [
            [
              row.id,
              viewOf(
                row,
                message,
                presentFacts((factsOf.get(row.id) ?? []).map(storedFact)),
                listedAs.get(row.recipient_key) ?? null,
              ),
            ],
          ]
        : [];
    }),
  );
}

function viewOf(row: SeenRow, message: MessageRow, facts: Fact[], suppressed: SuppressionRow | null): View {
  const birth = birthIn(message, row.id, row.created_at, facts);
  return {
    id: row.id,
    messageId: message.id,
    rfcMessageId: message.message_id,
    domain: row.domain,
    recipient: row.recipient,
    sender: message.sender,
    subject: message.subject,
    class: row.class,
    key: message.message_key,
    origin: message.origin,
    messageAt: message.created_at,
    updatedAt: Number(row.updated_at),
    endedAt: row.ended_at,
    suppressed: suppressed && bars(suppressed.cause, row.class) ? suppressed : null,
    birth,
    facts,
    delivery: fold(birth, facts),
  };
}

export const birthIn = (message: MessageRow, id: string, createdAt: Ms, facts: readonly Fact[]): Birth => ({
  ...{ id, createdAt, deliverAt: message.deliver_at },
  policy: policyOf(JSON.parse(message.policy) as Policy, facts),
});

export const factRow = (deliveryId: string, fact: Fact, now: Ms) => {
  const { key, kind, at, ...body } = fact;
  return { delivery_id: deliveryId, fact_key: key, kind, at, recorded_at: now, body: JSON.stringify(body) };
};

export type FactRow = { delivery_id: string; fact_key: string; kind: string; at: Ms; body: string };

/** One fact by itself. What can't be read is a note that says so. */
export function factIn(row: FactRow): Fact {
  const { fact_key: key, at } = row;
  const unreadable: Fact = { key, at, kind: 'noted', attempt: 0, what: 'a fact that can not be read' };
  try {
    return presentFacts([storedFact(row)])[0] ?? unreadable;
  } catch {
    return unreadable;
  }
}

const storedFact = (row: FactRow): StoredFact => ({
  key: row.fact_key,
  kind: row.kind,
  at: row.at,
  ...(JSON.parse(row.body) as Record<string, unknown>),
});
