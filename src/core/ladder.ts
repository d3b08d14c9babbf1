import type { Ms } from './time.ts';

/** The ways to the administrators, in the order in which they are tried. Mail is one, however many servers take it. */
export const WAYS = ['mail', 'slack', 'webhook', 'pagerduty', 'sms', 'alertmanager'] as const;
export type Way = (typeof WAYS)[number];

/** The way of a channel by its name: each but mail has one of its own, and mail has the names of its servers. */
export const wayOf = (name: string): Way => WAYS.find((way) => way === name) ?? 'mail';

/** Who is told when nobody has taken an incident for so long. */
export type Rung = {
  after: Ms;
  ways: readonly Way[];
  /** Whether all of them are told; else the first that can be. */
  each: boolean;
};

/** Without a ladder the first way that takes it is enough, and nobody is told besides. */
export const onlyRung = (ways: readonly Way[]): readonly Rung[] => [{ after: 0, ways, each: false }];

/** A ladder from its steps; those of one time are one rung. Null where one is named twice, or they are not in order. */
export function ladderOf(steps: readonly { way: Way; after: Ms }[]): readonly Rung[] | null {
  const isTwice = new Set(steps.map(({ way }) => way)).size < steps.length;
  const isInOrder = steps.every(({ after }, i) => after >= (steps[i - 1]?.after ?? 0));
  if (steps.length === 0 || steps[0]?.after !== 0 || isTwice || !isInOrder) return null;
  return [...new Set(steps.map(({ after }) => after))].map((after) => ({
    after,
    ways: steps.filter((step) => step.after === after).map(({ way }) => way),
    each: true,
  }));
}
