import { distance } from 'fastest-levenshtein';

/** A name in the environment that we do not know; `meant` is the setting it resembles, if there is one. */
export type Slip = { name: string; meant: string | null };

/** No other program has names that begin like these, so an unknown one is reported even if it resembles no setting. */
const OURS = /^(?:ADOPT|ALERT|HOMING|RECONCILE|RETRY|SECONDARY|UNSUPPRESS)(?:_|$)/;

/** Names that other programs have for the same, and that no program but one for Mailgun has. */
const OTHERWISE: Readonly<Record<string, string>> = {
  MAILGUN_REGION: 'MAILGUN_API_URL',
  MAILGUN_BASE_URL: 'MAILGUN_API_URL',
  MAILGUN_ENDPOINT: 'MAILGUN_API_URL',
  MAILGUN_HOST: 'MAILGUN_API_URL',
  ALERT_EMAIL: 'ADMIN_EMAILS',
  ALERT_EMAILS: 'ADMIN_EMAILS',
  REPORT_TZ: 'REPORT_TIMEZONE',
};

/** Names that applications use for the daemon, often in the same file, and what compose.yml takes from it. */
const OF_OTHERS: ReadonlySet<string> = new Set(['HOMING_URL', 'HOMING_TOKEN', 'HOMING_HOST']);

/** The names that look like slips of known ones. */
export function slipsIn(names: readonly string[], known: readonly string[]): Slip[] {
  return names
    .filter((name) => !known.includes(name) && !OF_OTHERS.has(name))
    .map((name) => ({ name, meant: nearest(name, known) }))
    .filter(({ name, meant }) => meant !== null || OURS.test(name));
}

/** In quotes, with what can't be seen in it made visible. */
export const printable = (name: string): string => JSON.stringify(name.slice(0, 60)).replace(/[^ -~]/g, '?');

function nearest(name: string, known: readonly string[]): string | null {
  const other = Object.hasOwn(OTHERWISE, name) ? OTHERWISE[name] : name.replace(/^HOMING_/, '');
  if (other !== undefined && known.includes(other)) return other;
  const near = known
    .filter((other) => isOneOff(name, other) || isPartOf(name, other))
    .map((other) => ({ other, apart: distance(bare(name), bare(other)) }))
    .sort((a, b) => a.apart - b.apart);
  return near[0]?.other ?? null;
}

/** The name without the things that people get wrong: case, underscores and invisible characters. */
const bare = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, '');

/** Whether at most one letter in eight is wrong. Short names must be right: HOSTS is not HOST. */
function isOneOff(name: string, other: string): boolean {
  const [given, meant] = [bare(name), bare(other)];
  if (given.length < 6 || meant.length < 6) return false;
  return distance(given, meant) <= Math.ceil(meant.length / 8);
}

/**
 * Whether the name lacks words of the other, as SECONDARY_SMTP and WEBHOOK_SIGNING_KEY do. Two words that begin
 * differently, such as API_KEY, belong to other programs.
 */
function isPartOf(name: string, other: string): boolean {
  const [given, meant] = [wordsOf(name), wordsOf(other)];
  const enough = given[0] === meant[0] ? (OURS.test(name) ? 1 : 2) : 3;
  return given.length >= enough && given.every((word) => meant.includes(word));
}

const wordsOf = (name: string): string[] => name.toUpperCase().split('_');
