import { many, percent } from '../words/numbers.ts';
import { shortReason } from '../words/reasons.ts';
import type { Figures, Retry } from './figures.ts';
import { cureRate, isEnough, type RepostCount, type Reposts, repostsByCause, repostsOf } from './reposts.ts';

/** Does re-posting help, in all? With the figures that say so. */
export function helpWords(retries: readonly Retry[]): string {
  const all = repostsOf(retries);
  if (all.made === 0) return 'Nothing was re-posted after a failure, so nobody can say.';
  const rate = cureRate(all) ?? 0;
  const answer = !isEnough(all) ? 'Too few to say' : rate >= 0.5 ? 'Yes' : rate >= 0.1 ? 'Somewhat' : 'Hardly';
  return `${answer}: ${figures(all)} arrived.`;
}

/** One sentence a cause: whether re-posts help there, and whether an IP address of one's own would. */
export const causeWords = (retries: readonly Retry[]): string[] =>
  repostsByCause(retries).map(({ cause, reposts }) => {
    const parts = [`after "${shortReason(cause)}" ${figures(reposts)} arrived`, ...ipFigures(reposts)];
    return `${capital(parts.join(', '))}: ${helpOf(reposts)}; ${ownIpWords(cause, reposts)}.`;
  });

function figures(t: RepostCount): string {
  const rate = cureRate(t);
  const open = t.open > 0 ? ` of those that ended; ${many(t.open)} still open` : '';
  const part = rate === null ? ' (still open)' : ` (${percent(rate)}${open})`;
  return `${many(t.cured)} of ${many(t.made)} ${t.made === 1 ? 're-post' : 're-posts'}${part}`;
}

function ipFigures({ sendingIp: { changed, same } }: Reposts): string[] {
  const part = (t: RepostCount, what: string) => (t.made > 0 ? [`${many(t.cured)} of ${many(t.made)} ${what}`] : []);
  return [...part(changed, 'from another IP address'), ...part(same, 'from the same one')];
}

function helpOf(t: RepostCount): string {
  if (!isEnough(t)) return 'too few to judge';
  const rate = cureRate(t) ?? 0;
  if (rate === 0) return 're-posting does not help here';
  return rate >= 0.5 ? 're-posting helps' : rate >= 0.1 ? 're-posting helps sometimes' : 're-posting hardly helps';
}

const ABOUT_IP: ReadonlySet<string> = new Set(['ip_block', 'ip_config']);

/** A difference of this much between another and the same address is the address's, and not chance. */
const TELLING = 0.2;

function ownIpWords(cause: string, reposts: Reposts): string {
  const { changed, same } = reposts.sendingIp;
  const [other, again] = [cureRate(changed), cureRate(same)];
  if (!isEnough(reposts)) return 'no word on a dedicated IP';
  if (ABOUT_IP.has(cause) && (cureRate(reposts) ?? 0) < 0.5) return 'a dedicated IP is worth a try';
  if (other === null || again === null || !isEnough(changed) || !isEnough(same))
    return ABOUT_IP.has(cause) ? 'a dedicated IP would gain little' : 'no case for a dedicated IP';
  if (other - again >= TELLING) return 'the address makes the difference, so a clean one of your own may help';
  return 'the address makes no difference, so a dedicated IP would not help';
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** Whether an address of our own, instead of the shared pool's, would have helped; in words, with the figures it rests on. */
export function dedicatedIpWords(t: Figures): string {
  const blocked = t.cures.filter((c) => ABOUT_IP.has(c.cause));
  const sum = (pick: (c: Figures['cures'][number]) => number) => blocked.reduce((n, c) => n + pick(c), 0);
  const [failed, cured, retried] = [
    sum((c) => c.failed),
    sum((c) => c.cured + c.arrivedAfterAll),
    sum((c) => c.retried),
  ];
  if (t.deliveries === 0) return 'Nothing was sent, so nothing speaks for or against a dedicated IP address.';
  if (failed === 0) return 'No delivery was refused for the sending IP address: nothing speaks for a dedicated one.';
  const facts = `${failed} of ${many(t.deliveries)} deliveries (${percent(failed / t.deliveries)}) were refused for the sending IP address`;
  if (retried === 0)
    return `${facts}, and none was re-posted, so nobody can say whether another address would have passed.`;
  const rate = cured / failed;
  const ip = ipFigures(repostsOf(t.retries.filter((r) => ABOUT_IP.has(r.cause))));
  const reposts = ip.length > 0 ? ` (re-posts that arrived: ${ip.join(', ')})` : '';
  const cures = `${cured} of them (${percent(rate)}) arrived in the end through Mailgun${reposts}`;
  if (failed / t.deliveries < 0.005 || rate > 0.8)
    return `${facts}; ${cures}: re-posts do the work, and a dedicated IP address would gain little.`;
  return `${facts}; only ${cures}: a dedicated IP address is worth a try, if there is mail enough to warm it up.`;
}
