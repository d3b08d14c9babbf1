import { wordsOf } from '../base/errors.ts';
import { gather } from '../base/gather.ts';
import { renewing } from '../base/renewing.ts';
import { createSlots } from '../base/slots.ts';
import { listing } from '../core/bounce-list.ts';
import type { Attempt, Fact, FactOf } from '../core/delivery.ts';
import type { Settings } from '../core/settings.ts';
import type { Ms } from '../core/time.ts';
import { isUseless, refusesAccount } from '../providers/provider.ts';
import { takeDoubted } from '../store/inbox/doubts.ts';
import { type ClaimedQuestion, claimQuestions, holdQuestion } from '../store/ledger/due.ts';
import { change } from '../store/ledger/ledger.ts';
import { load, type View } from '../store/rows/rows.ts';
import { ask } from './ask.ts';
import { type ConfirmDeps, confirm } from './confirm.ts';
import { hopelessNotes } from './hopeless.ts';
import { tellOfAccount } from './tell-of-account.ts';
import { type Cleared, clearBounce } from './unsuppress.ts';

export type AskerDeps = ConfirmDeps & {
  settings: Pick<Settings, 'lease' | 'eventsSettle' | 'unsuppressMaxPerDay' | 'hopelessAfter'>;
  /** Called when an answer is known. */
  onAnswer(): void;
};

export type Asker = {
  /** Starts questions about deliveries whose decision waits for one, as many as may run at once; says how many. */
  run(): Promise<number>;
  /** Resolves when every question that was begun is answered and written down. */
  idle(): Promise<void>;
};

/** Questions at once. */
const AT_ONCE = 16;
const PLACE = 'questions';

/**
 * Asks the providers what they know of deliveries. Sending does not wait for it: if no answer comes in time a delivery
 * goes on without it.
 */
export function createAsker(deps: AskerDeps): Asker {
  const slots = createSlots(() => AT_ONCE, deps.onAnswer);
  const write = gather<Answered>((answers) => writeDown(deps, answers), 200);
  return {
    async run() {
      const free = slots.free(PLACE);
      if (free === 0) return 0;
      const taken = { now: deps.now(), limit: free, lease: deps.settings.lease };
      const doubted = await takeDoubted(deps.store, taken);
      for (const row of doubted) if (slots.take(PLACE)) slots.begin(PLACE, () => confirm(deps, row));
      const questions = await claimQuestions(deps.store, deps.now(), slots.free(PLACE), deps.settings.lease);
      const views = await load(
        deps.store.db,
        questions.map((q) => q.id),
      );
      for (const question of questions) {
        const view = views.get(question.id);
        if (!view?.delivery.attempts.length || !slots.take(PLACE)) continue;
        slots.begin(PLACE, () => answer(deps, { view, question }, write));
      }
      return questions.length + doubted.length;
    },
    idle: slots.idle,
  };
}

type Answered = { view: View; facts: Fact[] };

type Asking = { view: View; question: ClaimedQuestion };

async function answer(
  deps: AskerDeps,
  { view, question }: Asking,
  write: (answered: Answered) => Promise<void>,
): Promise<void> {
  const { lease } = deps.settings;
  // A question is several calls, and a slow provider takes its time for each.
  const renew = () => holdQuestion(deps.store, question, deps.now() + lease);
  try {
    const facts = await renewing({ lease, renew }, async () => {
      const notes = await hopelessNotes(deps, view, deps.now());
      return [...notes, ...(await answersOf(deps, view, question.unsuppress))];
    });
    await write({ view, facts });
  } catch (error) {
    // It is asked again when the lease of the question ends.
    deps.log.error({ delivery: view.id, error }, 'the answer to a question could not be written down');
  }
}

type Said = Pick<FactOf<'asked'>, 'settled' | 'known' | 'traced' | 'byOthers' | 'problem'>;

async function answersOf(deps: AskerDeps, view: View, unsuppress: boolean): Promise<Fact[]> {
  const last = view.delivery.attempts.at(-1);
  const { attempt } = view.delivery;
  const about = last?.outcome ?? 'sending';
  const asked = (at: number, said: Said) =>
    ({ key: `asked:${attempt}:${at}`, at, kind: 'asked', attempt, about, ...said }) as const;
  try {
    const { complete, byOthers, ...found } = await ask(deps, view, deps.now());
    const cleared = unsuppress ? await clearedBounce(deps, view) : null;
    const now = deps.now();
    const settled = complete && isOnRecord(deps, last, now);
    const fact = asked(now, { settled, ...found, problem: null, ...(byOthers ? { byOthers } : {}) });
    if (!cleared) return [fact];
    const note = cleared.what === null ? [] : [noteOf(view, cleared.what, now)];
    return [...note, { ...fact, listed: cleared.kind }];
  } catch (error) {
    return [asked(deps.now(), { settled: false, known: false, traced: false, problem: wordsOf(error) })];
  }
}

/**
 * A bounce list that we may not see, or can't read, is not asked about for ever: the mail goes out as if it were not on it.
 * If it is known to be on it, it goes elsewhere.
 */
async function clearedBounce(deps: AskerDeps, view: View): Promise<Cleared> {
  try {
    return await clearBounce(deps, view);
  } catch (error) {
    if (!isUseless(error)) throw error;
    const provider = view.delivery.provider ?? '';
    deps.log.warn({ delivery: view.id, problem: wordsOf(error) }, 'the bounce list could not be asked');
    if (refusesAccount(error)) await tellOfAccount(deps.store, { provider, detail: wordsOf(error), now: deps.now() });
    const what = `the bounce list could not be asked: ${wordsOf(error)}`;
    return { kind: listing(view.delivery) ? 'barred' : 'clear', what };
  }
}

/** Whether the provider's records of the attempt are final, and not forgotten yet. */
function isOnRecord({ providers, settings }: AskerDeps, last: Attempt | undefined, now: Ms): boolean {
  const provider = providers.named(last?.claim.provider ?? '');
  if (!last || !provider?.can.lookUp || !provider.history) return false;
  return now >= begunAt(last) + settings.eventsSettle && now < last.claim.at + provider.history.keeps;
}

/** When the provider's records of an attempt begin, at the latest. */
function begunAt(last: Attempt | undefined): Ms {
  if (!last) return Number.POSITIVE_INFINITY;
  return Math.max(last.unanswered?.at ?? last.answer?.at ?? last.claim.at, last.claim.deliverAt ?? 0);
}

function noteOf(view: View, what: string, at: number): Fact {
  const { attempt } = view.delivery;
  return { key: `noted:${attempt}:${at}`, at, kind: 'noted', attempt, what };
}

async function writeDown({ store, now }: AskerDeps, answers: readonly Answered[]): Promise<void> {
  const factsOf = new Map(answers.map((a) => [a.view.id, a.facts]));
  await change(store, [...factsOf.keys()], now(), (view) => factsOf.get(view.id) ?? []);
}
