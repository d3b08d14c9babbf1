import { callOurselves } from '../base/own-process.ts';
import type { DrillReport } from '../core/drills.ts';
import { printableEnd } from './said.ts';

/** What came of it: a report, or what it said before it ended without one. */
export type Ended = { report: DrillReport | null; says: string };

const LONGEST = 8 * 1024 * 1024;

/** Makes the drill of the settings in a process of its own, by default in the environment of this one, so that it takes nothing from the daemon but time. */
export async function drillInChild(
  signal: AbortSignal,
  env?: Readonly<Record<string, string | undefined>>,
): Promise<Ended> {
  const options = { ...(env && { env }), signal, by: 'SIGTERM' as const, most: LONGEST };
  const { out, err, end } = await callOurselves(['drill', '--json', '--not-kept'], options);
  return { report: reportIn(out), says: `it ended with ${end}: ${printableEnd(err)}` };
}

function reportIn(text: string): DrillReport | null {
  try {
    const report = JSON.parse(text) as DrillReport;
    return report.version === 1 && Array.isArray(report.checks) ? report : null;
  } catch {
    return null;
  }
}
