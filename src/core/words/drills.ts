import {
  type Check,
  type CheckName,
  type DrillReport,
  type Fault,
  type Ground,
  type KeptDrill,
  LONGEST_DRILL,
} from '../drills.ts';
import { safeLine } from '../safe-text.ts';
import { DAY, type Ms } from '../time.ts';
import { lengthWords, many, timeTaken, timeWords } from './numbers.ts';

/** What Mailgun did in the drill. */
export const FAULT_WORDS: Record<Fault, string> = {
  down: 'Mailgun was not there',
  slow: 'Mailgun was slow',
  'accepts-but-silent': 'Mailgun took mail and did not send it',
  '5xx-after-accept': 'Mailgun took mail and answered 502',
  '429': 'Mailgun answered 429',
  half: 'Mailgun failed at every second mail',
};

export const GROUND_WORDS: Record<Ground, string> = {
  demo: 'against a simulated Mailgun',
  staging: 'against Mailgun in test mode',
};

/** What each check asks. */
export const CHECK_WORDS: Record<CheckName, string> = {
  accepted: 'accepted fast',
  failed_over: 'failed over in time',
  one_copy: 'exactly one copy arrived',
  status_during: 'status told of it',
  status_after: 'status told of it no longer',
  drain: 'backlog drained evenly',
  failback: 'failback was calm',
};

/** What it means that a check failed. */
const FAILED_WORDS: Record<CheckName, string> = {
  accepted: 'mail was not accepted fast',
  failed_over: 'no failover in time',
  one_copy: 'not exactly one copy arrived',
  status_during: 'the status did not tell of it',
  status_after: 'the status went on telling of it',
  drain: 'the backlog did not drain evenly',
  failback: 'the failback was not calm',
};

export const RESULT_WORDS: Record<Check['result'], string> = {
  passed: 'passed',
  failed: 'FAILED',
  not_needed: 'not needed',
};

/** What came of a drill. */
export const verdictWords = ({ passed, endedEarly }: Pick<DrillReport, 'passed' | 'endedEarly'>): string =>
  endedEarly ? 'was ended early' : passed ? 'passed' : 'failed';

/** `12.4 s`, from the beginning of the drill. */
export const sinceWords = (report: Pick<DrillReport, 'startedAt'>, at: Ms): string =>
  timeTaken(Math.max(0, at - report.startedAt));

/** The figures, each with its name. */
export function figureWords({ figures: f }: Pick<DrillReport, 'figures'>): [name: string, figure: string][] {
  return [
    ['mails queued', many(f.queued.access + f.queued.notice + f.queued.bulk)],
    ['by Mailgun', many(f.byMailgun)],
    ['by the secondary', many(f.bySecondary)],
    ['did not arrive', many(f.missing)],
    ['arrived more than once', many(f.doubles)],
    ['vanished at Mailgun', many(f.swallowed)],
    ['slowest answer to a call', timeTaken(f.slowestAnswer)],
    ['the reset took', timeTaken(f.resetTook)],
    ['noticed after', timeTaken(f.noticedAfter)],
    ['Mailgun had all mail again after', timeTaken(f.backAfter)],
    ['status calm again after', timeTaken(f.calmAfter)],
  ];
}

/** Who has not proved the plan for so long does not know whether it still holds. */
export const LONG_AGO: Ms = 92 * DAY;

/** Whether it was begun and can not end any more. */
export const isLost = ({ startedAt, passed }: KeptDrill, now: Ms): boolean =>
  passed === null && now - startedAt > LONGEST_DRILL;

/** The last drill in a sentence or two. */
export function lastDrillWords(drill: KeptDrill, now: Ms): string {
  const { fault, ground, startedAt, passed, failed } = drill;
  const what = `The last drill (${fault}, ${GROUND_WORDS[ground]}) of ${timeWords(startedAt)}`;
  const age = now - startedAt;
  const old =
    age > LONG_AGO ? ` That is ${lengthWords(age)} ago: homing drill proves whether the plan still holds.` : '';
  if (passed === null) return `${what} ${isLost(drill, now) ? 'did not end' : 'has not ended yet'}.${old}`;
  return `${what} ${passed ? 'passed' : `failed: ${failedWords(failed)}`}.${old}`;
}

/** The names of checks are told in words, and whatever else it failed for as it is. */
export function failedWords(failed: readonly string[]): string {
  const words: Readonly<Record<string, string>> = FAILED_WORDS;
  return failed.map((one) => words[one] ?? safeLine(one).trim()).join('; ') || 'nobody knows why';
}
