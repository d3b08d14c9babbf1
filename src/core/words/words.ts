import type { Attempt, Delivery, Fact, FactOf } from '../delivery.ts';
import { provesArrival } from '../fold.ts';
import { type Reason, refusedFor } from '../reason.ts';
import { replyWords } from '../reply-words.ts';
import { timeWords } from './numbers.ts';
import { planWords } from './plans.ts';
import { reasonWords } from './reasons.ts';

/** How an attempt went out. */
function wayWords({ provider, role, way }: FactOf<'claimed'>): string {
  if (role === 'fallback') return 'sent through the secondary provider';
  const name = provider === 'mailgun' ? 'Mailgun' : provider;
  if (way === 'application') return `sent by the application through ${name}`;
  if (way === 'stored') return `re-posted from ${name}'s stored copy`;
  return role === 'first' ? `sent through ${name}` : `sent again through ${name} from our own copy`;
}

/** One sentence: where a delivery stands, and why. */
export function standingWords(d: Delivery): string {
  const when = d.nextAt === null ? '' : timeWords(d.nextAt);
  const last = d.attempts.at(-1);
  switch (d.state) {
    case 'queued':
      if (!last) return `It waits to be sent, due ${when}.`;
      return `Attempt ${d.attempt} did not arrive (${reasonWords(d.reason)}); the next step is due ${when}.`;
    case 'sending':
      return `Attempt ${d.attempt} is being handed over; without a result by ${when} it counts as unanswered.`;
    case 'unconfirmed':
      return `Attempt ${d.attempt} got no answer and may or may not have gone out; the provider is asked again at ${when}.`;
    case 'accepted':
      return `The provider has it as attempt ${d.attempt}${scheduleWords(last)}; if nothing is heard it is asked at ${when}.`;
    case 'deferred':
      return `The recipient's server put it off (${reasonWords(d.reason)}); the provider itself is retrying.`;
    case 'delivered':
      return `The recipient's server accepted it${doubleWords(d)}.`;
    case 'relayed':
      return `${relayWords(last)} took it; it tells nothing more.`;
    case 'failed':
      return `It failed and is rightly not tried again: ${whyWords(d)}.`;
    case 'abandoned':
      return `It was given up${d.attempt > 0 ? ` after attempt ${d.attempt}` : ''}: ${whyWords(d)}.`;
    case 'expired':
      return `Its useful life ended before it arrived: ${whyWords(d)}.`;
    case 'cancelled':
      return `It was cancelled: ${whyWords(d)}.`;
  }
}

/** A provider that is known by no more than a name is named; facts of earlier versions may lack even that. */
function relayWords(last: Attempt | undefined): string {
  const name = last?.claim.provider ?? 'secondary';
  return name === 'secondary' ? 'The secondary provider' : `The secondary provider ${name}`;
}

/** A person's own words come first: nobody knows better why it was cancelled. */
const whyWords = ({ reason, said }: { reason: Reason | null; said?: string | null }): string =>
  said ?? reasonWords(reason);

const scheduleWords = (a: Attempt | undefined): string =>
  a?.claim.deliverAt ? `, to be delivered at ${timeWords(a.claim.deliverAt)}` : '';

function doubleWords(d: Delivery): string {
  if (d.arrivedOn.length > 1) return `, more than once (attempts ${d.arrivedOn.join(', ')})`;
  const bounced = d.attempts.some(bouncedAfterwards);
  const on = d.arrivedOn[0] ?? 1;
  return `${on > 1 ? ` on attempt ${on}` : ''}${bounced ? '; a bounce came back afterwards' : ''}`;
}

function bouncedAfterwards({ failure, reports }: Attempt): boolean {
  if (!failure) return false;
  return failure.bounce?.delayed === true || reports.some((r) => provesArrival(r.report) && r.at < failure.at);
}

/** One line for a fact: what happened, in words. */
export function factWords(fact: Fact): string {
  switch (fact.kind) {
    case 'claimed': {
      const double = fact.double ? `; it may be a double: ${fact.double}` : '';
      const wait = fact.deliverAt ? `, to be delivered at ${timeWords(fact.deliverAt)}` : '';
      return `Attempt ${fact.attempt} began: ${wayWords(fact)}${wait}${double}.`;
    }
    case 'accepted':
      return `Attempt ${fact.attempt} was accepted${fact.messageId ? ` as ${fact.messageId}` : ''}.`;
    case 'refused':
      return `Attempt ${fact.attempt} was refused (${reasonWords(refusedFor(fact.why))}): ${fact.detail}`;
    case 'unanswered':
      return `Attempt ${fact.attempt} got no answer: ${fact.detail}`;
    case 'reported':
      return reportWords(fact);
    case 'asked':
      if (fact.problem) return `The provider could not be asked: ${fact.problem}`;
      return `The provider was asked; it knows ${fact.known ? 'of' : 'nothing of'} it${fact.settled ? ' and its records are final' : ''}.`;
    case 'held':
      return `Wait until ${timeWords(fact.until)}: ${waitWords(fact)}.`;
    case 'noted':
      return `Note: ${fact.what}.`;
    case 'ended':
      return `Ended as ${fact.state}: ${whyWords(fact)}.`;
    case 'reopened':
      return `Opened again by ${fact.by}.`;
  }
}

function waitWords({ why, detail }: FactOf<'held'>): string {
  if (detail === undefined) return reasonWords(why);
  return why === 'unknown' ? detail : `${reasonWords(why)}: ${detail}`;
}

const FOUND = { webhook: '', poll: ', found by polling', lookup: ', found by asking' } as const;

function reportWords(fact: FactOf<'reported'>): string {
  const { bounce, verdict } = fact;
  const reply = replyWords(bounce);
  const judged = verdict ? ` (${reasonWords(verdict.cause)}; ${verdict.decision}, ${evidenceWords(fact)})` : '';
  const ip = fact.sendingIp ? ` from ${fact.sendingIp}` : '';
  return `The provider reported: ${fact.report}${ip}${FOUND[fact.foundBy]}${reply ? `: ${reply.slice(0, 300)}` : ''}${judged}.`;
}

/** By which rule and words it was judged, and what follows from that. */
function evidenceWords({ verdict, plan, suppress }: FactOf<'reported'>): string {
  const { rule, words } = verdict?.evidence ?? { rule: '', words: '' };
  const by = `by rule ${rule}${words === '' ? '' : ` ("${words}")`}`;
  const listed = suppress === undefined ? '' : ' and the address is suppressed';
  return plan === null ? by : `${by}, so it is ${planWords(plan)}${listed}`;
}

/** What has happened to an attempt, short, for alerts: `1  re-posted … : blocked`. */
export function attemptWords(a: Attempt): string {
  const end = a.failure
    ? reasonWords(a.failure.verdict?.cause ?? null)
    : a.answer?.kind === 'refused'
      ? reasonWords(refusedFor(a.answer.why))
      : a.outcome;
  return `${timeWords(a.claim.at)}  attempt ${a.number}, ${wayWords(a.claim)}: ${end}`;
}

/** Breaks text into lines of at most `width` characters between words; further lines of a paragraph are indented more. */
export function wrapped(text: string, width = 76, hang = '             '): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, width, hang))
    .join('\n');
}

function wrapLine(line: string, width: number, hang: string): string {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const cut = rest.lastIndexOf(' ', width);
    // A word that is longer than the line stays whole: addresses and ids are there to be copied.
    if (cut <= hang.length) break;
    lines.push(rest.slice(0, cut));
    rest = hang + rest.slice(cut + 1);
  }
  return [...lines, rest].join('\n');
}
