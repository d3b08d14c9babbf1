import { domainOf } from '../address.ts';
import type { Fact, FactOf } from '../delivery.ts';
import { type Mailbox, mailboxOf } from '../mailbox.ts';
import { replyWords } from '../reply-words.ts';
import { DAY, type Ms } from '../time.ts';
import type { Cause } from '../verdict.ts';

/** What servers did with mail: each is a try, of which one mail may have several. */
export type Tries = {
  arrived: number;
  /** Refused for good. */
  failed: number;
  putOff: number;
  /** Of the failed and put off: refused for the address that the mail came from. */
  blocked: number;
  /** Of the blocked: in words that name the address. */
  named: number;
  complained: number;
};

/** The tries of one day (UTC) from one IP address to one kind of mailbox. */
export type Sending = Tries & { day: Ms; provider: string; ip: string; mailbox: Mailbox };

export const TRIES = ['arrived', 'failed', 'putOff', 'blocked', 'named', 'complained'] as const;

export const NO_TRIES: Tries = { arrived: 0, failed: 0, putOff: 0, blocked: 0, named: 0, complained: 0 };

/** By these a server refuses the address that the mail comes from, and not the mail or the mailbox. */
const ABOUT_IP: ReadonlySet<Cause> = new Set(['ip_block', 'ip_config']);

/** What events say may be anything. */
const IP = /^[0-9a-f.:]{3,45}$/i;

/** What facts tell of the addresses that a mail left from. */
export function sendingsOf(recipient: string, facts: readonly Fact[]): Sending[] {
  const mailbox = mailboxOf(domainOf(recipient.trim()).toLowerCase());
  return facts.flatMap((fact) => {
    const tries = fact.kind === 'reported' ? triesOf(fact) : null;
    if (tries === null || fact.kind !== 'reported' || fact.sendingIp === null || !IP.test(fact.sendingIp)) return [];
    const ip = fact.sendingIp.toLowerCase();
    return [{ day: dayOf(fact.at), provider: fact.provider, ip, mailbox, ...tries }];
  });
}

export const dayOf = (at: Ms): Ms => at - (at % DAY);

function triesOf({ report, verdict, bounce, sendingIp }: FactOf<'reported'>): Tries | null {
  if (report === 'delivered') return { ...NO_TRIES, arrived: 1 };
  if (report === 'complained') return { ...NO_TRIES, complained: 1 };
  if (report !== 'failed' && report !== 'deferred') return null;
  const blocked = verdict !== null && ABOUT_IP.has(verdict.cause) ? 1 : 0;
  const named = blocked === 1 && sendingIp !== null && names(replyWords(bounce), sendingIp) ? 1 : 0;
  return { ...NO_TRIES, [report === 'failed' ? 'failed' : 'putOff']: 1, blocked, named };
}

/** 192.0.2.1 is not named by 192.0.2.10. */
function names(words: string, ip: string): boolean {
  const [text, wanted] = [words.toLowerCase(), ip.toLowerCase()];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    const around = `${text[at - 1] ?? ' '}${text[at + wanted.length] ?? ' '}`;
    const isWhole = !/[0-9a-f]/.test(around) && !/^\.\d/.test(text.slice(at + wanted.length));
    if (isWhole) return true;
  }
  return false;
}

/** Adds up, by what they have in common. */
export function sumSendings<T extends Tries>(all: readonly T[], keyOf: (one: T) => string): T[] {
  const sums = new Map<string, T>();
  for (const one of all) {
    const key = keyOf(one);
    sums.set(key, plus(sums.get(key), one));
  }
  return [...sums.values()];
}

const plus = <T extends Tries>(sum: T | undefined, one: T): T =>
  sum === undefined ? one : { ...sum, ...Object.fromEntries(TRIES.map((what) => [what, sum[what] + one[what]])) };

/** All of them together. */
export const allTries = (all: readonly Tries[]): Tries => all.reduce<Tries>((sum, one) => plus(sum, one), NO_TRIES);

/** How many tries there were, to which a server said something. */
export const triedIn = ({ arrived, failed, putOff }: Tries): number => arrived + failed + putOff;

/** The share of mail that ended and arrived; null without any. */
export const deliveryRate = ({ arrived, failed }: Tries): number | null =>
  arrived + failed === 0 ? null : arrived / (arrived + failed);

/** The share of tries that were refused for the address. */
export const blockRate = (tries: Tries): number | null =>
  triedIn(tries) === 0 ? null : tries.blocked / triedIn(tries);

export const complaintRate = ({ arrived, complained }: Tries): number | null =>
  arrived === 0 ? null : complained / arrived;
