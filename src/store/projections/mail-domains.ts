import type { Knex } from 'knex';
import { NO_DOMAIN, recipientDomain } from '../../core/figures/place.ts';
import { HOUR, type Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { chunks } from '../db/transact.ts';
import type { Move } from '../rows/move.ts';
import type { Projection } from '../rows/projection.ts';

/** Keeps at which recipient domains mail arrived. */
export const mailDomains: Projection = { name: 'mail domains', project: noteArrivals };

/** A busy domain is not written with each of its mails. */
const AGAIN_AFTER = HOUR;

async function noteArrivals(tx: Knex.Transaction, moves: readonly Move[], now: Ms): Promise<void> {
  const arrived = moves.filter((m) => m.after.delivery.arrivedOn.length > 0 && !m.before?.arrivedOn.length);
  const domains = [...new Set(arrived.map((m) => recipientDomain(m.view.recipient)))]
    .filter((name) => name !== NO_DOMAIN)
    .sort();
  for (const part of chunks(domains, 200)) {
    const known: string[] = await tx('mail_domains')
      .whereIn('domain', part)
      .where('arrived_at', '>', now - AGAIN_AFTER)
      .pluck('domain');
    const due = part.filter((domain) => !known.includes(domain));
    if (due.length === 0) continue;
    const rows = due.map((domain) => ({ domain, arrived_at: now }));
    await tx('mail_domains').insert(rows).onConflict('domain').merge();
  }
}

/** Of these domains, those at which mail has arrived since then. */
export async function takingMail(store: Store, domains: readonly string[], since: Ms): Promise<Set<string>> {
  const names = [...new Set(domains)];
  if (names.length === 0) return new Set();
  const rows: string[] = await store
    .db('mail_domains')
    .whereIn('domain', names)
    .where('arrived_at', '>=', since)
    .pluck('domain');
  return new Set(rows);
}
