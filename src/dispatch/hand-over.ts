import { type Deadline, within } from '../base/deadline.ts';
import type { Log } from '../base/log.ts';
import type { Answer } from '../core/answer.ts';
import type { HandOver } from '../core/decision/world.ts';
import { type Clock, MINUTE, type Ms } from '../core/time.ts';
import type { Outgoing, Provider } from '../providers/provider.ts';
import type { View } from '../store/rows/rows.ts';
import { type CopyDeps, copyFor, type Had, isSmall, type Sealed, storedAt } from './copy.ts';
import { answerFact, type Told } from './facts.ts';
import type { Ended } from './record.ts';

export type HandOverDeps = CopyDeps & {
  now: Clock;
  /** Never goes back. */
  monotonic: Clock;
  lease: Ms;
  /** Aborted when the process is about to stop: then nothing more begins to leave. */
  signal: AbortSignal;
  log: Log;
};

/** A delivery that this process has claimed, and when, on the monotonic clock. */
export type Started = { view: View; action: HandOver; claimedAt: Ms; sealed: Sealed };

/** The parts of a lease by which a hand-over has to have begun to leave, and to be over. */
const BEGUN = 0.5;
const OVER = 0.9;

/** Deliveries of one message that leave together: more than one where their provider takes them in one call. */
export type Group = readonly [Started, ...Started[]];

/** Hands claimed deliveries over and says what became of each. */
export async function handOver(deps: HandOverDeps, group: Group): Promise<Ended[]> {
  const provider = deps.providers.named(group[0].action.provider);
  const answers = provider ? await answersOf(provider, deps, group) : all(group, NOT_HERE);
  const will = toldBy(provider);
  const told = new Set<Answered>();
  return group.map(({ view }) => {
    const answered = answers.get(view.id) ?? BROKEN;
    const { answer, took = null } = answered;
    const isToldBefore = told.has(answered);
    told.add(answered);
    return { view, fact: answerFact(answer, view.delivery.attempt, deps.now(), will), took, isToldBefore };
  });
}

const toldBy = (provider: Provider | null): Told => ({
  tracked: provider?.can.track ?? false,
  ...(provider?.takesBack ? { returns: true } : {}),
});

/** How one call ended, and how long it took where it was a call. */
type Answered = { answer: Answer; took?: Ms | null };

/** By the ids of the deliveries. */
type Answers = ReadonlyMap<string, Answered>;

const all = (group: Group, answered: Answered): Answers => new Map(group.map(({ view }) => [view.id, answered]));

async function answersOf(provider: Provider, deps: HandOverDeps, group: Group): Promise<Answers> {
  const [first] = group;
  const answers = new Map<string, Answered>();
  try {
    const began = deps.monotonic();
    const until = within(OVER * deps.lease - (began - first.claimedAt));
    const had = await contentFor(provider, deps, first, until);
    if ('answer' in had) return all(group, had);
    const timed = timing(deps.monotonic, had.content);
    try {
      const together = late(deps, first, began) ?? (await inOneCall(provider, group, had, { timed, until }));
      if (together) return all(group, together);
      for (const started of group) {
        const { view, action } = started;
        const mail = outgoing(view, action, had);
        const answered = late(deps, started, began) ?? (await timed(() => provider.handOver(mail, until)));
        if (answered) answers.set(view.id, answered);
      }
    } finally {
      had.done?.();
    }
  } catch (error) {
    // An error of our own after the claim: nobody knows how far it got.
    deps.log.error({ delivery: first.view.id, error }, 'a hand-over broke');
  }
  return answers;
}

const BROKEN: Answered = { answer: { kind: 'unanswered', detail: 'a fault of our own; see the log' } };

type Timed = (call: () => Promise<Answer | null>) => Promise<Answered | null>;

/** Makes calls and says how long they took, but for mail whose size tells more in that than its provider. */
function timing(monotonic: Clock, content: Outgoing['content']): Timed {
  const isTelling = 'storages' in content || isSmall(content);
  return async (call) => {
    const began = monotonic();
    const answer = await call();
    return answer && { answer, took: isTelling ? monotonic() - began : null };
  };
}

/** The answer for all of them; null when each takes a call of its own, as when one address spoils it for the others. */
async function inOneCall(
  provider: Provider,
  group: Group,
  had: Pick<Outgoing, 'content'>,
  { timed, until }: { timed: Timed; until: Deadline },
): Promise<Answered | null> {
  const [{ view, action }, ...others] = group;
  if (others.length === 0) return null;
  const to = group.map((started) => started.view.recipient);
  const answered = await timed(async () => provider.handOverToAll?.(outgoing(view, action, had), to, until) ?? null);
  return answered?.answer.kind === 'refused' && answered.answer.why === 'invalid' ? null : answered;
}

async function contentFor(
  provider: Provider,
  deps: HandOverDeps,
  started: Started,
  until: Deadline,
): Promise<Answered | (Pick<Outgoing, 'content'> & Pick<Had, 'done'>)> {
  const { view, action } = started;
  if (action.way === 'stored') return { content: storedAt(provider, view) };
  try {
    const had = await copyFor(provider, deps, started, until);
    return 'answer' in had ? had : { ...had, content: had.copy };
  } catch (error) {
    // Nothing has left yet.
    deps.log.error({ delivery: view.id, error }, 'the content of a mail could not be had');
    const { answer } = withdrawn('its content could not be had; see the log');
    return { answer: { ...answer, retryAfter: 2 * MINUTE } };
  }
}

const outgoing = (view: View, action: HandOver, { content }: Pick<Outgoing, 'content'>): Outgoing => ({
  messageId: view.messageId,
  deliveryId: view.id,
  attempt: view.delivery.attempt,
  rfcMessageId: view.rfcMessageId,
  domain: view.domain,
  sender: view.sender,
  recipient: view.recipient,
  deliverAt: action.deliverAt,
  usefulUntil: view.delivery.usefulUntil,
  content,
});

/**
 * A process that stood still for half of its lease must not send, because another may soon take the delivery for dead.
 * Nothing has left yet, so the mail is taken back; that says nothing about the mail or its provider.
 */
function late({ signal, monotonic, lease }: HandOverDeps, { claimedAt }: Started, began: Ms): Answered | null {
  if (signal.aborted) return withdrawn('this process was stopped before it could send');
  const now = monotonic();
  if (now - claimedAt < BEGUN * lease) return null;
  if (now - began > (OVER - BEGUN) * lease) return withdrawn('it took too long to get the copy that was to be sent');
  return withdrawn('this process stood still for too long before it could send');
}

const withdrawn = (detail: string) => ({ answer: { kind: 'refused', why: 'withdrawn', detail } }) as const;
const NOT_HERE = withdrawn('its provider is not configured here');
