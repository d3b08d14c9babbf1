// How the IP addresses that mail leaves from fare, by our own events, beside what the provider says of them.
import type { Account, Threshold } from '../core/care/account.ts';
import { type OwnAddress, ownAddress, WEEKS } from '../core/care/own-address.ts';
import {
  allTries,
  blockRate,
  complaintRate,
  dayOf,
  deliveryRate,
  type Sending,
  sumSendings,
  type Tries,
  triedIn,
} from '../core/care/sendings.ts';
import { groupBy } from '../core/group.ts';
import type { Mailbox } from '../core/mailbox.ts';
import { DAY, type Ms } from '../core/time.ts';
import { lookedAt } from '../store/care.ts';
import type { Store } from '../store/db/open.ts';
import { sendingsSince } from '../store/figures/sendings.ts';

export type Fared = Tries & {
  tries: number;
  deliveryRate: number | null;
  blockRate: number | null;
  complaintRate: number | null;
};

export type AddressFared = Fared & {
  provider: string;
  /** Empty for those that are too many to be counted one by one. */
  ip: string;
  dedicated: boolean | null;
  pools: string[];
  mailboxes: (Fared & { mailbox: Mailbox })[];
};

export type Faring = {
  days: number;
  all: Fared;
  addresses: AddressFared[];
  pools: (Fared & { name: string; ips: readonly string[] })[];
  mailboxes: (Fared & { mailbox: Mailbox })[];
  ownAddress: OwnAddress;
};

type Known = Pick<Account, 'addresses' | 'pools'> | null;

/** The faring of the last days, the address with the most tries first. */
export async function faringOf(store: Store, known: Known, { days, now }: { days: number; now: Ms }): Promise<Faring> {
  const all = await sendingsSince(store, dayOf(now) - Math.max(days, WEEKS * 7) * DAY);
  const late = all.filter(({ day }) => day > now - days * DAY);
  const addresses = known?.addresses.ok ? known.addresses.value : null;
  const pools = known?.pools.ok ? known.pools.value : [];
  const dedicated = new Set(addresses?.flatMap(({ ip, dedicated: own }) => (own ? [ip] : [])));
  const each = [...groupBy(late, ({ provider, ip }) => `${provider} ${ip}`).values()].map((same): AddressFared => {
    const [{ provider, ip }] = same;
    const isKnown = provider === 'mailgun' && ip !== '' && addresses !== null;
    const ofPools = pools.filter(({ ips }) => ips.includes(ip)).map(({ name }) => name);
    return {
      ...{ provider, ip, dedicated: isKnown ? dedicated.has(ip) : null, pools: ofPools },
      ...fared(allTries(same)),
      mailboxes: byMailbox(same),
    };
  });
  return {
    days,
    all: fared(allTries(late)),
    addresses: each.toSorted((a, b) => b.tries - a.tries),
    pools: pools.map(({ name, ips }) => ({
      ...{ name, ips },
      ...fared(allTries(late.filter(({ provider, ip }) => provider === 'mailgun' && ips.includes(ip)))),
    })),
    mailboxes: byMailbox(late),
    ownAddress: ownAddress(all, dedicated, now),
  };
}

const byMailbox = (all: readonly Sending[]): Faring['mailboxes'] =>
  sumSendings(all, ({ mailbox }) => mailbox)
    .map(({ mailbox, ...tries }) => ({ mailbox, ...fared(allTries([tries])) }))
    .toSorted((a, b) => b.tries - a.tries);

const fared = ({ arrived, failed, putOff, blocked, named, complained }: Tries): Fared => {
  const tries = { arrived, failed, putOff, blocked, named, complained };
  return {
    ...tries,
    ...{ tries: triedIn(tries), deliveryRate: deliveryRate(tries), blockRate: blockRate(tries) },
    complaintRate: complaintRate(tries),
  };
};

/** What Mailgun calls those whose mailboxes we count. */
const ENTITIES: readonly (readonly [Mailbox, RegExp])[] = [
  ['google', /^(?:gmail|google)/i],
  ['microsoft', /^(?:outlook|hotmail|microsoft|office)/i],
  ['yahoo', /^(?:yahoo|aol)/i],
  ['apple', /^(?:apple|icloud)/i],
  ['gmx', /^(?:gmx|web\.de|1&1)/i],
];

/** Our own figures of the mailboxes that Mailgun means by a name; null where we count nobody by it. */
export function oursFor(entity: string, { mailboxes }: Pick<Faring, 'mailboxes'>): Fared | null {
  const mailbox = ENTITIES.find(([, names]) => names.test(entity))?.[0];
  return mailboxes.find((one) => one.mailbox === mailbox) ?? null;
}

/** Our own figure of the days for the metric of an alert of Mailgun's. */
export function oursOf({ metric }: Pick<Threshold, 'metric'>, { all }: Pick<Faring, 'all'>): number | null {
  const { arrived, failed, putOff, tries } = all;
  const ended = arrived + failed;
  switch (metric) {
    case 'delivered_rate':
      return all.deliveryRate;
    case 'hard_bounce_rate':
      return ended === 0 ? null : failed / ended;
    case 'complained_rate':
      return all.complaintRate;
    case 'temporary_fail_rate':
      return tries === 0 ? null : putOff / tries;
    default:
      return null;
  }
}

/** What was read last, and when; null when that is too long ago to say something. */
export async function accountOf(store: Store, now: Ms): Promise<{ account: Account; readAt: Ms } | null> {
  const [kept] = await lookedAt<Account>(store, 'account', now - 2 * DAY);
  return kept ? { account: kept.body, readAt: kept.lookedAt } : null;
}
