// Which thresholds are passed. A change is written by one process, together with what administrators hear of it.
import type { Knex } from 'knex';
import { newId } from '../base/ids.ts';
import type { Scope, Standing } from '../core/thresholds/judge.ts';
import { MEASURES, type Measure } from '../core/thresholds/rule.ts';
import type { Ms } from '../core/time.ts';
import { type RaisedItem, raiseIn } from './alerts.ts';
import type { Store } from './db/open.ts';
import { insertNew } from './db/statements.ts';
import { transact } from './db/transact.ts';

export type KeptStanding = { rule: string; measure: Measure; scope: Scope; standing: Standing; token: string };

type Key = { rule: string; domain: string; class: string; about: string };
type Row = Key & {
  measure: Measure;
  beyond_since: Ms | null;
  rang_at: Ms | null;
  well_since: Ms | null;
  looked_at: Ms;
  worst: string;
  token: string;
};

/** So many thresholds may be passed at once. */
const MOST = 2000;

/** All that rings, or is about to. */
export async function standingThresholds({ db }: Store): Promise<KeptStanding[]> {
  const rows: Row[] = await db('threshold_states').limit(MOST).select();
  return rows.filter(({ token, measure }) => token !== '' && MEASURES.includes(measure)).map(keptIn);
}

const keptIn = ({ rule, measure, domain, class: kind, about, token, ...row }: Row): KeptStanding => ({
  ...{ rule, measure, token, scope: { domain, class: kind, about } },
  standing: {
    beyondSince: Number(row.beyond_since),
    rangAt: row.rang_at === null ? null : Number(row.rang_at),
    wellSince: row.well_since === null ? null : Number(row.well_since),
    lookedAt: Number(row.looked_at),
    worst: worstIn(row.worst),
  },
});

function worstIn(json: string): Standing['worst'] {
  try {
    return JSON.parse(json) as Standing['worst'];
  } catch {
    return { of: 0, bad: 0, value: 0 };
  }
}

export type StandingChange = {
  rule: string;
  measure: Measure;
  scope: Scope;
  /** As it was read; null where there was none. */
  before: KeptStanding | null;
  /** Null where it is calm. */
  after: Standing | null;
  alert: RaisedItem | null;
};

/** Writes how a threshold stands, and tells of it; false when another process did so meanwhile. */
export function keepStanding(store: Store, change: StandingChange, now: Ms): Promise<boolean> {
  const { rule, measure, scope, before, after, alert } = change;
  const key: Key = { rule, ...scope };
  const token = newId(now);
  return transact(store, async (tx) => {
    if (before === null) await insertNew(tx, 'threshold_states', blank(key, measure), [...KEY]);
    const mine = tx('threshold_states').where({ ...key, token: before?.token ?? '' });
    const changed = after === null ? await mine.delete() : await mine.update({ measure, ...rowOf(after), token });
    if (changed === 0 && !(await wasMine(tx, key, token))) return false;
    if (alert) await raiseIn(tx, alert);
    return true;
  });
}

/** After a COMMIT without a reply it is there already. */
const wasMine = async (tx: Knex.Transaction, key: Key, token: string): Promise<boolean> =>
  (await tx('threshold_states')
    .where({ ...key, token })
    .first('token')) !== undefined;

const KEY = ['rule', 'domain', 'class', 'about'] as const;

const blank = (key: Key, measure: Measure): Row => ({
  ...{ ...key, measure, beyond_since: null, rang_at: null, well_since: null, looked_at: 0, worst: '{}', token: '' },
});

const rowOf = ({ beyondSince, rangAt, wellSince, lookedAt, worst }: Standing) => ({
  ...{ beyond_since: beyondSince, rang_at: rangAt, well_since: wellSince, looked_at: lookedAt },
  worst: JSON.stringify(worst),
});
