import type { Knex } from 'knex';
import type { Ended } from '../../core/figures/hopeless.ts';
import { recipientDomain } from '../../core/figures/place.ts';
import { type Retried, retriesIn } from '../../core/figures/retries.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import type { Move } from '../rows/move.ts';
import type { Projection } from '../rows/projection.ts';

type Row = {
  delivery_id: string;
  attempt: number;
  place: string;
  at: Ms;
  result: 'arrived' | 'failed';
  sending_ip: Retried['sendingIp'];
};

/** Keeps how re-posts ended; late news changes or removes a row. */
export const reposts: Projection = { name: 'reposts', project: noteReposts };

async function noteReposts(tx: Knex.Transaction, moves: readonly Move[]): Promise<void> {
  const puts: Row[] = [];
  for (const { view, before, after } of moves) {
    if (after.delivery.attempts.length < 2 || after.delivery === before) continue;
    const known = new Map(endedIn(view.id, view.recipient, before).map((r) => [r.attempt, r]));
    const now = endedIn(view.id, view.recipient, after.delivery);
    puts.push(...now.filter((r) => !isSame(r, known.get(r.attempt))));
    const gone = [...known.keys()].filter((attempt) => !now.some((r) => r.attempt === attempt));
    if (gone.length > 0) await tx('reposts').where({ delivery_id: view.id }).whereIn('attempt', gone).delete();
  }
  if (puts.length > 0) await tx('reposts').insert(puts).onConflict(['delivery_id', 'attempt']).merge();
}

function endedIn(id: string, recipient: string, d: Move['before']): Row[] {
  return (d ? retriesIn(d) : []).flatMap(({ cause, attempt, sendingIp, result, at }) => {
    if (result !== 'arrived' && result !== 'failed') return [];
    const place = `${recipientDomain(recipient)} ${cause}`;
    return [{ delivery_id: id, attempt, place, at, result, sending_ip: sendingIp }];
  });
}

const isSame = (a: Row, b: Row | undefined): boolean =>
  a.place === b?.place && a.result === b.result && a.sending_ip === b.sending_ip;

/** The last re-posts for a recipient domain and cause whose end is known, latest first. */
export async function lastReposts(store: Store, place: string, limit: number): Promise<Ended[]> {
  const rows: Row[] = await store.db('reposts').where({ place }).orderBy('at', 'desc').limit(limit);
  return rows.map((r) => ({
    attempt: r.attempt,
    sendingIp: r.sending_ip,
    at: Number(r.at),
    arrived: r.result === 'arrived',
  }));
}
