import { createHash } from 'node:crypto';
import type { Candidate } from './capabilities.ts';

export const MODES = ['order', 'round-robin', 'weighted'] as const;

/** Names of providers with a number each. */
export type Weights = ReadonlyMap<string, number>;

export type Preference = {
  /** Which of the secondaries is asked first: the first of the list, each in turn, or each as often as it weighs. */
  mode: (typeof MODES)[number];
  weights: Weights;
  /** How much of the mail that may go anywhere each provider gets first, when all is well; empty: the first gets all. */
  shares: Weights;
};

/**
 * Whom a mail may be handed to, in order of preference: always the same for the same mail, so that whoever decides about it
 * later finds the provider that had it. `isFree`: its class and content let it begin anywhere.
 */
export function preferred(
  id: string,
  candidates: readonly Candidate[],
  { mode, weights, shares }: Preference,
  isFree: boolean,
): readonly Candidate[] {
  if (candidates.length < 2) return candidates;
  const [home, ...others] = candidates;
  const ordered = home ? [home, ...inMode(id, others, mode, weights)] : [];
  if (!isFree || shares.size === 0) return ordered;
  return pickFirst(ordered, drawn(`${id} share`), ({ name }) => shares.get(name) ?? 0);
}

function inMode(id: string, others: readonly Candidate[], mode: Preference['mode'], weights: Weights): Candidate[] {
  if (mode === 'order') return [...others];
  const weightOf = mode === 'weighted' ? ({ name }: Candidate) => weights.get(name) ?? 1 : () => 1;
  return pickFirst(others, drawn(`${id} turn`), weightOf);
}

/** What of a mail decides where it may begin. */
type Mail = { id: string; origin: string; birth: { policy: { fallback: boolean } } };

/** Whether its class and content let it begin at any provider. */
export const isFree = ({ origin, birth }: Omit<Mail, 'id'>): boolean => origin === 'queued' && birth.policy.fallback;

/** Whom a mail goes to first when all is well. */
export type HomeOf = (mail: Mail) => Candidate | null;

export const homesAmong =
  (candidates: readonly Candidate[], preference: Preference): HomeOf =>
  (mail) =>
    preferred(mail.id, candidates, preference, isFree(mail))[0] ?? null;

/** Puts one before the others, by a number from 0 to 1; those of no weight are never put there. */
function pickFirst(all: readonly Candidate[], draw: number, weightOf: (one: Candidate) => number): Candidate[] {
  let left = draw * all.reduce((sum, one) => sum + weightOf(one), 0);
  const first = all.find((one) => {
    left -= weightOf(one);
    return left < 0;
  });
  return first ? [first, ...all.filter((one) => one !== first)] : [...all];
}

const drawn = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE(0) / 0x1_0000_0000;

/** `mailgun:80`, `smtp.example.com:587=20`; null for anything else. */
export function readWeight(text: string): readonly [string, number] | null {
  const [, name = '', number = ''] = /^(.{1,191})[:=](\d{1,6})$/.exec(text) ?? [];
  return number === '' ? null : [name.trim(), Number(number)];
}
