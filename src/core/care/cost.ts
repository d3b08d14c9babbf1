import type { Ms } from '../time.ts';
import { CODES, type Zone } from './zones.ts';

export type SeenAddress = { ip: string /** How many reports named it. */; mails: number };

/** What a server said when it refused a mail or put it off. */
export type Refusal = { at: Ms; ip: string | null; words: string };

/** Of so many refusals since then so many named the list, about that address or without naming one. */
export type Cost = { since: Ms; refusals: number; named: number };

/** What a listing costs, by the refusals that are known. */
export function costOf(
  refusals: readonly Refusal[],
  zone: Pick<Zone, 'words'>,
  { ip, since }: { ip: string; since: Ms },
): Cost {
  const ofThatTime = refusals.filter(({ at }) => at >= since);
  const named = ofThatTime.filter((one) => (one.ip === null || one.ip === ip) && namesZone(one.words, zone));
  return { since, refusals: ofThatTime.length, named: named.length };
}

const namesZone = (text: string, { words }: Pick<Zone, 'words'>): boolean => {
  const lower = text.toLowerCase();
  return words.some((word) => lower.includes(word));
};

/** The names of the lists behind the codes of a zone, where they are known. */
export const codeWords = (zone: string, codes: readonly string[]): string =>
  [...new Set(codes.map((code) => CODES[zone]?.[code] ?? code))].join(', ');
