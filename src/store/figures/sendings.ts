// What became of the mail that left from each IP address, by day and by who runs the mailbox.
import type { Knex } from 'knex';
import { type Sending, sumSendings } from '../../core/care/sendings.ts';
import { groupBy } from '../../core/group.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { addUp } from '../db/statements.ts';
import { transact } from '../db/transact.ts';

/** In a short form because many are kept: `[day, provider, ip, mailbox, arrived, failed, putOff, blocked, named, complained]`. */
export type SendingDelta = [Ms, string, string, Sending['mailbox'], number, number, number, number, number, number];

const keyOf = ({ day, provider, ip, mailbox }: Pick<Sending, 'day' | 'provider' | 'ip' | 'mailbox'>): string =>
  `${String(day).padStart(15, '0')} ${provider} ${ip} ${mailbox}`;

export const sendingDeltas = (all: readonly Sending[]): SendingDelta[] =>
  sumSendings(all, keyOf).map((one) => [
    ...([one.day, one.provider, one.ip, one.mailbox] as const),
    ...([one.arrived, one.failed, one.putOff, one.blocked, one.named, one.complained] as const),
  ]);

const sendingOf = ([
  day,
  provider,
  ip,
  mailbox,
  arrived,
  failed,
  putOff,
  blocked,
  named,
  complained,
]: SendingDelta) => ({
  ...{ day, provider, ip, mailbox },
  ...{ arrived, failed, putOff, blocked, named, complained },
});

/** So many addresses of a provider are counted one by one in a day; the others together. */
const MOST_IPS = 500;

/** Adds to the sums, in the order of their key, so that two writers do not wait for each other. */
export async function addSendings(tx: Knex.Transaction, deltas: readonly SendingDelta[]): Promise<void> {
  if (deltas.length === 0) return;
  const admitted: Sending[] = [];
  for (const [, same] of groupBy(deltas.map(sendingOf), ({ day, provider }) => `${day} ${provider}`))
    admitted.push(...(await admittedIn(tx, same)));
  const rows = sumSendings(admitted, keyOf).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  await addUp(
    tx,
    SUMS,
    rows.map(({ putOff, ...row }) => ({ ...row, put_off: putOff })),
  );
}

const SUMS = {
  table: 'sending_ips',
  keys: ['day', 'provider', 'ip', 'mailbox'],
  sums: ['arrived', 'failed', 'put_off', 'blocked', 'named', 'complained'],
};

async function admittedIn(tx: Knex.Transaction, same: readonly [Sending, ...Sending[]]): Promise<Sending[]> {
  const [{ day, provider }] = same;
  const known = new Set<string>(await tx('sending_ips').where({ day, provider }).distinct().pluck('ip'));
  const isCounted = (ip: string) => known.has(ip) || (known.size < MOST_IPS && known.add(ip));
  return same.map((one) => (isCounted(one.ip) ? one : { ...one, ip: '' }));
}

type Row = Omit<Sending, 'putOff'> & { put_off: number };

/** What is known since the beginning of that day, oldest first. */
export async function sendingsSince({ db }: Store, day: Ms): Promise<Sending[]> {
  const rows: Row[] = await db('sending_ips')
    .where('day', '>=', day)
    .orderBy(['day', 'provider', 'ip', 'mailbox'])
    .limit(MOST_ROWS);
  return rows.map(({ put_off: putOff, ...row }) => ({ ...row, day: Number(row.day), putOff }));
}

/** More than two months of a busy sender have. */
const MOST_ROWS = 200_000;

/** Forgets the oldest day, when it is before that moment. A day has few rows. */
export async function pruneSendings(store: Store, before: Ms): Promise<number> {
  const oldest = await store.db('sending_ips').where('day', '<', before).min({ day: 'day' }).first();
  const day = Number(oldest?.['day'] ?? 0);
  return day === 0 ? 0 : transact(store, (tx) => tx('sending_ips').where({ day }).delete());
}
