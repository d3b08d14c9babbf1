// Makes the past: facts, messages and deliveries as they would have come about.

import type { Refusal } from '../../src/core/answer.ts';
import type { Birth, EndState, Fact, FactOf, Outcome, Role, Way } from '../../src/core/delivery.ts';
import type { MessageClass } from '../../src/core/message-class.ts';
import type { Plan } from '../../src/core/plan.ts';
import { type Policy, type PolicySettings, policyFor } from '../../src/core/policy.ts';
import type { Reason } from '../../src/core/reason.ts';
import type { Bounce, Report, Sighting } from '../../src/core/sighting.ts';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import type { Cause, Decision, Verdict } from '../../src/core/verdict.ts';
import type { Store } from '../../src/store/db/open.ts';
import type { Arrival } from '../../src/store/inbox/inbox.ts';
import { claimDue } from '../../src/store/ledger/due.ts';
import { enqueue, type QueueDraft } from '../../src/store/messages/enqueue.ts';
import { type Draft, record } from '../../src/store/messages/messages.ts';
import { load, type View } from '../../src/store/rows/rows.ts';
import { MORNING } from './clock.ts';

/** The defaults of the retry policy, without spread. */
export const SETTINGS: PolicySettings = {
  base: 4,
  unit: MINUTE,
  spread: 0,
  maxAttempts: 5,
  usefulLife: { access: 15 * MINUTE, notice: DAY, bulk: 3 * DAY },
  accessWaits: [30 * SECOND, 60 * SECOND],
  accessAttempts: 2,
  accessFallbackAfter: 90 * SECOND,
  bulkFallback: false,
  silenceAfter: 8 * HOUR,
};

export const policy = (kind: MessageClass = 'notice', over: Partial<Policy> = {}): Policy => ({
  ...policyFor(kind, SETTINGS),
  ...over,
});

export const birth = (kind: MessageClass = 'notice', over: Partial<Policy> = {}): Birth => ({
  id: '01DELIVERY',
  createdAt: MORNING,
  deliverAt: null,
  policy: policy(kind, over),
});

export const bounce = (over: Partial<Bounce> = {}): Bounce => ({
  code: 550,
  enhancedCode: '5.7.1',
  message: 'blocked',
  description: null,
  severity: 'permanent',
  reason: 'bounce',
  bounceType: 'hard',
  mxHost: 'mx.example.net',
  delayed: false,
  ...over,
});

export const verdict = (cause: Cause = 'ip_block', decision: Decision = 'retry_new_ip'): Verdict => ({
  cause,
  decision,
  confidence: 0.9,
  evidence: { rule: 'made-up', words: 'blocked' },
});

export const STORAGE = { url: 'https://storage.mailgun.net/v3/domains/mg.example.com/messages/key1', key: 'key1' };

/** The usual kinds of attempt: what each is for, and how it leaves. */
export const HOW = {
  application: { provider: 'mailgun', role: 'first', way: 'application' },
  send: { provider: 'mailgun', role: 'first', way: 'whole' },
  repost: { provider: 'mailgun', role: 'retry', way: 'stored' },
  mime: { provider: 'mailgun', role: 'retry', way: 'whole' },
  fallback: { provider: 'smtp.example:25', role: 'fallback', way: 'whole' },
} as const satisfies Record<string, { provider: string; role: Role; way: Way }>;
export type How = keyof typeof HOW;

export const claimed = (
  attempt: number,
  at: Ms,
  { how, ...over }: Partial<FactOf<'claimed'>> & { how?: How } = {},
): FactOf<'claimed'> => ({
  key: `claimed:${attempt}`,
  at,
  kind: 'claimed',
  attempt,
  ...HOW[how ?? (attempt === 1 ? 'application' : 'repost')],
  leaseUntil: at + MINUTE,
  lease: null,
  since: null,
  deliverAt: null,
  double: null,
  ...over,
});

export const accepted = (
  attempt: number,
  at: Ms,
  messageId: string | null = 'm1@mg.example.com',
  tracked = true,
): FactOf<'accepted'> => ({
  key: `accepted:${attempt}`,
  at,
  kind: 'accepted',
  attempt,
  messageId,
  tracked,
  detail: '',
});

export const refused = (attempt: number, at: Ms, why: Refusal, retryAfter: Ms | null = null): FactOf<'refused'> => ({
  key: `refused:${attempt}`,
  at,
  kind: 'refused',
  attempt,
  why,
  detail: 'no',
  retryAfter,
});

export const unanswered = (attempt: number, at: Ms): FactOf<'unanswered'> => ({
  key: `unanswered:${attempt}`,
  at,
  kind: 'unanswered',
  attempt,
  detail: 'reset',
});

export const reported = (report: Report, at: Ms, over: Partial<FactOf<'reported'>> = {}): FactOf<'reported'> => ({
  key: `reported:${report}:${at}`,
  at,
  kind: 'reported',
  provider: 'mailgun',
  report,
  messageId: 'm1@mg.example.com',
  bounce: null,
  verdict: null,
  plan: null,
  storage: null,
  sendingIp: null,
  foundBy: 'webhook',
  ...over,
});

/** What Mailgun does not put the address on its bounce list for. */
const SOFT: Partial<Bounce> = { reason: 'espblock', bounceType: 'soft' };

export const failed = (at: Ms, plan: Plan = 'retry', over: Partial<FactOf<'reported'>> = {}): FactOf<'reported'> =>
  reported('failed', at, {
    bounce: bounce(plan === 'stop' ? {} : SOFT),
    verdict: plan === 'stop' ? verdict('recipient_unknown', 'give_up_suppress') : verdict(),
    plan,
    storage: STORAGE,
    ...over,
  });

export const asked = (
  attempt: number,
  at: Ms,
  about: Outcome,
  over: Partial<FactOf<'asked'>> = {},
): FactOf<'asked'> => ({
  key: `asked:${attempt}:${at}`,
  at,
  kind: 'asked',
  attempt,
  about,
  settled: true,
  known: true,
  problem: null,
  ...over,
});

export const held = (
  attempt: number,
  at: Ms,
  about: Outcome,
  until: Ms,
  why: Reason = 'nothing_heard',
): FactOf<'held'> => ({
  key: `held:${attempt}:${at}`,
  at,
  kind: 'held',
  attempt,
  about,
  until,
  why,
});

export const ended = (attempt: number, at: Ms, state: EndState, reason: Reason, round = 0): FactOf<'ended'> => ({
  key: `ended:${round}`,
  at,
  kind: 'ended',
  attempt,
  round,
  state,
  reason,
});

export const reopened = (attempt: number, at: Ms, round: number, tries: number): FactOf<'reopened'> => ({
  key: `reopened:${round}`,
  at,
  kind: 'reopened',
  attempt,
  round,
  tries,
  by: 'an operator',
});

/** What an application's own accepted send leaves behind. */
export const sent = (at: Ms = MORNING, messageId: string | null = 'm1@mg.example.com'): Fact[] => [
  claimed(1, at, { leaseUntil: at }),
  accepted(1, at, messageId),
];

export const draft = (over: Partial<Draft> = {}): Draft => ({
  messageId: 'm1@mg.example.com',
  domain: 'mg.example.com',
  from: 'Shop <shop@example.com>',
  subject: 'Your receipt',
  class: over.class ?? 'notice',
  key: null,
  origin: 'recorded',
  policy: policy(over.class ?? 'notice'),
  recipients: ['ann@example.net'],
  facts: sent(over.createdAt ?? MORNING),
  createdAt: MORNING,
  ...over,
});

/** A message for our queue: nothing has happened to it yet. */
export const queueDraft = (over: Partial<QueueDraft> = {}): QueueDraft => ({
  ...draft({ origin: 'queued', facts: [], ...over }),
  id: '01QUEUED000000000000000000',
  body: Buffer.from('sealed'),
  ...over,
});

/** Puts a message into our queue and returns its deliveries, in the order of their ids. */
export async function seedQueued(store: Store, over: Partial<QueueDraft> = {}, now: Ms = MORNING): Promise<View[]> {
  const { id } = await enqueue(store, queueDraft(over), null, now);
  return viewsOf(store, id);
}

/** Records a message and returns its deliveries as they are then, in the order of their ids. */
export async function seed(store: Store, over: Partial<Draft> = {}, now: Ms = MORNING): Promise<View[]> {
  const { id } = await record(store, draft(over), now);
  return viewsOf(store, id);
}

/** Claims what is due, wherever it waits. */
export async function claimAny(
  store: Store,
  now: Ms,
  most: number,
  lease: Ms,
): Promise<{ lease: string; ids: string[] }> {
  const { lease: token, claimed: won } = await claimDue(store, [{ lane: '', most }], { now, lease });
  return { lease: token, ids: won.map((c) => c.id) };
}

/** `count` messages to one recipient each, told apart by their Message-Id. */
export async function seedMany(store: Store, count: number, over: Partial<Draft> = {}): Promise<View[]> {
  const views: View[] = [];
  for (let n = 1; n <= count; n++)
    views.push(...(await seed(store, { ...over, messageId: `many-${n}@mg.example.com` })));
  return views;
}

export async function viewsOf(store: Store, messageId: string): Promise<View[]> {
  const rows: { id: string }[] = await store
    .db('deliveries')
    .where({ message_id: messageId })
    .orderBy('id')
    .select('id');
  return [
    ...(
      await load(
        store.db,
        rows.map((r) => r.id),
      )
    ).values(),
  ];
}

export const arrival = (name: string, over: Partial<Arrival> = {}): Arrival => ({
  provider: 'mailgun',
  about: null,
  source: 'webhook',
  replayKey: name,
  eventKey: name,
  receivedAt: MORNING,
  contentType: 'application/json',
  body: `{"name":"${name}"}`,
  ...over,
});

export const sighting = (over: Partial<Sighting> = {}): Sighting => ({
  report: 'delivered',
  event: 'delivered',
  at: MORNING,
  eventKey: 'event-1',
  domain: 'mg.example.com',
  recipient: 'ann@example.net',
  list: null,
  inbound: false,
  messageId: null,
  homingId: null,
  homingClass: null,
  homingKey: null,
  storage: null,
  from: null,
  subject: null,
  tags: [],
  template: null,
  sendingIp: null,
  recipientProvider: null,
  bounce: null,
  ...over,
});

/** What an application tells of the message with this name, by HTTP or through the wrapper. */
export const telling = (name: number | string, more: object = {}) => ({
  messageId: `${name}@mg.example.com`,
  domain: 'mg.example.com',
  from: 'a@mg.example.com',
  to: ['ann@example.org'],
  state: 'accepted',
  ...more,
});
