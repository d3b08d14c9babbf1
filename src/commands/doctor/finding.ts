import { databaseTrouble } from '../common/database.ts';

/** What is checked. The runbook has a line for each. */
export const CHECKS = [
  'configuration',
  'own rules',
  'thresholds',
  'encryption key',
  'API tokens',
  'database',
  'SQLite version',
  'migrations',
  'durability',
  'work',
  'daemons',
  'reconciler',
  'deliveries',
  'backlog',
  'holds',
  'providers',
  'receivers',
  'inbox',
  'alerts waiting',
  'endpoints',
  'schedule',
  'drill',
  'DNS records',
  'blocklists',
  'unsubscribing',
  'backup',
  'restore drill',
  'Mailgun',
  'API key',
  'region',
  'domain',
  'sending',
  'webhooks',
  'signing key',
  'retention',
  'clock',
  'public address',
  'SMTP servers',
  'secondary SMTP',
  'secondaries',
  'bounces',
  'brokers',
  'alerts',
  'alert SMTP',
  'alert channels',
  'heartbeat',
  'machine',
  'disk',
  'spool folder',
] as const;
export type Check = (typeof CHECKS)[number];

/** The result of one check. `mend` says what to do about it. */
export type Finding = { check: Check; status: 'ok' | 'warning' | 'problem'; says: string; mend: string | null };

export const ok = (check: Check, says: string): Finding => ({ check, status: 'ok', says, mend: null });
export const warning = (check: Check, says: string, mend: string): Finding => ({
  check,
  status: 'warning',
  says,
  mend,
});
export const problem = (check: Check, says: string, mend: string): Finding => ({
  check,
  status: 'problem',
  says,
  mend,
});

/** A check that breaks is a finding like any other: the checks after it go on. */
export async function guarded(check: Check, work: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await work();
  } catch (error) {
    return [problem(check, `could not be checked: ${databaseTrouble(error)}`, 'see the other lines, then try again')];
  }
}
