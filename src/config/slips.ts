import { distance } from 'fastest-levenshtein';

/** A name in the environment that we do not know; `meant` is the setting it resembles, if there is one. */
export type Slip = { name: string; meant: string | null };

/** Nobody else's names begin like these: one that we do not know is told even when it resembles nothing. */
const OURS = /^(?:ADOPT|ALERT|HOMING|RECONCILE|RETRY|SECONDARY|UNSUPPRESS)(?:_|$)/;

/** What applications call the daemon by, often from the same file. */
const OF_APPLICATIONS: ReadonlySet<string> = new Set(['HOMING_URL', 'HOMING_TOKEN']);

/** The names that look like slips of known ones. */
export function slipsIn(names: readonly string[], known: readonly string[]): Slip[] {
  return names
    .filter((name) => !known.includes(name) && !OF_APPLICATIONS.has(name))
    .map((name) => ({ name, meant: nearest(name, known) }))
    .filter(({ name, meant }) => meant !== null || OURS.test(name));
}

/** In quotes, with what can't be seen in it made visible. */
export const printable = (name: string): string => JSON.stringify(name.slice(0, 60)).replace(/[^ -~]/g, '?');

function nearest(name: string, known: readonly string[]): string | null {
  const near = known
    .filter((other) => isOneOff(name, other) || isPartOf(name, other))
    .map((other) => ({ other, apart: distance(bare(name), bare(other)) }))
    .sort((a, b) => a.apart - b.apart);
  return near[0]?.other ?? null;
}

/** Without what is seldom remembered rightly: case, underscores, and characters that can't be seen. */
const bare = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, '');

/** One wrong letter in eight. Short words are everybody's: HOSTS is not HOST. */
function isOneOff(name: string, other: string): boolean {
  const [given, meant] = [bare(name), bare(other)];
  if (given.length < 6 || meant.length < 6) return false;
  return distance(given, meant) <= Math.ceil(meant.length / 8);
}

/** SECONDARY_SMTP, WEBHOOK_SIGNING_KEY: words of the name are missing. Two that begin otherwise, as API_KEY, are others'. */
function isPartOf(name: string, other: string): boolean {
  const [given, meant] = [wordsOf(name), wordsOf(other)];
  const enough = given[0] === meant[0] ? (OURS.test(name) ? 1 : 2) : 3;
  return given.length >= enough && given.every((word) => meant.includes(word));
}

const wordsOf = (name: string): string[] => name.toUpperCase().split('_');
