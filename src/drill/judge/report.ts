import type { Check, DrillFigures, DrillReport, Ground } from '../../core/drills.ts';
import { CLASSES } from '../../core/message-class.ts';
import { calmSince } from './banner.ts';
import { checksOf } from './checks.ts';
import { copiesIn, resetIn } from './copies.ts';
import { isHealthy } from './failback.ts';
import type { Seen } from './seen.ts';
import { slotsOf } from './slots.ts';

/** What a drill has shown. One that was ended early has not passed, whatever it has shown until then. */
export function reportOf(seen: Seen, ground: Ground, isEndedEarly: boolean): DrillReport {
  const checks = checksOf(seen);
  return {
    ...{ version: 1, fault: seen.fault, ground, startedAt: seen.startedAt, endedAt: seen.endedAt },
    ...{ faultFrom: seen.faultFrom, faultUntil: seen.faultUntil },
    ...{ passed: !isEndedEarly && !checks.some(hasFailed), endedEarly: isEndedEarly },
    ...{ checks, limits: seen.limits, figures: figuresOf(seen), slots: slotsOf(seen), timeline: seen.timeline },
  };
}

const hasFailed = ({ result }: Check): boolean => result === 'failed';

function figuresOf(seen: Seen): DrillFigures {
  const { sent, arrivals, faultFrom, faultUntil, turns } = seen;
  const { missing, doubles, swallowed } = copiesIn(seen);
  const back = turns?.find((turn) => faultUntil !== null && turn.at >= faultUntil && isHealthy(turn));
  const after = (at: number | undefined, since: number | null) =>
    at === undefined || since === null ? null : at - since;
  const queued = CLASSES.map((name) => [name, sent.filter((one) => one.class === name).length] as const);
  return {
    queued: Object.fromEntries(queued) as DrillFigures['queued'],
    byMailgun: arrivals.filter(({ by }) => by === 'mailgun').length,
    bySecondary: arrivals.filter(({ by }) => by === 'secondary').length,
    ...{ swallowed: swallowed.length, missing: missing.length, doubles: doubles.length },
    slowestAnswer: Math.round(Math.max(0, ...sent.map(({ took }) => took))),
    resetTook: resetIn(seen)?.took ?? null,
    noticedAfter: after(turns?.find(({ state }) => state === 'down')?.at, faultFrom),
    backAfter: after(back?.at, faultUntil),
    calmAfter: after(calmSince(seen) ?? undefined, faultUntil),
  };
}
