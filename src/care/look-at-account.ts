import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Account, Read, Warmup } from '../core/care/account.ts';
import { isBehind, warmupRate } from '../core/care/warmup.ts';
import type { Rate } from '../core/pace.ts';
import { type Clock, DAY, type Ms } from '../core/time.ts';
import { behindWords, onCourseWords } from '../core/words/reputation.ts';
import type { Sending } from '../providers/provider.ts';
import { keepLook, type Look, lookedAt } from '../store/care.ts';
import type { Store } from '../store/db/open.ts';
import { keepWarmupRate } from '../store/notes/warmup.ts';
import type { CareSettings } from './settings.ts';

export type AccountDeps = {
  store: Store;
  config: Pick<CareSettings, 'WARMUP_PACE'>;
  sending: Sending | undefined;
  now: Clock;
  log: Pick<Log, 'warn'>;
};

/** The days whose classification is shown beside ours. */
const SHOWN_DAYS = 7;

/** Reads what Mailgun says of the account, and keeps it; paces `bulk` while all addresses warm up. Null without Mailgun. */
export async function lookAtAccount({ store, config, sending, now, log }: AccountDeps): Promise<Account | null> {
  if (!sending) return null;
  const at = now();
  const [addresses, pools, warmups, thresholds, classified] = await Promise.all([
    readOf(sending.addresses()),
    readOf(sending.pools()),
    readOf(sending.warmups()),
    readOf(sending.thresholds()),
    readOf(sending.classified({ from: at - SHOWN_DAYS * DAY, until: at })),
  ]);
  const account = { addresses, pools, warmups, thresholds, classified };
  const look: Look<Account> = { name: 'mailgun', state: 'read', verdict: 'well', body: account };
  await keepLook(store, [look], { kind: 'account', at, firstIsNews: false, tell: nothing });
  if (warmups.ok) await keepWarmups(store, warmups.value, at);
  const pace = config.WARMUP_PACE === 'on' ? paceOf(account) : PACELESS;
  if (pace.ok) await keepWarmupRate(store, pace.value, at);
  else log.warn({ why: pace.why }, 'the warm-ups could not be read; mail keeps its pace');
  return account;
}

const PACELESS = { ok: true, value: null } as const;

function paceOf({ addresses, warmups }: Account): Read<Rate | null> {
  if (!warmups.ok) return warmups;
  if (warmups.value.length === 0) return PACELESS;
  if (!addresses.ok) return addresses;
  return { ok: true, value: warmupRate('mailgun', { addresses: addresses.value, warmups: warmups.value }) };
}

const nothing = (): never => {
  throw new Error('of an account nothing is told');
};

const readOf = <T>(asked: Promise<T>): Promise<Read<T>> =>
  asked.then(
    (value) => ({ ok: true, value }),
    (error: unknown) => ({ ok: false, why: wordsOf(error) }),
  );

async function keepWarmups(store: Store, warmups: readonly Warmup[], at: Ms): Promise<void> {
  const before = await lookedAt<Warmup>(store, 'warmup', at - 7 * DAY);
  const isOver = ({ body, known }: (typeof before)[number]) =>
    known === 'ill' && !warmups.some(({ ip }) => ip === body.ip);
  const looks: Look<Warmup>[] = [
    ...warmups.map((one) => {
      const behind = isBehind(one, at);
      return {
        name: one.ip,
        state: behind ? 'behind' : 'warming',
        verdict: behind ? 'ill' : 'well',
        body: one,
      } as const;
    }),
    ...before.filter(isOver).map(({ body }) => ({ name: body.ip, state: 'over', verdict: 'well', body }) as const),
  ];
  await keepLook(store, looks, {
    kind: 'warmup',
    at,
    firstIsNews: true,
    tell(news, { body, since, state }) {
      const kind = news === 'ill' ? 'warmup_behind' : 'warmup_on_course';
      const detail = news === 'ill' ? behindWords(body, at) : onCourseWords(body, state === 'over');
      return { item_key: `${kind}:${body.ip}:${since ?? at}`, incident: kind, kind, at, detail };
    },
  });
}
