import { type Plan, planFor, type RetryRules } from '../core/plan.ts';
import type { Sighting } from '../core/sighting.ts';
import { suppressionFor } from '../core/suppression.ts';
import type { Cause, Decision, SuppressionCause } from '../core/verdict.ts';
import type { Judge } from './judge.ts';

/** How a failure is judged, and the rules by which something follows from the verdict. */
export type RuleSet = { judge: Judge; rules: RetryRules };

/** What of an event rules are asked about. */
export type Judged = Pick<Sighting, 'report' | 'bounce' | 'recipient' | 'recipientProvider'>;

export type Ruling = { cause: Cause; decision: Decision; rule: string; plan: Plan; suppress: SuppressionCause | null };

/** What a set of rules decides about an event; null when nothing follows from the event. */
export function rulingOn(sighting: Judged, { judge, rules }: RuleSet): Ruling | null {
  const { report, bounce } = sighting;
  if ((report !== 'failed' && report !== 'rejected') || !bounce) return null;
  const verdict = judge(bounce, sighting);
  return {
    cause: verdict.cause,
    decision: verdict.decision,
    rule: verdict.evidence.rule,
    plan: planFor(bounce, verdict, rules),
    suppress: suppressionFor(report, bounce, verdict, rules),
  };
}

/** What can follow for the mail, the address and you. Each can change without the others. */
const EFFECTS = ['retried', 'retried_later', 'switched', 'stopped', 'suppressed', 'to_mend'] as const;
export type Effect = (typeof EFFECTS)[number];

const BY_PLAN: Record<Plan, Effect> = {
  retry: 'retried',
  wait: 'retried_later',
  switch: 'switched',
  stop: 'stopped',
};

function effectsOf({ plan, suppress, decision }: Ruling): Set<Effect> {
  const effects = new Set<Effect>([BY_PLAN[plan]]);
  if (suppress !== null) effects.add('suppressed');
  if (decision === 'fix_sender' && plan === 'stop') effects.add('to_mend');
  return effects;
}

export type EffectCount = { before: number; after: number; newly: number; noLonger: number };

/** Sums over a file of events: of a fixed size, however long the file. */
export type Comparison = {
  events: number;
  /** Final failures, which the rules are asked about. */
  failures: number;
  changed: number;
  effects: Record<Effect, EffectCount>;
  /** `switch_provider → retry_new_ip`, with how often. */
  moves: Record<string, number>;
};

export const emptyComparison = (): Comparison => ({
  events: 0,
  failures: 0,
  changed: 0,
  effects: Object.fromEntries(
    EFFECTS.map((effect) => [effect, { before: 0, after: 0, newly: 0, noLonger: 0 }]),
  ) as Record<Effect, EffectCount>,
  moves: {},
});

export type Change = { from: Ruling; to: Ruling };

/** Adds one event to the sums. Gives what the other set of rules would do, if that is something else. */
export function compare(comparison: Comparison, sighting: Judged, present: RuleSet, other: RuleSet): Change | null {
  comparison.events++;
  const from = rulingOn(sighting, present);
  const to = rulingOn(sighting, other);
  if (!from || !to) return null;
  comparison.failures++;
  const [before, after] = [effectsOf(from), effectsOf(to)];
  for (const effect of EFFECTS) count(comparison.effects[effect], before.has(effect), after.has(effect));
  const same = from.decision === to.decision && EFFECTS.every((effect) => before.has(effect) === after.has(effect));
  if (same) return null;
  comparison.changed++;
  const move = `${from.decision} → ${to.decision}`;
  comparison.moves[move] = (comparison.moves[move] ?? 0) + 1;
  return { from, to };
}

function count(sum: EffectCount, before: boolean, after: boolean): void {
  if (before) sum.before++;
  if (after) sum.after++;
  if (after && !before) sum.newly++;
  if (before && !after) sum.noLonger++;
}
