import type { Knex } from 'knex';
import { groupBy } from '../../core/group.ts';
import type { MessageClass } from '../../core/message-class.ts';
import { type PutOff, putOffsIn, type ReceiverCount, receiversWithin, type Told } from '../../core/receivers.ts';
import type { Ms } from '../../core/time.ts';
import { addOnce } from '../db/added-once.ts';
import type { Store } from '../db/open.ts';
import { addUp } from '../db/statements.ts';
import { transact } from '../db/transact.ts';

/** What became of one mail at a receiver. */
export type ReceiverSign = Told & { receiver: string; class: MessageClass };

type Moment = { now: Ms; window: Ms };

/** So many receivers are counted for a provider in a fifth of the time; what goes to more is not counted then. */
const MOST_RECEIVERS = 300;

const bucketOf = (at: Ms, window: Ms): Ms => at - (at % Math.max(1, Math.round(receiversWithin(window) / 5)));

/** Counts what receivers did with mail, by provider and class. */
export async function addReceiverSigns(
  store: Store,
  signs: readonly ReceiverSign[],
  { now, window }: Moment,
): Promise<void> {
  const bucket = bucketOf(now, window);
  for (const [provider, mine] of groupBy(signs, (sign) => sign.provider))
    await addOnce(store, now, async (tx) => {
      const admitted = await admittedIn(tx, { provider, bucket }, mine);
      const rows = [...groupBy(admitted, (sign) => `${sign.receiver} ${sign.class}`)].sort(([a], [b]) =>
        a < b ? -1 : 1,
      );
      const count = (same: readonly ReceiverSign[], what: Told['what']) =>
        same.filter((one) => one.what === what).length;
      await addUp(
        tx,
        SUMS,
        rows.map(([, same]) => ({
          ...{ provider, bucket, receiver: same[0].receiver, class: same[0].class },
          ...{ arrived: count(same, 'arrived'), put_off: count(same, 'putOff') },
        })),
      );
    });
}

/** Those whose receivers are counted already, or for which there is room. */
async function admittedIn(
  tx: Knex.Transaction,
  where: { provider: string; bucket: Ms },
  signs: readonly ReceiverSign[],
): Promise<ReceiverSign[]> {
  const known = new Set<string>(await tx('receiver_signs').where(where).distinct().pluck('receiver'));
  return signs.filter(({ receiver }) => known.has(receiver) || (known.size < MOST_RECEIVERS && known.add(receiver)));
}

const SUMS = {
  table: 'receiver_signs',
  keys: ['provider', 'bucket', 'receiver', 'class'],
  sums: ['arrived', 'put_off'],
};

/** What receivers did of late with the mail that a provider accepted. */
export async function receiverCounts(
  store: Store,
  provider: string,
  { now, window }: Moment,
): Promise<ReceiverCount[]> {
  const after = now - receiversWithin(window);
  const rows: (Omit<ReceiverCount, 'arrived' | 'putOff'> & Record<'arrived' | 'putOff', number | string>)[] =
    await store
      .db('receiver_signs')
      .where({ provider })
      .where('bucket', '>', after)
      .groupBy('receiver', 'class')
      .select('receiver', 'class')
      .sum({ arrived: 'arrived', putOff: 'put_off' });
  return rows.map((row) => ({ ...row, arrived: Number(row.arrived), putOff: Number(row.putOff) }));
}

/** The receivers that put off most of what each provider sends them now, and the classes. */
export async function putOffsNow(store: Store, moment: Moment): Promise<(PutOff & { provider: string })[]> {
  const lately = store.db('receiver_signs').where('bucket', '>', moment.now - receiversWithin(moment.window));
  const providers: string[] = await lately.distinct().orderBy('provider').pluck('provider');
  const each = providers.map(async (provider) =>
    putOffsIn(await receiverCounts(store, provider, moment)).map((one) => ({ ...one, provider })),
  );
  return (await Promise.all(each)).flat();
}

/** What was counted before that moment; says how many rows went. */
export function forgetReceivers(store: Store, before: Ms): Promise<number> {
  return transact(store, (tx) => tx('receiver_signs').where('bucket', '<', before).delete());
}
