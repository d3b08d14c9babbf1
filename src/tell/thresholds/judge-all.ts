import { groupBy } from '../../core/group.ts';
import { type Judged, judge, type Reading, type Scope, scopeKey } from '../../core/thresholds/judge.ts';
import type { Rule } from '../../core/thresholds/rule.ts';
import type { Cleared } from '../../core/thresholds/words.ts';
import { MINUTE, type Ms } from '../../core/time.ts';
import { isDatabaseTrouble } from '../../store/db/trouble.ts';
import type { KeptStanding } from '../../store/threshold-states.ts';
import { readingsOf, type Source } from './source.ts';

/** How a rule stands for a scope, and how it stood. */
export type Look = Omit<Judged, 'isLittle'> & {
  rule: Pick<Rule, 'name' | 'measure'> & Partial<Rule>;
  scope: Scope;
  before: KeptStanding | null;
  reading: Reading | null;
  why: Cleared;
};

/** So many scopes of a rule begin to ring, unless they are worse than those. When more would, it is one trouble, and not theirs. */
const MOST_RINGING = 10;
/** A rule that no process has looked at for so long is gone, and not just unknown to this one. */
const GONE_AFTER: Ms = 15 * MINUTE;

type Judging = {
  now: Ms;
  timezone: string;
  /** Told of a rule that can't be judged, so that the others are; without it that is thrown. */
  failed?(rule: Rule, error: unknown): void;
};

/** Looks at these rules, and says how each stands that is not calm, or was not. */
export async function judgeAll(
  source: Source,
  rules: readonly Rule[],
  kept: readonly KeptStanding[],
  { failed, ...at }: Judging,
): Promise<Look[]> {
  const looks: Look[] = [];
  for (const rule of rules) {
    const mine = kept.filter((one) => one.rule === rule.name && one.measure === rule.measure);
    try {
      const readings = await readingsOf(source, rule, { ...at, kept: mine });
      if (readings !== null) looks.push(...judgeOne(rule, readings, mine, at.now));
    } catch (error) {
      if (failed === undefined || isDatabaseTrouble(error)) throw error;
      failed(rule, error);
    }
  }
  return looks;
}

function judgeOne(rule: Rule, readings: readonly Reading[], mine: readonly KeptStanding[], now: Ms): Look[] {
  const before = new Map(mine.map((one) => [scopeKey(one.scope), one]));
  const byScope = new Map(readings.map((reading) => [scopeKey(reading.scope), reading]));
  const scopes = new Map([...mine, ...readings].map(({ scope }) => [scopeKey(scope), scope]));
  const looks = [...scopes].map(([key, scope]): Look => {
    const known = before.get(key) ?? null;
    const reading = byScope.get(key) ?? null;
    const { isLittle, ...judged } = judge(rule, known?.standing ?? null, reading, now);
    return { ...judged, rule, scope, before: known, reading, why: isLittle ? 'little' : 'well' };
  });
  return fewRinging(looks.filter(({ standing, before: known }) => standing !== null || known !== null));
}

function fewRinging(looks: readonly Look[]): Look[] {
  const { true: fresh = [], false: others = [] } = Object.fromEntries(
    groupBy(looks, ({ change }) => String(change === 'rings')),
  );
  const ringing = others.filter(({ standing }) => standing?.rangAt != null);
  const worstFirst = fresh.toSorted((a, b) => badOf(b) - badOf(a));
  // What is worse than those that ring already is told all the same.
  return [
    ...others,
    ...worstFirst.map((look, n): Look => {
      const asBad = ringing.filter((one) => badOf(one) >= badOf(look)).length;
      return asBad + n < MOST_RINGING ? look : stillWaiting(look);
    }),
  ];
}

const badOf = ({ reading }: Look): number => reading?.bad ?? 0;

const stillWaiting = (look: Look): Look => ({
  ...look,
  change: null,
  standing: look.standing && { ...look.standing, rangAt: null },
});

/** What rings by a rule that is not there any more. */
export function goneOf(rules: readonly Rule[], kept: readonly KeptStanding[], now: Ms): Look[] {
  const isKnown = (one: KeptStanding) =>
    rules.some(({ name, measure }) => name === one.rule && measure === one.measure);
  return kept
    .filter((one) => !isKnown(one) && Math.abs(now - one.standing.lookedAt) > GONE_AFTER)
    .map((before): Look => {
      const rule = { name: before.rule, measure: before.measure };
      const change = before.standing.rangAt === null ? null : 'clears';
      return { rule, scope: before.scope, before, standing: null, change, reading: null, why: 'gone' };
    });
}
