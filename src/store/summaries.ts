import type { Knex } from 'knex';
import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { transact } from './db/transact.ts';

/** A summary as it was written, to be sent to each administrator once. */
export type KeptSummary = {
  /** The last calendar day that it is about; there is one summary of a day. */
  day: string;
  subject: string;
  body: string;
  createdAt: Ms;
  tries: number;
  /** Administrators who have it, by hash. */
  told: string[];
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
export async function keepSummary(store: Store, day: string, subject: string, body: string, now: Ms): Promise<void> {
  const row = { day, subject, body, created_at: now, pending: 1, due_at: now, tries: 0, sent_at: null, told: '[]' };
  await transact(store, (tx) =>
    tx('summaries')
      .insert({ ...row, error: null })
      .onConflict('day')
      .ignore(),
  );
}

/** Claims summaries that are to be sent now, oldest first, for `lease` ms. */
export async function takeSummaries(store: Store, now: Ms, limit: number, lease: Ms): Promise<KeptSummary[]> {
  const pending = (db: Knex) => db('summaries').where({ pending: 1 }).whereBetween('due_at', [0, now]);
  const rows: { day: string; due_at: Ms }[] = await pending(store.db)
    .orderBy('day')
    .limit(limit)
    .select('day', 'due_at');
  const won: KeptSummary[] = [];
  for (const { day, due_at } of rows) {
    const claim = (tx: Knex) =>
      pending(tx)
        .where({ day, due_at })
        .update({ due_at: now + lease });
    if ((await transact(store, claim)) === 1) won.push(await readSummary(store, day));
  }
  return won;
}

async function readSummary(store: Store, day: string): Promise<KeptSummary> {
  const row = await store.db('summaries').where({ day }).first('subject', 'body', 'created_at', 'tries', 'told');
  const { subject, body, created_at, tries, told } = row as Record<string, string | number>;
  return {
    day,
    subject: String(subject),
    body: String(body),
    createdAt: Number(created_at),
    tries: Number(tries),
    told: JSON.parse(String(told)) as string[],
  };
}

/** Who has it is written down after each of them, so that nobody gets it again because another did not get it. */
export async function summaryTold(store: Store, day: string, told: readonly string[]): Promise<void> {
  await transact(store, (tx) =>
    tx('summaries')
      .where({ day })
      .update({ told: JSON.stringify(told) }),
  );
}

export async function summarySent(store: Store, day: string, now: Ms): Promise<void> {
  await transact(store, (tx) => tx('summaries').where({ day }).update({ pending: 0, sent_at: now, error: null }));
}

export async function summaryFailed(store: Store, day: string, tries: number, dueAt: Ms, error: string): Promise<void> {
  await transact(store, (tx) => tx('summaries').where({ day }).update({ tries, due_at: dueAt, error }));
}

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
