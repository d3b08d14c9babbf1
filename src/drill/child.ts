import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { durationText } from '../base/duration.ts';
import type { DrillReport } from '../core/drills.ts';
import { printableEnd } from './said.ts';
import type { DrillSettings } from './settings.ts';

/** What came of it: a report, or what it said before it ended without one. */
export type Ended = { report: DrillReport | null; says: string };

const LONGEST = 8 * 1024 * 1024;

/** Makes a drill in a process of its own, with the environment of this one, so that it takes nothing from the daemon but time. */
export function drillInChild(config: DrillSettings, signal: AbortSignal): Promise<Ended> {
  const { DRILL_AGAINST: ground = 'demo', DRILL_PRIMARY: fault, DRILL_FOR: lasts, DRILL_REPORTS: folder } = config;
  const args = ['drill', `--${ground}`, '--primary', fault, '--output', folder, '--json', '--not-kept'];
  if (lasts !== undefined) args.push('--for', durationText(lasts));
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...commandLine(), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err] = [gathered(LONGEST), gathered(LONGEST)];
    child.stdout.setEncoding('utf8').on('data', out.add);
    child.stderr.setEncoding('utf8').on('data', err.add);
    const stop = () => void child.kill('SIGTERM');
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    const end = (says: string) => {
      signal.removeEventListener('abort', stop);
      resolve({ report: reportIn(out.text()), says });
    };
    child.on('error', (error) => end(`it could not be started: ${error.message}`));
    child.on('close', (code, killed) => end(`it ended with ${code ?? killed}: ${printableEnd(err.text())}`));
  });
}

/** The command line beside this file. Where the sources run as they are, their loader has to be started as well. */
function commandLine(): string[] {
  const isBuilt = import.meta.url.endsWith('.js');
  const entry = fileURLToPath(new URL(`../cli.${isBuilt ? 'js' : 'ts'}`, import.meta.url));
  return isBuilt ? [entry] : ['--disable-warning=ExperimentalWarning', '--import', import.meta.resolve('tsx'), entry];
}

function gathered(most: number) {
  let all = '';
  return {
    add: (part: string) => {
      all = (all + part).slice(-most);
    },
    text: () => all,
  };
}

function reportIn(text: string): DrillReport | null {
  try {
    const report = JSON.parse(text) as DrillReport;
    return report.version === 1 && Array.isArray(report.checks) ? report : null;
  } catch {
    return null;
  }
}
