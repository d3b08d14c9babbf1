import type { Rate } from '../pace.ts';
import { DAY, HOUR, type Ms, SECOND } from '../time.ts';
import type { AccountAddress, Warmup } from './account.ts';

/**
 * The limits of Mailgun's plan are of a day (help.mailgun.com, Automatic IP Warmup). What a stage needs to end is not documented: one
 * that is not full after two of its days has too little mail.
 */
const LONGEST: Ms = 2 * DAY;

export const isBehind = ({ stageSince, sentInStage }: Warmup, now: Ms): boolean =>
  stageSince !== null && now - stageSince > LONGEST && sentInStage !== null && sentInStage < 1;

/** How much of the mail without haste belongs to a stage in an hour; null when nothing says so. */
const perHour = ({ hourlyLimit, stageLimit }: Warmup): number | null =>
  hourlyLimit ?? (stageLimit === null ? null : stageLimit / 24);

/** The pace of `bulk` while all addresses of the account warm up: what belongs to their stages; null when nothing says so. */
export function warmupRate(
  provider: string,
  { addresses, warmups }: { addresses: readonly AccountAddress[]; warmups: readonly Warmup[] },
): Rate | null {
  const warming = new Set(warmups.map(({ ip }) => ip));
  // What is beyond the stages leaves from the others.
  const isCold = addresses.length > 0 && addresses.every(({ ip, warmingUp }) => warmingUp === true || warming.has(ip));
  const each = warmups.flatMap((one) => perHour(one) ?? []);
  if (!isCold || each.length === 0) return null;
  const sum = each.reduce((all, one) => all + one, 0);
  return { provider, class: 'bulk', perSecond: (Math.max(1, sum) * SECOND) / HOUR };
}
