// Events came before the record of the application: what it says of its message replaces what was adopted.
import type { Knex } from 'knex';
import type { Fact } from '../../core/delivery.ts';
import { fold } from '../../core/fold.ts';
import { namedFacts, policyOf, unnamedFacts } from '../../core/own-record.ts';
import { type Policy, watchOnly } from '../../core/policy.ts';
import type { Ms } from '../../core/time.ts';
import { chunks } from '../db/transact.ts';
import { write } from '../ledger/ledger.ts';
import type { Move } from '../rows/move.ts';
import { birthIn, load, type MessageRow, recipientKey, type View } from '../rows/rows.ts';
import { deliveryIds } from './find.ts';

type Claim = { found: MessageRow; row: MessageRow; recipients: readonly string[] };

/** Gives an adopted message to the application that has recorded it; returns it as it is then. */
export async function takeOver(tx: Knex.Transaction, claim: Claim, now: Ms): Promise<MessageRow> {
  const { found, row } = claim;
  const { sender, subject, message_key, origin, policy, deliver_at } = row;
  // Events name tags and templates that the application did not tell of.
  const tags = row.tags ?? found.tags;
  const template = row.template ?? found.template;
  const mine = { sender, subject, class: row.class, message_key, origin, policy, tags, template, deliver_at };
  await tx('messages').where({ id: found.id }).update(mine);
  await judgeAll(tx, claim, now);
  return { ...found, ...mine };
}

/** Writes all deliveries anew, as they stand under the class and the policy of the record. */
async function judgeAll(tx: Knex.Transaction, { found, row, recipients }: Claim, now: Ms): Promise<void> {
  const was = JSON.parse(found.policy) as Policy;
  const is = JSON.parse(row.policy) as Policy;
  const named = new Set(recipients.map(recipientKey));
  const ids = await deliveryIds(tx, found.id);
  for (const part of chunks(ids, 200)) {
    const views = [...(await load(tx, part, true)).values()];
    const moves = views.map((view): Move => {
      const isNamed = named.has(recipientKey(view.recipient));
      const fresh = isNamed ? namedFacts(view, was, is, now) : unnamedFacts(view, now);
      const before = fold(birthIn(found, view.id, view.birth.createdAt, view.facts), view.facts);
      const move = movedBy({ ...view, birth: { ...view.birth, policy: is } }, fresh);
      const after = { ...move.after, class: row.class };
      return { ...move, before, after, first: view.id === ids[0], unheard: was.watch };
    });
    await write(tx, moves, now);
  }
}

/** Gives the message those of its deliveries that a first record did not name, and a later one does. */
export async function nameLater(
  tx: Knex.Transaction,
  message: MessageRow,
  ids: readonly string[],
  now: Ms,
): Promise<void> {
  const is = JSON.parse(message.policy) as Policy;
  for (const part of chunks(ids, 200)) {
    const views = [...(await load(tx, part, true)).values()];
    const moves = views.map((view) => ({
      ...movedBy({ ...view, birth: { ...view.birth, policy: is } }, namedFacts(view, watchOnly(is), is, now)),
      before: view.delivery,
      unheard: true,
    }));
    await write(tx, moves, now);
  }
}

/** A delivery after these facts; of its policy that part which they leave. */
function movedBy(view: View, fresh: Fact[]): Move {
  const facts = [...view.facts, ...fresh];
  const birth = { ...view.birth, policy: policyOf(view.birth.policy, facts) };
  const seen = { ...view, birth };
  return { view: seen, fresh, before: null, after: { ...seen, facts, delivery: fold(birth, facts) } };
}
