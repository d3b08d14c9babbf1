import { type AlertKind, SEVERITIES, type Severity } from './alerting.ts';
import { CLASSES, DEFAULT_CLASS, type MessageClass } from './message-class.ts';

/** Somebody waits for access mail; nobody does for bulk. */
const OF_MAIL: Record<MessageClass, Severity> = { access: 'critical', notice: 'error', bulk: 'warning' };

/** How urgent an incident of each kind is; where it is about mail, by the most urgent class of it. */
const SEVERITY: Record<AlertKind, Severity | typeof OF_MAIL> = {
  gave_up: OF_MAIL,
  expired: OF_MAIL,
  refused: OF_MAIL,
  fix_sender: OF_MAIL,
  saved: 'info',
  not_cured: 'warning',
  reconciler_silent: 'critical',
  webhooks_silent: 'error',
  schedule_switched: 'info',
  account_refused: 'critical',
  provider_down: 'error',
  provider_back: 'info',
  put_off: 'warning',
  clock_wrong: 'error',
  drill_failed: 'error',
  peer_silent: 'critical',
  events_webhook_failing: 'error',
  dns_wrong: 'error',
  dns_right: 'info',
  ip_listed: 'warning',
  ip_clear: 'info',
  warmup_behind: 'warning',
  warmup_on_course: 'info',
  backup_failed: 'error',
  backup_old: 'critical',
  restore_drill_failed: 'error',
  restore_drill_old: 'warning',
  // A rate is no single mail that somebody waits for.
  threshold: { access: 'error', notice: 'warning', bulk: 'warning' },
  threshold_over: 'info',
  flatline: OF_MAIL,
  flatline_over: 'info',
};

export function severityOf(kind: AlertKind, of: MessageClass | null): Severity {
  const known = SEVERITY[kind];
  return typeof known === 'string' ? known : known[of ?? DEFAULT_CLASS];
}

export const isWorse = (one: Severity, other: Severity): boolean => SEVERITIES.indexOf(one) > SEVERITIES.indexOf(other);

/** The more urgent of two classes of mail. */
export const urgentOf = (one: MessageClass | null, other: MessageClass | null): MessageClass | null =>
  CLASSES.find((name) => name === one || name === other) ?? null;
