// What a daemon finds when it starts: mail of the past, and what has not been done about it yet.
import { randomBytes } from 'node:crypto';
import { newId } from '../../base/ids.ts';
import { seal } from '../../base/seal.ts';
import type { Fact } from '../../core/delivery.ts';
import { type PolicySettings, policyFor } from '../../core/policy.ts';
import { handedOver } from '../../core/sent.ts';
import { HOUR, type Ms, SECOND } from '../../core/time.ts';
import { packForm } from '../../mail/form.ts';
import { openWebhook } from '../../providers/mailgun/webhook.ts';
import type { Store } from '../../store/db/open.ts';
import { type Arrival, keep } from '../../store/inbox/inbox.ts';
import { aboutOf } from '../../store/inbox/news.ts';
import { enqueue } from '../../store/messages/enqueue.ts';
import type { Draft } from '../../store/messages/messages.ts';
import { recordMany } from '../../store/messages/record-many.ts';
import { signedBody } from '../sim/webhooks.ts';

export type Past = { store: Store; domain: string; policies: PolicySettings; now: Ms };

const AT_ONCE = 200;

/** Mails of which nothing was heard since they were accepted, for so long that Mailgun is asked about each. */
export async function seedQuestions(past: Past, count: number): Promise<void> {
  const at = past.now - past.policies.silenceAfter - HOUR;
  const drafts = Array.from({ length: count }, (_, n) =>
    sentDraft(past, `silent-${n}`, [`silent-${n}@there.example`], at),
  );
  for (let n = 0; n < count; n += AT_ONCE) await recordMany(past.store, drafts.slice(n, n + AT_ONCE), past.now);
}

/** What Mailgun tells of one mail to one reader, in its order. */
const STORY = ['delivered', 'opened', 'clicked', 'opened', 'clicked'];

/** A newsletter, and so many events that tell what its readers did: kept, as webhooks leave them, and not read yet. */
export async function seedEvents(past: Past, count: number): Promise<void> {
  const readers = Math.ceil(count / STORY.length);
  const at = past.now - SECOND;
  for (let n = 0; n < readers; n += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, readers - n) }, (_, i) => `reader-${n + i}@far.example`);
    const draft = sentDraft(past, `news-${n}`, some, at);
    await recordMany(past.store, [draft], past.now);
    const events = STORY.flatMap((event) => some.map((to) => arrivalOf(draft, event, to, past.now)));
    await keep(past.store, events.slice(0, count - n * STORY.length));
  }
}

/** An access mail in our queue whose hand-over to Mailgun got no answer, so that it goes to the secondary at `dueAt`. */
export async function seedFallback(
  { store, domain, policies, now }: Past,
  { recipient, dueAt, encryptionKey }: { recipient: string; dueAt: Ms; encryptionKey: string },
): Promise<void> {
  const id = newId(now);
  const messageId = `${id}@${domain}`;
  const from = `Team <team@${domain}>`;
  const form = packForm(Object.entries({ from, to: recipient, subject: 'Your link', text: 'Here it is.' }));
  const lostAt = dueAt - policies.accessFallbackAfter;
  const draft: Draft = {
    ...{ id, messageId, domain, from, subject: 'Your link', class: 'access', key: null, origin: 'queued' },
    // A double is allowed: it is due, whoever can be asked about it.
    policy: { ...policyFor('access', policies), atMostOnce: false },
    recipients: [recipient],
    facts: withoutAnswer(lostAt),
    createdAt: lostAt - SECOND,
  };
  await enqueue(store, { ...draft, id, body: await seal(form, encryptionKey, id) }, null, now);
}

function withoutAnswer(at: Ms): Fact[] {
  const how = { provider: 'mailgun', role: 'first', way: 'whole', deliverAt: null, double: null } as const;
  const times = { at: at - SECOND, leaseUntil: at, since: null };
  return [
    { key: 'claimed:1', kind: 'claimed', attempt: 1, lease: null, ...times, ...how },
    { key: 'unanswered:1', kind: 'unanswered', attempt: 1, at, detail: 'no answer came in time' },
  ];
}

function sentDraft({ domain, policies }: Past, name: string, recipients: readonly string[], at: Ms): Draft {
  const messageId = `${name}@${domain}`;
  return {
    ...{ messageId, domain, from: `Team <team@${domain}>`, subject: 'News', class: 'notice', key: null },
    origin: 'recorded',
    policy: policyFor('notice', policies),
    recipients,
    facts: handedOver(at, messageId, 'mailgun'),
    createdAt: at,
  };
}

const KEY = 'signing-key-of-the-past';

function arrivalOf(
  { domain, messageId, from, subject, createdAt }: Draft,
  name: string,
  recipient: string,
  now: Ms,
): Arrival {
  const event = {
    ...{ event: name, id: randomBytes(12).toString('hex'), timestamp: createdAt / 1000, 'log-level': 'info' },
    ...{ recipient, 'recipient-domain': 'far.example', domain: { name: domain }, tags: ['news'] },
    envelope: { sender: `team@${domain}`, targets: recipient, transport: 'smtp', 'sending-ip': '198.51.100.7' },
    message: { headers: { 'message-id': messageId, from, to: recipient, subject }, size: 5121 },
    'delivery-status': { code: 250, message: 'OK', 'attempt-no': 1, 'mx-host': 'mx.far.example', tls: true },
    'user-variables': {},
  };
  const body = Buffer.from(signedBody(KEY, event, now));
  const opened = openWebhook(body, 'application/json', [KEY], now);
  const [first] = opened.kind === 'events' ? opened.events : [];
  if (!first?.sighting) throw new Error('an event of the past can not be read');
  const { sighting, ...kept } = first;
  const { eventKey } = sighting;
  return { ...kept, provider: 'mailgun', source: 'webhook', eventKey, about: aboutOf(sighting), receivedAt: now };
}
