// A history of any size, written by the database itself: nobody could wait until millions of deliveries were played.
import { makeTables, type Tables } from '../../migrations/make-tables.ts';
import { DAY, type Ms } from '../../src/core/time.ts';
import type { Store } from '../../src/store/db/open.ts';
import { createModels, modelAt, SLOTS } from './models.ts';
import { seedMonth } from './sums.ts';

/** Deliveries that ended before `now`, evenly over as many days as they are kept. */
export type History = { size: number; now: Ms; progress(line: string): void };

const DAYS = 90;
/** Deliveries for each that are written at once. */
const CHUNK = 100_000;
/** One of a hundred mails goes to this address: notices, which all arrive. */
export const BUSY = 'ops@company.example';

export const startOf = ({ now }: Pick<History, 'now'>): Ms => now - DAYS * DAY;
/** The time between two deliveries. */
export const stepOf = ({ size }: Pick<History, 'size'>): Ms => Math.floor((DAYS * DAY) / size);
/** Each person gets five mails. The number is odd, so that they are not all of one class. */
const peopleOf = (size: number): number => Math.floor(size / 5) | 1;

/** The id of a message of the history, and of its one delivery. */
export const idAt = (n: number): string => String(n).padStart(26, '0');
export const recipientAt = (n: number, size: number): string => {
  const person = Number((BigInt(n) * PRIME) % BigInt(peopleOf(size)));
  return `person${person}@company-${person % 2000}.example`;
};
const PRIME = 2_654_435_761n;

/** Has to be called with an empty database. */
export async function fill(store: Store, history: History): Promise<void> {
  const { size, now, progress } = history;
  await inHaste(store);
  await seedMonth(store, {
    ...{ deliveries: size, days: DAYS, end: now },
    progress: (done) => progress(`sums of ${done} of ${size} deliveries`),
  });
  await prepare(store, history);
  for (let from = 0; from < size; from += CHUNK) {
    progress(`${from} of ${size} deliveries`);
    await seeds(store, history, from);
    for (const [table, { on, fresh }] of Object.entries(COPIES)) {
      await copy(store, table, { on, fresh: fresh(store.kind) });
    }
    await store.db('age_seeds').delete();
  }
  for (const table of [...Object.keys(TABLES), ...Object.keys(COPIES).map((name) => `age_${name}`)])
    await store.db.schema.dropTable(table);
  if (store.kind === 'sqlite') await store.db.raw('pragma wal_checkpoint(truncate)');
}

/** Nothing of it is worth a wait for the disk. */
async function inHaste({ kind, db }: Store): Promise<void> {
  if (kind === 'mysql') return;
  for (const pragma of ['synchronous=off', 'cache_size=-4000000', 'wal_autocheckpoint=100000'])
    await db.raw(`pragma ${pragma}`);
}

const TABLES: Tables = {
  age_thousand: (t) => void t.integer('n').primary(),
  age_slots(t) {
    t.integer('slot').primary();
    t.string('message', 26);
    t.string('delivery', 26);
  },
  age_seeds(t) {
    t.integer('n').primary();
    t.string('id', 26);
    t.bigInteger('at');
    t.string('message', 26);
    t.string('delivery', 26);
    t.string('recipient', 100);
  },
};

async function prepare(store: Store, history: History): Promise<void> {
  const { db } = store;
  const models = await createModels(store, startOf(history));
  await makeTables(db, TABLES);
  await db.batchInsert(
    'age_thousand',
    Array.from({ length: 1000 }, (_, n) => ({ n })),
    100,
  );
  const slots = Array.from({ length: SLOTS }, (_, slot) => {
    const { message, delivery } = modelAt(models, slot);
    return { slot, message, delivery };
  });
  await db.batchInsert('age_slots', slots, 100);
  for (const table of Object.keys(COPIES)) await db.raw(`create table age_${table} as select * from ${table}`);
}

/** When, to whom and after which model each of the next deliveries went. */
async function seeds({ db }: Store, history: History, from: number): Promise<void> {
  const people = peopleOf(history.size);
  const thousands = Math.min(CHUNK, history.size - from) / 1000;
  await db.raw(
    `insert into age_seeds (n, id, at, message, delivery, recipient)
      select n, substr(concat('${'0'.repeat(26)}', n), -26), ${startOf(history)} + n * ${stepOf(history)}, message, delivery,
        case when slot < 400 and slot % 20 = 0 then '${BUSY}'
          else concat('person', n * ${PRIME} % ${people}, '@company-', n * ${PRIME} % ${people} % 2000, '.example') end
      from (select ${from} + a.n * 1000 + b.n as n from age_thousand a cross join age_thousand b where a.n < ${thousands}) numbers
      join age_slots on slot = (n * 617) % ${SLOTS}`,
  );
}

type Fresh = Record<string, string>;
type Copy = { on: string; fresh(kind: Store['kind']): Fresh };

/** A key that is a hash stands nowhere near the one before. */
const hash = (kind: Store['kind']): string =>
  kind === 'mysql' ? 'sha2(concat(s.id, m.message_id), 256)' : 'lower(hex(randomblob(32)))';
const OF_DELIVERY = 'm.delivery_id = s.delivery';
const OF_MESSAGE = 'm.message_id = s.message';

/** For each table: the rows of the model that are copied, and what differs in them. Times move with the delivery. */
const COPIES: Record<string, Copy> = {
  messages: {
    on: 'm.id = s.message',
    fresh: (kind) => ({ id: 's.id', message_id: "concat(s.id, '@mail.example.com')", record_key: hash(kind) }),
  },
  deliveries: {
    on: 'm.id = s.delivery',
    fresh: () => ({ id: 's.id', message_id: 's.id', recipient: 's.recipient', recipient_key: 's.recipient' }),
  },
  facts: { on: OF_DELIVERY, fresh: () => ({ delivery_id: 's.id' }) },
  handles: { on: OF_MESSAGE, fresh: (kind) => ({ message_id: 's.id', hash: hash(kind) }) },
  inbox: { on: 'm.replay_key = s.message', fresh: () => ({ id: 's.id', replay_key: 's.id', event_key: 's.id' }) },
  alert_items: {
    on: OF_DELIVERY,
    fresh: () => ({ delivery_id: 's.id', item_key: "concat('old:', s.id)", alert_id: "'told'" }),
  },
};

const TIMES = new Set([
  'at',
  'created_at',
  'updated_at',
  'ended_at',
  'message_at',
  'recorded_at',
  'received_at',
  'due_at',
]);

async function copy(store: Store, table: string, { on, fresh }: { on: string; fresh: Fresh }): Promise<void> {
  const { db } = store;
  const columns = await columnsOf(store, table);
  const start = await db('age_messages').min({ at: 'created_at' }).first();
  const values = columns.map((c) => fresh[c] ?? (TIMES.has(c) ? `m.${c} + s.at - ${Number(start?.at)}` : `m.${c}`));
  await db.raw(
    `insert into ${table} (${columns.join(', ')}) select ${values.join(', ')}
      from age_seeds s join age_${table} m on ${on} order by s.n`,
  );
}

/** Those that can be written: a database makes generated ones itself, and SQLite does not list them. */
async function columnsOf({ db, kind }: Store, table: string): Promise<string[]> {
  if (kind === 'sqlite') return Object.keys(await db(table).columnInfo());
  const [columns] = (await db.raw('show columns from ??', table)) as [{ Field: string; Extra: string }[]];
  return columns.filter(({ Extra }) => !Extra.includes('GENERATED')).map(({ Field }) => Field);
}
