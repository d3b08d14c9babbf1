import type { Figures } from './figures.ts';
import { cureRate, isEnough, type Reposts, repostsByCause } from './reposts.ts';

/** What the re-posts after one cause say about an IP address of one's own, in place of the shared ones. */
export type OwnIp =
  | 'unknown' // too few of them have ended
  | 'worth_a_try' // refused for the address, and re-posts do not get through
  | 'may_help' // from another address they get through
  | 'gains_little' // refused for the address, but re-posts get through
  | 'too_rare' // it would help, but it is about very little mail
  | 'no_difference' // they fare alike from another address and from the same one
  | 'no_case'; // nothing says that it is about the address

export type JudgedCause = { cause: string; reposts: Reposts; ownIp: OwnIp };

/** Causes by which a server refuses the address that the mail comes from. */
export const ABOUT_IP: ReadonlySet<string> = new Set(['ip_block', 'ip_config']);

/**
 * From this difference on between re-posts from another address and from the same one, the address is the reason and
 * not chance.
 */
const TELLING = 0.2;
/** Failures of a smaller share of the deliveries are not worth a dedicated address. */
const RARE = 0.005;

export const speaksFor = (ownIp: OwnIp): boolean => ownIp === 'worth_a_try' || ownIp === 'may_help';

/**
 * The judgement for each cause that has re-posts, most re-posts first. All that is said about a dedicated address is
 * taken from here.
 */
export function ownIpByCause(f: Figures): JudgedCause[] {
  const judged = repostsByCause(f.retries).map((c) => ({ ...c, ownIp: ownIpAfter(c.cause, c.reposts) }));
  const promising = new Set(judged.filter((j) => speaksFor(j.ownIp)).map((j) => j.cause));
  const failed = f.cures.reduce((sum, c) => sum + (promising.has(c.cause) ? c.failed : 0), 0);
  if (failed >= RARE * f.deliveries) return judged;
  return judged.map((j) => (promising.has(j.cause) ? { ...j, ownIp: 'too_rare' } : j));
}

function ownIpAfter(cause: string, reposts: Reposts): OwnIp {
  if (!isEnough(reposts)) return 'unknown';
  const isAboutIp = ABOUT_IP.has(cause);
  if (isAboutIp && rateOf(reposts) < 0.5) return 'worth_a_try';
  const { changed, same } = reposts.sendingIp;
  if (!isEnough(changed) || !isEnough(same)) return isAboutIp ? 'gains_little' : 'no_case';
  return rateOf(changed) - rateOf(same) >= TELLING ? 'may_help' : 'no_difference';
}

const rateOf = (count: Parameters<typeof cureRate>[0]): number => cureRate(count) ?? 0;
