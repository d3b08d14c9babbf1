import { timesOf } from './quantile.ts';
import type { Figures, Place, Report } from './report.ts';
import { MINUTE, type Ms, SECOND } from './time.ts';
import { lengthWords } from './words.ts';

/** How a refusal by this cause is put after "outlook.com refused 9". */
const REFUSED: Record<string, string> = {
  recipient_unknown: 'as unknown mailboxes',
  recipient_disabled: 'as closed mailboxes',
  bad_domain: 'as a domain that takes no mail',
  suppressed: "from the provider's suppression list",
  mailbox_full: 'for full mailboxes',
  greylisted: 'to see whether we come back',
  rate_limited: 'as too many at once',
  server_temporary: 'for trouble of its own',
  network: 'by not being reachable',
  ip_block: 'for our IP address',
  ip_config: 'for how our IP address is set up',
  spam_content: 'as spam',
  policy_block: 'by a policy',
  sender_auth: 'for SPF, DKIM or DMARC',
  sender_address: 'for our sender address',
  domain_reputation: "for our domain's reputation",
  message_too_big: 'as too big',
  recipient_restricted: 'as not wanted from this sender',
};

const SHORT: Record<string, string> = {
  recipient_unknown: 'no such mailbox',
  recipient_disabled: 'mailbox closed',
  bad_domain: 'domain takes no mail',
  suppressed: 'on the suppression list',
  mailbox_full: 'mailbox full',
  greylisted: 'greylisted',
  rate_limited: 'too much at once',
  server_temporary: "server's own trouble",
  network: 'not reachable',
  ip_block: 'our IP is blocked',
  ip_config: "our IP's set-up",
  spam_content: 'taken for spam',
  policy_block: 'policy, unexplained',
  sender_auth: 'SPF, DKIM or DMARC',
  sender_address: 'sender not accepted',
  tls_or_login: 'wants TLS or a login',
  domain_reputation: "our domain's reputation",
  message_format: 'form of the message',
  message_too_big: 'message too big',
  protocol_error: 'protocol error',
  recipient_restricted: 'not from this sender',
  relay_denied: 'recipient domain set up wrongly',
  loop: 'mail loop',
  server_misconfig: 'recipient server set up wrongly',
  undetermined: 'no cause given',
  useful_life_over: 'useful life over',
  nothing_to_send: 'no copy to send',
  storage_gone: 'stored copy gone',
  storage_refused: 'storage URL not allowed',
  never_reached_provider: 'never reached the provider',
  secondary_refused: 'secondary refused too',
  secondary_exhausted: 'secondary did not get through',
  refused_invalid: 'refused as invalid',
  refused_account: 'account refused',
  bounce_listed: 'on the bounce list',
  not_confirmed: 'not confirmed by the provider',
  silent_accepted: 'provider never told',
  silent_deferred: 'provider was still retrying',
  superseded: 'replaced by a newer one',
};

/** A cause or reason in a few words, for tables and pictures. */
export const shortReason = (reason: string): string => SHORT[reason] ?? reason.replaceAll('_', ' ');

/** `850 ms`, `12.4 s`, `3 min 20 s`, `4 h 16 min`. */
export function timeTaken(ms: Ms | null): string {
  if (ms === null) return '–';
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE - 50) return `${(ms / SECOND).toFixed(1)} s`;
  const whole = Math.round(ms / SECOND);
  if (whole >= 3600) return lengthWords(ms);
  const [minutes, seconds] = [Math.floor(whole / 60), whole % 60];
  return seconds === 0 ? `${minutes} min` : `${minutes} min ${seconds} s`;
}

/** What matters most, first: what did not arrive, where it was refused, and what is different from before. */
export function sentence(r: Report): string {
  const parts = [whatArrived(r.total, r.before), whoRefused(r.places, r.total), whatChanged(r)].filter(
    (p) => p !== null,
  );
  const text = parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** `412`, `12 345`. */
export const many = (n: number): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');

function whatArrived(t: Figures, before: Figures): string {
  const all = (n: number) => (n === 1 ? 'delivery' : 'deliveries');
  if (t.deliveries === 0) {
    return before.deliveries === 0
      ? 'no mail was asked for'
      : `no mail was asked for, after ${many(before.deliveries)} before`;
  }
  const under = t.open > 0 ? `, ${many(t.open)} ${t.open === 1 ? 'is' : 'are'} still under way` : '';
  if (t.lost > 0) return `${many(t.lost)} of ${many(t.deliveries)} ${all(t.deliveries)} did not arrive${under}`;
  if (t.arrived === t.deliveries)
    return t.arrived === 1 ? 'the one delivery arrived' : `all ${many(t.arrived)} deliveries arrived`;
  if (t.open === 0)
    return `${many(t.arrived)} of ${many(t.deliveries)} ${all(t.deliveries)} arrived, the rest was cancelled`;
  return `${many(t.arrived)} of ${many(t.deliveries)} ${all(t.deliveries)} arrived and none was lost${under}`;
}

function whoRefused([place]: readonly Place[], total: Figures): string | null {
  const failed = total.cures.reduce((sum, c) => sum + c.failed, 0);
  // One of many single failures is no news about a place.
  if (!place || (place.failed < 2 && place.failed < failed)) return null;
  const { recipientDomain, cause, cured, saved } = place;
  const how = REFUSED[cause] ?? `(${shortReason(cause)})`;
  const mended = [
    ...(cured > 0 ? [`${cured === place.failed && cured > 1 ? 'all' : cured} ${were(cured)} cured by a re-post`] : []),
    ...(saved > 0 ? [`${many(saved)} ${were(saved)} saved by the fallback`] : []),
  ];
  return [`${recipientDomain} refused ${many(place.failed)} ${how}`, ...mended].join(', ');
}

const were = (n: number): string => (n === 1 ? 'was' : 'were');

/** The first of these that differs from the week before by more than chance may. */
function whatChanged(r: Report): string | null {
  const { total, week, weekShare } = r;
  if (week.deliveries === 0 || total.deliveries === 0) return null;
  const [lostNow, lostThen] = [total.lost / total.deliveries, week.lost / week.deliveries];
  if (total.lost >= 3 && lostNow > 2 * lostThen)
    return `${percent(lostNow)} were lost, against ${percent(lostThen)} in the week before`;
  if (week.lost >= 5 && lostNow < lostThen / 2 && total.deliveries >= 20)
    return `${percent(lostNow)} were lost, down from ${percent(lostThen)} in the week before`;
  const [now, then] = [timesOf(total.times), timesOf(week.times)];
  if (now.p95 !== null && then.p95 !== null && now.n >= 20 && now.p95 > 2 * then.p95 && now.p95 > 30 * SECOND)
    return `one in twenty took ${timeTaken(now.p95)} or longer, against ${timeTaken(then.p95)} in the week before`;
  const usual = Math.round(week.deliveries * weekShare);
  const much = Math.max(total.deliveries, usual) >= 20;
  if (much && (total.deliveries > 2 * usual || total.deliveries < usual / 2))
    return `there were ${many(total.deliveries)} deliveries, against ${many(usual)} in as many days of the week before`;
  return null;
}

/** `0.7 %`; never 0 or 100 for what is not. */
export function percent(share: number): string {
  const p = 100 * share;
  if (p > 0 && p < 0.1) return '<0.1 %';
  if (p < 100 && p > 99.9) return '>99.9 %';
  return p === 0 || p === 100 ? `${p} %` : `${p.toFixed(1)} %`;
}
