import type { Delivery, FactOf, State } from '../delivery.ts';
import { LOST_STATES } from '../figures/figures.ts';
import type { Turn } from '../turn.ts';

/** What is counted of what happened to mail. */
export const SIGNS = ['arrived', 'lost', 'bounced', 'deferred', 'complained', 'heard', 'found'] as const;
export type Sign = (typeof SIGNS)[number];

export type Signs = Readonly<Partial<Record<Sign, number>>>;

/** What a recipient refused is not late, and what was cancelled was not to arrive. */
export const isJudged = (state: State): boolean => state !== 'failed' && state !== 'cancelled';
export const hasArrived = (state: State): boolean => state === 'delivered' || state === 'relayed';

type Change = Pick<Turn, 'facts' | 'after'> & { before: Delivery | null };

/** What a change of a delivery adds to the counts; null when nothing. */
export function signsOf({ facts, before, after }: Change): Signs | null {
  const reports = facts.filter((fact): fact is FactOf<'reported'> => fact.kind === 'reported');
  const signs: Record<Sign, number> = {
    arrived: hasArrived(after.state) && !(before && hasArrived(before.state)) ? 1 : 0,
    lost: isLost(after) && !(before && isLost(before)) ? 1 : 0,
    bounced: reports.filter(isBounce).length,
    // A server that puts the same mail off all day is one that does.
    deferred: reports.some((one) => one.report === 'deferred') && !wasDeferred(before) ? 1 : 0,
    complained: reports.filter((one) => one.report === 'complained').length,
    heard: reports.filter((one) => one.foundBy === 'webhook').length,
    found: reports.filter((one) => one.foundBy !== 'webhook').length,
  };
  return SIGNS.some((name) => signs[name] > 0) ? signs : null;
}

const isLost = ({ state }: Delivery): boolean => LOST_STATES.some((lost) => lost === state);

/** What Mailgun drops by its own list reaches no server, which could take offence at it. */
const isBounce = ({ report, bounce }: FactOf<'reported'>): boolean =>
  report === 'failed' && bounce?.reason?.startsWith('suppress-') !== true;

const wasDeferred = (before: Delivery | null): boolean =>
  before?.attempts.some((attempt) => attempt.reports.some(({ report }) => report === 'deferred')) ?? false;
