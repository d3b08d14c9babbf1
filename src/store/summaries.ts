import type { Ms } from '../core/time.ts';
import { subjectLine } from './alerts.ts';
import { type Claim, changeClaimed, claimNext, claimsOn, type Sendable } from './claims.ts';
import type { Store } from './db/open.ts';
import { insertNew } from './db/statements.ts';
import { transact } from './db/transact.ts';

/** A summary as it was written, to be sent to each administrator once. */
export type KeptSummary = {
  /** The last calendar day that it is about; there is one summary of a day. */
  day: string;
  subject: string;
  body: string;
  createdAt: Ms;
  tries: number;
  /** Hashes of the administrators who have got it. */
  told: string[];
  claim: Claim;
};

/** Which of these days have a summary, sent or not. */
export async function summarizedDays(store: Store, days: readonly string[]): Promise<Set<string>> {
  const rows: { day: string }[] = await store
    .db('summaries')
    .whereIn('day', [...days])
    .select('day');
  return new Set(rows.map((r) => r.day));
}

/** Keeps a summary before it is sent. Of several processes that wrote it, the first one's is kept. */
export async function keepSummary(
  store: Store,
  { day, subject, body }: Pick<KeptSummary, 'day' | 'subject' | 'body'>,
  now: Ms,
): Promise<void> {
  const row = {
    day,
    subject: subjectLine(subject),
    body,
    created_at: now,
    pending: 1,
    due_at: now,
    tries: 0,
    sent_at: null,
    told: '[]',
  };
  await transact(store, (tx) => insertNew(tx, 'summaries', { ...row, error: null }, 'day'));
}

const SUMMARIES: Sendable = { table: 'summaries', key: 'day', order: 'day' };

/** Claims the oldest summary that is to be sent now, until that moment; null when there is none. */
export async function takeSummary(store: Store, times: { now: Ms; until: Ms }): Promise<KeptSummary | null> {
  const claim = await claimNext(store, SUMMARIES, times);
  if (!claim) return null;
  const row = await store
    .db('summaries')
    .where({ day: claim.name })
    .first('subject', 'body', 'created_at', 'tries', 'told');
  const { subject, body, created_at, tries, told } = row as Record<string, string | number>;
  return {
    day: claim.name,
    subject: String(subject),
    body: String(body),
    createdAt: Number(created_at),
    tries: Number(tries),
    told: JSON.parse(String(told)) as string[],
    claim,
  };
}

export const { hold: holdSummary, sent: summarySent, failed: summaryFailed } = claimsOn(SUMMARIES);

/**
 * Notes who has got it. It is called after each administrator, so that a failure with one does not send it twice to
 * another.
 */
export const summaryTold = (store: Store, claim: Claim, told: readonly string[]): Promise<boolean> =>
  changeClaimed(store, SUMMARIES, claim, { told: JSON.stringify(told) });

/** Names of the channels that a recent alert warned about. */
export async function channelsWarnedAbout(store: Store, since: Ms): Promise<Set<string>> {
  const rows: { avoid: string }[] = await store
    .db('alerts')
    .where('created_at', '>=', since)
    .orderBy('created_at', 'desc')
    .select('avoid')
    .limit(200);
  return new Set(rows.flatMap((r) => JSON.parse(r.avoid) as string[]));
}

/** When the first delivery was asked for; null when none was. */
export async function firstDeliveryAt(store: Store): Promise<Ms | null> {
  const row: { created_at: Ms } | undefined = await store.db('deliveries').orderBy('created_at').first('created_at');
  return row ? Number(row.created_at) : null;
}
