import { HOUR, type Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { erasedAmong } from '../store/erased.ts';
import type { Draft } from '../store/messages/messages.ts';

/** So long after it was sent, at the latest, a mail is told of by those who do not say when that was. */
const TOLD_WITHIN: Ms = HOUR;

/**
 * Messages without the people who were erased after they were sent: what is told of them late brings nobody back. Where
 * nobody else is left it is not in the answer. What is sent to them later is recorded as any other mail.
 */
export async function withoutErased(store: Store, drafts: readonly Draft[]): Promise<Map<Draft, Draft>> {
  const erasedAt = await erasedAmong(
    store,
    drafts.flatMap((draft) => draft.recipients),
  );
  const left = new Map<Draft, Draft>();
  for (const draft of drafts) {
    const sentAt = draft.isUndated ? draft.createdAt - TOLD_WITHIN : draft.createdAt;
    const recipients = draft.recipients.filter((address) => sentAt >= (erasedAt(address) ?? sentAt));
    if (recipients.length === draft.recipients.length) left.set(draft, draft);
    else if (recipients.length > 0) left.set(draft, { ...draft, recipients });
  }
  return left;
}
