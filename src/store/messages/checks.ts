// Whether what stands in one list fits all the rest, found by primary keys.
import type { Knex } from 'knex';
import { HOME_PROVIDER, providerTerm } from '../../core/search-terms.ts';
import { recipientKey } from '../rows/rows.ts';
import type { Filter, List } from './lists.ts';

/**
 * Leaves of the candidates (`at` and `id`) those that fit. Each condition is a question about one row: from `exists` MariaDB
 * makes a join, for which it may read a table through.
 */
export function fitting(candidates: Knex.QueryBuilder, db: Knex, filter: Filter, list: List): void {
  const must = (question: Knex.QueryBuilder) => void candidates.whereRaw('(?) = 1', [question.limit(1)]);
  const { ids, key, terms = [] } = filter;
  if (ids && !list.holds.has('ids')) candidates.whereIn('id', [...ids]);
  for (const term of terms) if (!list.holds.has(`term ${term}`)) must(ofTerm(db, term, db.raw("''")));
  const ofMessage = {
    ...(key === undefined || list.holds.has('key') ? {} : { message_key: key }),
    ...(filter.class === undefined || list.holds.has('class') ? {} : { class: filter.class }),
  };
  if (Object.keys(ofMessage).length > 0)
    must(db('messages').select(db.raw('1')).where('messages.id', db.ref('candidates.id')).where(ofMessage));
  const ofDelivery = (['recipient', 'state', 'cause', 'provider'] as const).filter(
    (name) => filter[name] !== undefined,
  );
  if (ofDelivery.some((name) => !list.holds.has(name)))
    must(
      fittingDeliveries(db, filter, 'candidates')
        .select(db.raw('1'))
        .where('deliveries.message_id', db.ref('candidates.id')),
    );
}

/** Deliveries of which all holds that is said of one; `message` names the table with `at` and `id` of its message. */
export function fittingDeliveries(db: Knex, filter: Filter, message: 'candidates' | null): Knex.QueryBuilder {
  const { recipient, state, class: kind, cause, provider } = filter;
  const rows = db('deliveries');
  if (recipient !== undefined) rows.where('deliveries.recipient_key', recipientKey(recipient));
  // The sign keeps SQLite from walking all in that state, for each message anew.
  if (state !== undefined) rows.whereRaw('+deliveries.state = ?', state);
  if (kind !== undefined && (recipient !== undefined || state !== undefined))
    rows.whereRaw('+deliveries.class = ?', kind);
  const at = message === null ? db.ref('deliveries.message_at') : db.ref(`${message}.at`);
  const has = (term: string) =>
    void rows.whereRaw('(?) = 1', [
      db('search_terms')
        .select(db.raw('1'))
        .where({ term })
        .where('message_at', at)
        .where('search_terms.message_id', db.ref('deliveries.message_id'))
        .where('delivery_id', db.ref('deliveries.id'))
        .limit(1),
    ]);
  if (cause !== undefined) has(cause);
  if (provider === HOME_PROVIDER) rows.where('deliveries.provider', provider);
  else if (provider !== undefined) has(providerTerm(provider));
  return rows;
}

const ofTerm = (db: Knex, term: string, deliveryId: Knex.Raw): Knex.QueryBuilder =>
  db('search_terms')
    .select(db.raw('1'))
    .where({ term })
    .where('message_at', db.ref('candidates.at'))
    .where('message_id', db.ref('candidates.id'))
    .where('delivery_id', deliveryId);
