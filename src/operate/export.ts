import { maskAddress } from '../core/address.ts';
import { isNamedIn } from '../core/mention.ts';
import { bodyWithoutOthers, valueWithoutOthers, withoutOthers } from '../core/others.ts';
import type { Ms } from '../core/time.ts';
import { attemptWords, factWords } from '../core/words/facts.ts';
import { standingWords } from '../core/words/standing.ts';
import { suppressionWords } from '../core/words/support.ts';
import type { Store } from '../store/db/open.ts';
import { eventsNaming } from '../store/erased.ts';
import { type Place, START, textsNaming } from '../store/erased-texts.ts';
import { deliveriesPage, type KeptRow, rowsOf } from '../store/exported.ts';
import { resendRows } from '../store/messages/resends.ts';
import { audit } from '../store/notes/audit.ts';
import { listSuppressions } from '../store/projections/suppressions.ts';
import { type FactRow, factIn, load, type View } from '../store/rows/rows.ts';

/** One thing that is kept of a person. */
export type Exported = {
  /** The table that it stands in; `attempts` are what facts add up to. */
  table: string;
  /** When it was, where that is known. */
  at: Ms | null;
  message: string | null;
  delivery: string | null;
  /** What it means, where that can be said. */
  words: string | null;
  /** As it is kept. Addresses of others are left out, and what only a process needs. */
  data: unknown;
};

/**
 * Everything that is kept of a person: what is erased of one, and the suppression of the address, which is not. It is read a
 * page at a time, so it takes little memory whatever there is. It is noted that it was asked for before it begins.
 */
export async function* exportOf(
  address: string,
  { store, who, now }: { store: Store; who: string; now: Ms },
): AsyncGenerator<Exported> {
  await audit(store, now, { who, what: 'export', subject: maskAddress(address), detail: null });
  yield* listed(store, address);
  yield* mail(store, address);
  yield* events(store, address);
  yield* texts(store, address);
}

async function* listed(store: Store, address: string): AsyncGenerator<Exported> {
  const { rows } = await listSuppressions(store, { limit: 1, address });
  for (const { delivery_id: delivery, ...row } of rows) {
    const data = valueWithoutOthers(row, address);
    yield {
      table: 'suppressions',
      at: row.created_at,
      message: null,
      delivery,
      words: suppressionWords(row.cause),
      data,
    };
  }
}

async function* mail(store: Store, address: string): AsyncGenerator<Exported> {
  for (let page = await deliveriesPage(store, address); ; page = await deliveriesPage(store, address, page.next)) {
    const views = await load(store.db, page.ids);
    for (const kept of await rowsOf(store, page.ids)) yield ofRow(kept, views, address);
    for (const view of views.values()) yield* attemptsOf(view);
    yield* resendsOf(store, [...views.values()]);
    if (page.next === null) return;
  }
}

/** What only a process needs. */
const OURS: ReadonlySet<string> = new Set(['lease', 'ask_lease']);
const TIMES = ['at', 'created_at'];

function ofRow(
  { table, message, delivery, row }: KeptRow,
  views: ReadonlyMap<string, View>,
  address: string,
): Exported {
  const kept = Object.entries(row).filter(([name]) => !OURS.has(name));
  const data = valueWithoutOthers(Object.fromEntries(kept.map(read)), address) as Record<string, unknown>;
  // Whom it was from is part of what was sent to them.
  if (table === 'messages') data['sender'] = row['sender'];
  const time = TIMES.map((name) => row[name]).find((value) => value != null);
  const view = views.get(delivery ?? '');
  const words = view ? wordsOf(table, data, view) : null;
  return { table, at: time == null ? null : Number(time), message, delivery, words, data };
}

/** JSON is shown as what it says. */
function read([name, value]: [string, unknown]): [string, unknown] {
  if ((name !== 'body' && name !== 'policy') || typeof value !== 'string') return [name, value];
  try {
    return [name, JSON.parse(value, (key, one) => (OURS.has(key) ? undefined : one))];
  } catch {
    return [name, value];
  }
}

/** From what is shown, so that nothing else gets into them. */
function wordsOf(table: string, data: Record<string, unknown>, { delivery, birth }: View): string | null {
  const { watch } = birth.policy;
  if (table === 'deliveries') return standingWords(delivery, watch);
  if (table !== 'facts') return null;
  return factWords(factIn({ ...data, body: JSON.stringify(data['body']) } as FactRow), watch);
}

function* attemptsOf({ messageId: message, id: delivery, delivery: { attempts } }: View): Generator<Exported> {
  for (const attempt of attempts) {
    const { at, provider, role, way, double } = attempt.claim;
    const data = { number: attempt.number, provider, role, way, outcome: attempt.outcome, possibleDouble: double };
    yield { table: 'attempts', at, message, delivery, words: attemptWords(attempt), data };
  }
}

async function* resendsOf(store: Store, views: readonly View[]): AsyncGenerator<Exported> {
  const messages = views.map((view) => ({ id: view.messageId, message_key: view.key }));
  for (const [message, { times, asked_at }] of await resendRows(store, messages)) {
    if (Number(times) === 0) continue;
    const words = `It was asked for again, ${Number(times)} times in a row.`;
    yield { table: 'resends', at: Number(asked_at), message, delivery: null, words, data: { times: Number(times) } };
  }
}

async function* events(store: Store, address: string): AsyncGenerator<Exported> {
  for (let after: string | null = ''; after !== null; ) {
    const { last, named } = await eventsNaming(store, address, after);
    after = last;
    for (const { body, content_type, received_at, ...row } of named) {
      const { id, provider, source } = row;
      const data = { id, provider, source, body: bodyWithoutOthers(body, content_type, address) };
      yield { table: 'inbox', at: Number(received_at), message: null, delivery: null, words: null, data };
    }
  }
}

async function* texts(store: Store, address: string): AsyncGenerator<Exported> {
  for (let from: Place | null = START; from !== null; ) {
    const { texts: found, rows, next } = await textsNaming(store, address, from);
    from = next;
    for (const row of rows) {
      const lines = (found?.columns ?? []).flatMap((column) => linesNaming(row[column], address));
      if (!found || lines.length === 0) continue;
      const key = Object.fromEntries(found.key.map((name) => [name, row[name]]));
      const data = { ...(valueWithoutOthers(key, address) as object), lines };
      yield { table: found.table, at: null, message: null, delivery: null, words: null, data };
    }
  }
}

/** Of a text about many, the lines that name this person. */
function linesNaming(text: string | number | null | undefined, address: string): string[] {
  if (typeof text !== 'string') return [];
  const lines = text.split('\n').filter((line) => isNamedIn(line, address));
  return lines.map((line) => withoutOthers(line, address));
}
