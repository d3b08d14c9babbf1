import type { Attempt, Fact, FactOf } from '../delivery.ts';
import { refusedFor } from '../reason.ts';
import { replyWords } from '../reply-words.ts';
import { timeWords } from './numbers.ts';
import { planWords } from './plans.ts';
import { reasonWords } from './reasons.ts';
import { deliveryTimeWords, endWords } from './standing.ts';
import { wayWords } from './ways.ts';

/** One line for a fact: what happened, in words. Of mail that is only watched nothing follows from it. */
export function factWords(fact: Fact, isWatched = false): string {
  switch (fact.kind) {
    case 'claimed':
      return `Attempt ${fact.attempt} began: ${wayWords(fact)}${deliveryTimeWords(fact)}${doubleWords(fact)}.`;
    case 'accepted':
      return `Attempt ${fact.attempt} was accepted${fact.messageId ? ` as ${fact.messageId}` : ''}.`;
    case 'refused':
      return `Attempt ${fact.attempt} was refused (${reasonWords(refusedFor(fact.why))}): ${fact.detail}`;
    case 'unanswered':
      return `Attempt ${fact.attempt} got no answer: ${fact.detail}`;
    case 'reported':
      return reportWords(fact, isWatched);
    case 'asked':
      return askedWords(fact);
    case 'held':
      return `Wait until ${timeWords(fact.until)}: ${waitWords(fact)}.`;
    case 'noted':
      return `Note: ${fact.what}.`;
    case 'ended':
      return `Ended as ${fact.state}: ${endWords(fact)}.`;
    case 'reopened':
      return fact.anew
        ? `Decided anew: ${fact.by}.`
        : `Opened again by ${fact.by}${fact.byBackup ? ', to leave by the backup' : ''}.`;
  }
}

const doubleWords = ({ double }: FactOf<'claimed'>): string => (double ? `; it may be a double: ${double}` : '');

const FOUND = { webhook: '', poll: ', found by polling', lookup: ', found by asking' } as const;

function reportWords(fact: FactOf<'reported'>, isWatched: boolean): string {
  const { bounce, verdict } = fact;
  const reply = replyWords(bounce);
  const judged = verdict
    ? ` (${reasonWords(verdict.cause)}; ${verdict.decision}, ${evidenceWords(fact, isWatched)})`
    : '';
  const ip = fact.sendingIp ? ` from ${fact.sendingIp}` : '';
  return `The provider reported: ${fact.report}${ip}${FOUND[fact.foundBy]}${reply ? `: ${reply.slice(0, 300)}` : ''}${judged}.`;
}

/** By which rule and words it was judged, and what follows from that. */
function evidenceWords({ verdict, plan, suppress }: FactOf<'reported'>, isWatched: boolean): string {
  const { rule, words } = verdict?.evidence ?? { rule: '', words: '' };
  const found = `by rule ${rule}${words === '' ? '' : ` ("${words}")`}`;
  const listed = suppress === undefined ? '' : ' and the address is suppressed';
  return plan === null || isWatched ? `${found}${listed}` : `${found}, so it is ${planWords(plan)}${listed}`;
}

function askedWords({ problem, known, traced, settled, byOthers }: FactOf<'asked'>): string {
  if (problem) return `The provider could not be asked: ${problem}`;
  if (byOthers)
    return known
      ? 'The provider of this attempt has no records; that of an attempt before knows of the mail.'
      : 'The provider of this attempt has no records that could be asked.';
  const knowledge = known ? 'knows of it' : traced ? 'has something that may be about it' : 'knows nothing of it';
  return `The provider was asked; it ${knowledge}${settled ? ' and its records are final' : ''}.`;
}

/** Earlier versions kept a whole sentence. */
const waitWords = ({ why, detail }: FactOf<'held'>): string => detail ?? reasonWords(why);

/** What has happened to an attempt, short, for alerts: `1  re-posted … : blocked`. */
export function attemptWords(a: Attempt): string {
  return `${timeWords(a.claim.at)}  attempt ${a.number}, ${wayWords(a.claim)}: ${outcomeWords(a)}`;
}

function outcomeWords({ failure, answer, outcome }: Attempt): string {
  if (failure) return reasonWords(failure.verdict?.cause ?? null);
  return answer?.kind === 'refused' ? reasonWords(refusedFor(answer.why)) : outcome;
}
