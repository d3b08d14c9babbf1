import { within as deadlineIn } from '../base/deadline.ts';
import type { Log } from '../base/log.ts';
import { within } from '../base/wait.ts';
import type { Answer } from '../core/answer.ts';
import { isNearlyBack, type Standing } from '../core/health.ts';
import type { OutageRules } from '../core/signs.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import type { Provider } from '../providers/provider.ts';
import type { Store } from '../store/db/open.ts';
import { mayProbe, noteProbe } from '../store/notes/health.ts';

export type ProbeDeps = {
  store: Store;
  rules: Pick<OutageRules, 'window' | 'steady'>;
  /** Whose name a mail bears by which a provider is tried out; without it none is sent. */
  trialFrom?: string | undefined;
  now: Clock;
  log: Log;
};

const PROBE_TIME: Ms = 10 * SECOND;

/** Calls a doubtful provider, in one of all processes at a time, and notes how that went. */
export async function probe(deps: ProbeDeps, provider: Provider, at: Standing, hasOthers: boolean): Promise<void> {
  const { store, rules, now } = deps;
  // A provider on which something depends just now is probed more often.
  const pause = rules.window / (at.state === 'down' ? 4 : 12);
  if (!(await mayProbe(store, provider.name, now(), pause))) return;
  const isTried = isNearlyBack(at, { ...rules, now: now(), elsewhere: hasOthers ? 'well' : 'none' });
  const isWell = (await answers(provider)) && (!isTried || (await takesMail(deps, provider)));
  await noteProbe(store, provider.name, isWell, now());
}

/** One that can't be asked is taken to be well: mail will tell. */
async function answers(provider: Provider): Promise<boolean> {
  if (!provider.verify) return true;
  const verified = await within(provider.verify(), PROBE_TIME, null).catch(() => null);
  return verified?.ok === true;
}

/** Whether it takes a mail. It is paid for like any other, so it is sent only when real mail would be the next to try. */
async function takesMail({ trialFrom, log }: ProbeDeps, provider: Provider): Promise<boolean> {
  if (trialFrom === undefined || !provider.tryOut) return true;
  const answer = await provider.tryOut(trialFrom, deadlineIn(PROBE_TIME));
  log.info({ provider: provider.name, answer: answer.kind, detail: answer.detail }, 'a provider was tried out');
  return !isBad(answer);
}

/** One that asks for a pause is well, and what is wrong with the mail itself says nothing of its provider. */
const isBad = (answer: Answer): boolean =>
  answer.kind === 'unanswered' ||
  (answer.kind === 'refused' &&
    (answer.why === 'account' || (answer.why === 'busy' && answer.retryAfter === undefined)));
