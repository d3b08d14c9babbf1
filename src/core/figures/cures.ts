import { many, percent } from '../words/numbers.ts';
import { shortReason } from '../words/reasons.ts';
import type { Figures, Retry } from './figures.ts';
import { ABOUT_IP, type JudgedCause, type OwnIp, ownIpByCause, speaksFor } from './own-ip.ts';
import { cureRate, isEnough, type RepostCount, type Reposts, repostsOf } from './reposts.ts';

/** Does re-posting help, in all? With the figures that say so. */
export function helpWords(retries: readonly Retry[]): string {
  const all = repostsOf(retries);
  if (all.made === 0) return 'Nothing was re-posted after a failure, so nobody can say.';
  const rate = cureRate(all) ?? 0;
  const answer = !isEnough(all) ? 'Too few to say' : rate >= 0.5 ? 'Yes' : rate >= 0.1 ? 'Somewhat' : 'Hardly';
  return `${answer}: ${arrivedOf(all)} arrived.`;
}

/** One sentence a cause: whether re-posts help there, and whether an IP address of one's own would. */
export const causeWords = (f: Figures): string[] =>
  ownIpByCause(f).map(({ cause, reposts, ownIp }) => {
    const parts = [`After "${shortReason(cause)}" ${arrivedOf(reposts)} arrived`, ...arrivedByIp(reposts)];
    return `${parts.join(', ')}: ${helpOf(reposts)}; ${OWN_IP[ownIp]}.`;
  });

function arrivedOf(count: RepostCount): string {
  const rate = cureRate(count);
  const open = count.open > 0 ? ` of those that ended; ${many(count.open)} still open` : '';
  const part = rate === null ? ' (still open)' : ` (${percent(rate)}${open})`;
  return `${many(count.cured)} of ${many(count.made)} ${count.made === 1 ? 're-post' : 're-posts'}${part}`;
}

function arrivedByIp({ sendingIp: { changed, same } }: Reposts): string[] {
  const part = ({ cured, made }: RepostCount, from: string) =>
    made > 0 ? [`${many(cured)} of ${many(made)} ${from}`] : [];
  return [...part(changed, 'from another IP address'), ...part(same, 'from the same one')];
}

function helpOf(count: RepostCount): string {
  if (!isEnough(count)) return 'too few to judge';
  const rate = cureRate(count) ?? 0;
  if (rate === 0) return 're-posting does not help here';
  return rate >= 0.5 ? 're-posting helps' : rate >= 0.1 ? 're-posting helps sometimes' : 're-posting hardly helps';
}

const OWN_IP: Record<OwnIp, string> = {
  unknown: 'no word on a dedicated IP',
  worth_a_try: 'a dedicated IP is worth a try',
  may_help: 'the address makes the difference, so a dedicated IP is worth a try',
  gains_little: 'a dedicated IP would gain little',
  too_rare: 'too little mail for a dedicated IP to gain much',
  no_difference: 'the address makes no difference, so a dedicated IP would not help',
  no_case: 'no case for a dedicated IP',
};

/** Whether an address of our own, instead of the shared pool's, would help; in words, with the figures it rests on. */
export function dedicatedIpWords(f: Figures): string {
  if (f.deliveries === 0) return 'Nothing was sent, so nothing speaks for or against a dedicated IP address.';
  const judged = ownIpByCause(f);
  const promising = judged.filter((j) => speaksFor(j.ownIp));
  const refused = refusedForIp(f);
  if (refused.failed === 0)
    return promising.length === 0
      ? 'No delivery was refused for the sending IP address: nothing speaks for a dedicated one.'
      : `No delivery was refused for the sending IP address, but ${conclusion(judged, promising)}.`;
  const share = percent(refused.failed / f.deliveries);
  const facts = `${many(refused.failed)} of ${many(f.deliveries)} deliveries (${share}) were refused for the sending IP address`;
  if (refused.retried === 0 && promising.length === 0)
    return `${facts}, and none was re-posted, so nobody can say whether another address would have passed.`;
  return `${facts}; ${curedWords(f, refused)}: ${conclusion(judged, promising)}.`;
}

type Refused = { failed: number; retried: number; arrived: number };

/** The deliveries that failed first because of the sending IP address. */
function refusedForIp({ cures }: Figures): Refused {
  const all = { failed: 0, retried: 0, arrived: 0 };
  for (const c of cures.filter((c) => ABOUT_IP.has(c.cause))) {
    all.failed += c.failed;
    all.retried += c.retried;
    all.arrived += c.cured + c.arrivedAfterAll;
  }
  return all;
}

function curedWords({ retries }: Figures, { failed, arrived }: Refused): string {
  const byIp = arrivedByIp(repostsOf(retries.filter((r) => ABOUT_IP.has(r.cause))));
  const reposts = byIp.length > 0 ? ` (re-posts that arrived: ${byIp.join(', ')})` : '';
  return `${many(arrived)} of them (${percent(arrived / failed)}) arrived in the end through Mailgun${reposts}`;
}

/** What the causes together say; those that speak for an address are named, as others may not. */
function conclusion(judged: readonly JudgedCause[], promising: readonly JudgedCause[]): string {
  if (promising.length > 0) {
    const causes = promising.map((j) => `"${shortReason(j.cause)}"`).join(' and ');
    return `a dedicated IP address is worth a try after ${causes}, if there is mail enough to warm it up`;
  }
  const has = (ownIp: OwnIp) =>
    judged.some((j) => j.ownIp === ownIp && (ABOUT_IP.has(j.cause) || ownIp === 'too_rare'));
  if (has('too_rare')) return 'that is too little mail for a dedicated IP address to gain much';
  if (has('gains_little')) return 're-posts do the work, and a dedicated IP address would gain little';
  if (has('no_difference')) return 're-posts fare alike from any address, so a dedicated IP address would not help';
  return 'too few re-posts have ended to say whether a dedicated IP address would help';
}
