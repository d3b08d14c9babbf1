import { groupBy } from '../group.ts';
import type { Retry } from './figures.ts';

/** Retries that Mailgun took; `open` is the part of them that nothing final is known of. */
export type RepostCount = { made: number; cured: number; failed: number; open: number };

export type Reposts = RepostCount & {
  byAttempt: ({ attempt: number } & RepostCount)[];
  /** By whether they left from another IP address than the attempt that failed. */
  sendingIp: Record<Retry['sendingIp'], RepostCount>;
};

export function repostsOf(retries: readonly Retry[]): Reposts {
  const byIp = groupBy(retries, (r) => r.sendingIp);
  const from = (ip: Retry['sendingIp']) => countOf(byIp.get(ip) ?? []);
  const byAttempt = [...groupBy(retries, (r) => String(r.attempt)).values()];
  return {
    ...countOf(retries),
    byAttempt: byAttempt
      .map((mine) => ({ attempt: mine[0].attempt, ...countOf(mine) }))
      .filter((a) => a.made > 0)
      .sort((a, b) => a.attempt - b.attempt),
    sendingIp: { changed: from('changed'), same: from('same'), unknown: from('unknown') },
  };
}

function countOf(retries: readonly Retry[]): RepostCount {
  const n = { arrived: 0, failed: 0, open: 0, refused: 0 };
  for (const r of retries) n[r.result] += r.n;
  return { made: n.arrived + n.failed + n.open, cured: n.arrived, failed: n.failed, open: n.open };
}

/** The re-posts of each cause, most first. */
export function repostsByCause(retries: readonly Retry[]): { cause: string; reposts: Reposts }[] {
  return [...groupBy(retries, (r) => r.cause)]
    .map(([cause, mine]) => ({ cause, reposts: repostsOf(mine) }))
    .filter(({ reposts }) => reposts.made > 0)
    .sort((a, b) => b.reposts.made - a.reposts.made || (a.cause < b.cause ? -1 : 1));
}

/** Of those whose end is known, how many arrived; null when none is. */
export function cureRate({ cured, failed }: RepostCount): number | null {
  return cured + failed === 0 ? null : cured / (cured + failed);
}

/** Fewer known ends than this say nothing. */
const ENOUGH = 5;

/** Have enough of them ended to judge by? */
export const isEnough = ({ cured, failed }: RepostCount): boolean => cured + failed >= ENOUGH;
