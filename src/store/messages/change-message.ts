import type { Knex } from 'knex';
import { newId } from '../../base/ids.ts';
import type { Fact } from '../../core/delivery.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { chunks, transactOnce } from '../db/transact.ts';
import { changeIn } from '../ledger/ledger.ts';
import { type AuditEntry, audited, auditIn } from '../notes/audit.ts';
import type { View } from '../rows/rows.ts';
import { deliveryIds } from './find.ts';

export type MessageChange = {
  messageId: string;
  /** If given, only the delivery to this recipient is changed. */
  recipient?: string | undefined;
  now: Ms;
  /** What happens to a delivery; null leaves it as it is. */
  decide(view: View): Fact | null;
  /** What the audit is to say of the deliveries that were changed. */
  entry(changed: readonly string[]): AuditEntry;
};

/** What was found, and what of it was changed. */
export type Changed = { found: number; changed: number };

/** Changes the deliveries of one message and writes the audit of it, both or neither. */
export function changeMessage(store: Store, wish: MessageChange): Promise<Changed> {
  const auditId = newId(wish.now);
  return transactOnce(store, audited(auditId), (tx) => changeAll(tx, wish, auditId));
}

async function changeAll(tx: Knex.Transaction, wish: MessageChange, auditId: string): Promise<Changed> {
  const { messageId, recipient, now, decide, entry } = wish;
  const ids = await deliveryIds(tx, messageId, recipient);
  const changed: string[] = [];
  for (const part of chunks(ids, 200)) {
    await changeIn(tx, part, now, (view) => {
      const fact = decide(view);
      if (fact) changed.push(view.id);
      return fact ? [fact] : [];
    });
  }
  if (changed.length > 0) await auditIn(tx, now, entry(changed), auditId);
  return { found: ids.length, changed: changed.length };
}
