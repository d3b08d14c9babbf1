import type { Birth, Delivery } from './delivery.ts';
import { HOUR, type Ms } from './time.ts';

export const ALERT_KINDS = [
  'gave_up',
  'expired',
  'saved',
  'fix_sender',
  'refused',
  'not_cured',
  'reconciler_silent',
  'webhooks_silent',
  'schedule_switched',
  'account_refused',
  'provider_down',
  'provider_back',
  'put_off',
  'clock_wrong',
  'drill_failed',
  'peer_silent',
  'events_webhook_failing',
  'dns_wrong',
  'dns_right',
  'ip_listed',
  'ip_clear',
  'warmup_behind',
  'warmup_on_course',
  'backup_failed',
  'backup_old',
  'restore_drill_failed',
  'restore_drill_old',
  'threshold',
  'threshold_over',
  'flatline',
  'flatline_over',
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** What is told of an incident: that it began, goes on, somebody has taken it, or it is over. */
export const TURNS = ['opened', 'repeated', 'acknowledged', 'ended'] as const;
export type Turn = (typeof TURNS)[number];

/** From the least to the most urgent. */
export const SEVERITIES = ['info', 'warning', 'error', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What an administrator has to hear because a delivery moved; null when nothing. Alerts with one incident are one mail. */
export function alertFor(
  birth: Birth & { domain: string },
  before: Delivery | null,
  after: Delivery,
): { kind: AlertKind; incident: string } | null {
  if (before?.state === after.state) return null;
  if (!birth.policy.alert && after.reason !== 'ends_processes') return null;
  switch (after.state) {
    case 'abandoned':
      return { kind: 'gave_up', incident: `gave_up:${birth.domain}` };
    case 'expired':
      return { kind: 'expired', incident: `expired:${birth.domain}` };
    case 'relayed':
      // Where it went first there was nothing to be saved from.
      if (after.attempts.at(-1)?.claim.role !== 'fallback') return null;
      return { kind: 'saved', incident: `saved:${birth.domain}` };
    case 'failed': {
      const last = after.attempts.at(-1);
      // The application was told that its mail is queued, and hears nothing of what became of it.
      if (after.reason === 'refused_invalid' && last?.claim.way !== 'application')
        return { kind: 'fix_sender', incident: `fix_sender:${birth.domain}:${after.reason}` };
      const verdict = last?.failure?.verdict;
      // Nothing is told of dead and suppressed addresses, nor of what ended for a reason of our own.
      if (!verdict || verdict.cause !== after.reason || verdict.decision === 'give_up_suppress') return null;
      if (verdict.decision === 'fix_sender')
        return { kind: 'fix_sender', incident: `fix_sender:${birth.domain}:${verdict.cause}` };
      return { kind: 'refused', incident: `refused:${birth.domain}` };
    }
    default:
      return null;
  }
}

/** While such a trouble goes on the administrators are told so again after this time. */
const TOLD_AGAIN: Ms = 6 * HOUR;

/** The incident of a clock that is wrong, told once for some hours. */
export function clockIncident(at: Ms): { kind: AlertKind; incident: string; key: string } {
  return { kind: 'clock_wrong', incident: 'clock_wrong', key: `clock_wrong:${Math.floor(at / TOLD_AGAIN)}` };
}

/** The incident of another daemon that has been silent since then. */
export function peerIncident(host: string, since: Ms): { kind: AlertKind; incident: string; key: string } {
  const incident = `peer_silent:${host}`;
  return { kind: 'peer_silent', incident, key: `${since}:${incident}` };
}

/** The incident of mail to one receiver, or of one class, that is put off; told once for some hours. */
export function putOffIncident(
  provider: string,
  name: string,
  at: Ms,
): { kind: AlertKind; incident: string; key: string } {
  const incident = `put_off:${provider}:${name}`;
  return { kind: 'put_off', incident, key: `${incident}:${Math.floor(at / TOLD_AGAIN)}` };
}

/** The incident of a provider that refuses our account, and the key under which it is told once for some hours. */
export function accountIncident(provider: string, at: Ms): { kind: AlertKind; incident: string; key: string } {
  const incident = `account_refused:${provider}`;
  return { kind: 'account_refused', incident, key: `${incident}:${Math.floor(at / TOLD_AGAIN)}` };
}

/** The incident of backups, or of trials of them, that fail or stay out; told once for some hours. */
export function backupIncident(
  kind: 'backup_failed' | 'backup_old' | 'restore_drill_old',
  at: Ms,
): { kind: AlertKind; incident: string; key: string } {
  return { kind, incident: kind, key: `${kind}:${Math.floor(at / TOLD_AGAIN)}` };
}
