import type { Ms } from '../../core/time.ts';
import type { Arrival, Seen, Sent } from './seen.ts';

type Copies = { missing: readonly Sent[]; doubles: readonly Sent[]; swallowed: readonly Sent[] };

/** Who got nothing, who got more than one copy, and whose mail the provider took and did not send. */
export function copiesIn({ sent, arrivals, swallowed }: Pick<Seen, 'sent' | 'arrivals' | 'swallowed'>): Copies {
  const counts = new Map<string, number>();
  for (const { messageId } of arrivals) counts.set(messageId, (counts.get(messageId) ?? 0) + 1);
  const taken = sent.filter(({ messageId }) => messageId !== null);
  const copies = ({ messageId }: Sent) => counts.get(messageId ?? '') ?? 0;
  const isSwallowed = ({ messageId }: Sent) => swallowed.has(messageId ?? '');
  return {
    missing: taken.filter((one) => copies(one) === 0 && !isSwallowed(one)),
    doubles: taken.filter((one) => copies(one) > 1),
    swallowed: taken.filter((one) => copies(one) === 0 && isSwallowed(one)),
  };
}

/** The reset that was followed, and its first copy; null when it has none. */
export function resetIn({ sent, arrivals }: Pick<Seen, 'sent' | 'arrivals'>): { took: Ms; by: Arrival['by'] } | null {
  const reset = sent.find(({ isTraced }) => isTraced);
  const first = arrivals.find(({ messageId }) => messageId === reset?.messageId);
  return reset && first ? { took: first.at - reset.at, by: first.by } : null;
}
