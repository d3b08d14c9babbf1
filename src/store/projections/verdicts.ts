import type { Knex } from 'knex';
import type { FactOf } from '../../core/delivery.ts';
import type { Ms } from '../../core/time.ts';
import type { Cause } from '../../core/verdict.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import type { Move } from '../rows/move.ts';
import type { Projection } from '../rows/projection.ts';

type Reported = { move: Move; fact: FactOf<'reported'> };

/** Keeps two kinds of verdicts for later: faults of the sender, and replies that no rule knows. */
export const verdicts: Projection = { name: 'verdicts', project: noteVerdicts };

async function noteVerdicts(tx: Knex.Transaction, moves: readonly Move[], now: Ms): Promise<void> {
  const reported = reportedIn(moves);
  await noteFaults(tx, reported, now);
  const unclear = reported
    .filter(({ fact }) => fact.verdict?.cause === 'undetermined')
    .map(({ move, fact }) => ({ delivery_id: move.view.id, fact_key: fact.key, at: fact.at }));
  await insertNew(tx, 'unclear', unclear, ['delivery_id', 'fact_key']);
}

const reportedIn = (moves: readonly Move[]): Reported[] =>
  moves.flatMap((move) => move.fresh.flatMap((fact) => (fact.kind === 'reported' ? [{ move, fact }] : [])));

/**
 * When each fault that only the sender can mend was last reported, by sending domain and cause. The time is by our
 * clock, as the acts of an operator are.
 */
async function noteFaults(tx: Knex.Transaction, reported: readonly Reported[], now: Ms): Promise<void> {
  const faults = new Map<string, { domain: string; cause: Cause; reported_at: Ms; delivery_id: string }>();
  for (const { move, fact } of reported) {
    // With `RETRY_DECISIONS=codes` it may be tried again: then the fault holds nothing up.
    if (fact.verdict?.decision !== 'fix_sender' || fact.plan !== 'stop') continue;
    const { domain, id } = move.view;
    const { cause } = fact.verdict;
    faults.set(`${domain}\n${cause}`, { domain, cause, reported_at: now, delivery_id: id });
  }
  const rows = [...faults].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  if (rows.length > 0) await tx('sender_faults').insert(rows).onConflict(['domain', 'cause']).merge();
}

/** When each cause that the sender has to mend was last reported for these domains, since that moment. */
export async function senderFaults(
  store: Store,
  domains: readonly string[],
  since: Ms,
): Promise<(domain: string, cause: string | undefined) => Ms | null> {
  const rows: { domain: string; cause: string; reported_at: Ms }[] = await store
    .db('sender_faults')
    .whereIn('domain', [...new Set(domains)])
    .where('reported_at', '>=', since)
    .limit(5000);
  const reportedAt = new Map(rows.map((r) => [`${r.domain}\n${r.cause}`, r.reported_at]));
  return (domain, cause) => reportedAt.get(`${domain}\n${cause}`) ?? null;
}
