import type { TestContext } from 'node:test';
import type { CheckName, DrillReport, Fault } from '../../../src/core/drills.ts';
import { MINUTE, SECOND } from '../../../src/core/time.ts';
import { playDrill } from '../../../src/drill/play/play.ts';
import { type DrillPlan, demoPace, type Pace } from '../../../src/drill/play/stage.ts';

/** What takes how long depends on the machine, and is not what is tested. */
export const patientPace = (over: Partial<Pace['limits']> = {}): Pace => {
  const pace = demoPace();
  const limits = {
    ...pace.limits,
    accept: MINUTE,
    notice: MINUTE,
    failover: MINUTE,
    status: 20 * SECOND,
    calm: 4 * MINUTE,
    drainRate: 20,
    ...over,
  };
  return { ...pace, limits };
};

/** A drill against the demo, as short as it can be. */
export function play(t: TestContext, fault: Fault, over: Partial<DrillPlan> = {}): Promise<DrillReport> {
  const plan: DrillPlan = { fault, lasts: 5 * SECOND, place: { kind: 'demo' }, pace: patientPace(), ...over };
  return playDrill(plan, { say: ({ who, says }) => t.diagnostic(`${who} ${says}`), signal: t.signal, now: Date.now });
}

export const saidBy = (report: DrillReport, name: CheckName): string =>
  report.checks.find(({ check }) => check === name)?.says ?? '';
