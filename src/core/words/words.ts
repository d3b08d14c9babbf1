import type { Attempt, Delivery, Fact, FactOf } from '../delivery.ts';
import { provesArrival } from '../fold.ts';
import type { Plan } from '../plan.ts';
import type { Reason } from '../reason.ts';
import { replyWords } from '../reply-words.ts';
import type { Cause } from '../verdict.ts';
import { timeWords } from './numbers.ts';

const CAUSE: Record<Cause, string> = {
  recipient_unknown: 'there is no such mailbox',
  recipient_disabled: 'the mailbox is closed',
  bad_domain: "the recipient's domain takes no mail",
  suppressed: 'the address is on a suppression list',
  mailbox_full: 'the mailbox is full',
  greylisted: 'the receiving server asks every new sender to come back later',
  rate_limited: 'too much mail in too short a time',
  server_temporary: 'the receiving server had trouble of its own',
  network: 'the receiving server could not be reached',
  ip_block: 'the receiving server blocks the sending IP address',
  ip_config: 'the receiving server objects to how the sending IP address is set up',
  spam_content: 'the receiving server takes the message for spam',
  policy_block: 'the receiving server refuses it by a policy that it does not explain',
  sender_auth: 'SPF, DKIM or DMARC of the sending domain did not pass',
  sender_address: 'the receiving server does not accept the sender address',
  tls_or_login: 'the receiving server wants encryption or a login',
  domain_reputation: 'the sending domain has a bad reputation',
  message_format: 'the receiving server objects to the form of the message',
  message_too_big: 'the message is too big',
  protocol_error: 'the two servers did not understand each other',
  recipient_restricted: 'the recipient does not take mail from this sender',
  relay_denied: "the recipient's domain is set up wrongly: its server will not take mail for it",
  loop: 'the mail went round in a loop on the receiving side',
  server_misconfig: 'the receiving side is set up wrongly',
  undetermined: 'the receiving server did not say why',
};

const REASON: Record<string, string> = {
  ...CAUSE,
  useful_life_over: 'its useful life ended',
  nothing_to_send: 'no copy of the message is kept that could be sent',
  storage_gone: "the provider's stored copy can not be had and we keep none",
  storage_refused:
    "the stored copy is said to be where the API key may not go (MAILGUN_STORAGE_HOSTS, the delivery's own domain), and we keep none",
  never_reached_provider: 'the provider has no record of it, and there is no copy that could be sent',
  secondary_refused: 'the receiving server refused the secondary provider as well',
  secondary_exhausted: 'the secondary provider did not get it through either',
  refused_invalid: 'the provider refused the message as invalid',
  refused_account: 'the provider refused our account',
  refused_busy: 'the provider was busy or could not be reached',
  refused_gone: "the provider's stored copy is gone",
  refused_storage_refused: 'the stored copy is said to be where the API key may not go',
  refused_temporary: 'the receiving server put the secondary provider off',
  refused_permanent: 'the receiving server refused the secondary provider for good',
  failed: 'the provider reported a failure and did not say why',
  bounce_listed: "the address stays on the provider's bounce list",
  not_confirmed: 'the provider does not confirm that it ever had this message for this recipient',
  superseded: 'a newer message with the same key took its place',
  unconfirmed: 'nobody can say whether it went out',
  silent_accepted: 'the provider accepted it and never told what became of it',
  silent_deferred: 'the provider was still retrying when it last told of it',
  silence: 'the provider accepted it and never told what became of it',
  busy: 'the provider was busy or could not be reached',
  account: 'the provider refused our account',
  gone: "the provider's stored copy is gone",
  invalid: 'the provider refused the request as invalid',
  withdrawn: 'it was taken back before anything had left',
  refused_withdrawn: 'it was taken back before anything had left',
  temporary: 'the receiving server put the secondary provider off',
  permanent: 'the receiving server refused the secondary provider for good',
  unanswered: 'the provider gave no answer',
  reopened: 'an operator opened it again',
  by_application: 'by the application',
  by_operator: 'by an operator',
  still_in_flight: 'the hand-over before it is still in flight',
  not_known_yet: 'the provider does not know it yet',
  nothing_heard: 'the provider has it and says nothing more',
  provider_not_asked: 'the provider could not be asked',
  bounce_list_not_asked: 'the bounce list could not be asked',
  secondary_did_not_take_it: 'the secondary did not take it',
  unknown: 'no reason is known',
};

/** A reason of the vocabulary in words. */
export const reasonWords = (reason: string | null): string =>
  reason === null ? 'no reason is known' : (REASON[reason] ?? reason);

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
      return `Attempt ${fact.attempt} was refused (${reasonWords(fact.why)}): ${fact.detail}`;
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

const PLAN: Record<Plan, string> = {
  retry: 'so it is tried again',
  wait: 'so it is tried again after a longer wait',
  switch: 'so it goes to the secondary provider',
  stop: 'so it is not tried again',
};

/** By which rule and words it was judged, and what follows from that. */
function evidenceWords({ verdict, plan, suppress }: FactOf<'reported'>): string {
  const { rule, words } = verdict?.evidence ?? { rule: '', words: '' };
  const by = `by rule ${rule}${words === '' ? '' : ` ("${words}")`}`;
  const listed = suppress === undefined ? '' : ' and the address is suppressed';
  return plan === null ? by : `${by}, ${PLAN[plan]}${listed}`;
}

/** What has happened to an attempt, short, for alerts: `1  re-posted … : blocked`. */
export function attemptWords(a: Attempt): string {
  const end = a.failure
    ? reasonWords(a.failure.verdict?.cause ?? null)
    : a.answer?.kind === 'refused'
      ? reasonWords(a.answer.why)
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
