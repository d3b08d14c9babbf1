// What MailerSend posts: developers.mailersend.com/api/v1/account/webhooks.
import { createHmac } from 'node:crypto';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../../core/time.ts';
import { type Fate, type GivenEmail, type MailersendWorld, newMailersendId } from './mailersend-world.ts';
import { postJson } from './webhooks.ts';

type Flight = { id: string; email: GivenEmail; recipient: string };
type Event = { type: string; status: string; meta: Record<string, string> | never[]; morph: object | null };

const TEST_SECRET = 'test_Am3L1GuOIc4blLUuHqAPxxwkZaJyEk8G';
/** About three days in all. */
const RETRIES: readonly Ms[] = [MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 2 * DAY];

/** Puts what becomes of a mail on the agenda. */
export function happen(world: MailersendWorld, flight: Flight): void {
  const fate = world.fates.get(flight.recipient) ?? 'delivered';
  if (fate === 'silence') return;
  const emailId = newMailersendId(world);
  const events =
    typeof fate === 'object' && 'suppressed' in fate ? [suppressed(fate.suppressed)] : [SENT, ...endOf(fate)];
  for (const [n, event] of events.entries()) {
    const at = world.clock() + (n + 1) * SECOND;
    world.agenda.add(at, () => post(world, payloadOf(world, { ...flight, emailId, event, at })));
  }
}

const SENT: Event = { type: 'sent', status: 'sent', meta: [], morph: null };
const DELIVERED: Event = { type: 'delivered', status: 'delivered', meta: [], morph: null };

const suppressed = (reason: string): Event => ({
  ...{ type: 'suppressed', status: 'rejected', morph: null },
  meta: { suppression_reason: reason },
});

function endOf(fate: Exclude<Fate, 'silence' | { suppressed: string }>): Event[] {
  if (fate === 'delivered') return [DELIVERED];
  if (fate === 'complained')
    return [DELIVERED, { ...DELIVERED, type: 'spam_complaint', morph: { object: 'spam_complaint', reason: null } }];
  if (fate === 'opened')
    return [DELIVERED, { ...DELIVERED, type: 'opened', meta: { ip: '192.0.2.1' }, morph: { object: 'open' } }];
  const { bounced, reason, code } = fate;
  const meta = { bounce_reason: reason, ...(code === undefined ? {} : { bounce_code: code }), bounce_type: bounced };
  return [{ type: `${bounced}_bounced`, status: 'rejected', meta, morph: { object: 'recipient_bounce', reason } }];
}

type Told = Flight & { emailId: string; event: Event; at: Ms };

/** Six digits of a second. */
const timeOf = (at: Ms): string => new Date(at).toISOString().replace('Z', '000Z');

function payloadOf(world: MailersendWorld, told: Told): object {
  const { id, email, recipient, emailId, event, at } = told;
  const type = `activity.${event.type}`;
  const common = { id: newMailersendId(world), subject: email.subject, tags: email.tags ?? [] };
  if (world.version === 2) {
    const data = { ...common, domain_id: 'yv69oxl5kl785kw2', message_id: id, email_id: emailId, recipient };
    return { type, created_at: timeOf(at), data: { ...data, type: event.status, meta: event.meta } };
  }
  const envelope = { domain_id: 'yv69oxl5kl785kw2', webhook_id: '2351ndgwr4zqx8ko', url: world.webhookUrl };
  const { subject, tags } = common;
  const of = { id: emailId, from: email.from.email, subject, status: event.status, tags };
  const nested = { ...of, message: { object: 'message', id }, recipient: { object: 'recipient', email: recipient } };
  const data = { object: 'activity', id: common.id, type: event.type, created_at: timeOf(at) };
  return { type, ...envelope, created_at: timeOf(at + 500), data: { ...data, email: nested, morph: event.morph } };
}

export function announceMaintenance(world: MailersendWorld, isOn: boolean): void {
  const at = world.clock();
  const body = { type: `maintenance.${isOn ? 'start' : 'end'}`, created_at: timeOf(at), data: {} };
  world.agenda.add(at, () => post(world, body));
}

/** They write `\/` for a slash, and sign what they wrote. */
const written = (payload: object): string => JSON.stringify(payload).replaceAll('/', '\\/');

export const signedAsMailersend = (body: string, secret: string): string =>
  createHmac('sha256', secret).update(body).digest('hex');

async function post(world: MailersendWorld, payload: object, attempt = 0): Promise<void> {
  if (world.webhookUrl === null) return;
  const body = written(payload);
  const answer = await postSigned(world.webhookUrl, body, world.secret);
  const at = world.clock();
  world.posts.push({ at, body, signature: signedAsMailersend(body, world.secret), answer });
  const wait = RETRIES[attempt];
  if (isGood(answer) || wait === undefined) return;
  world.agenda.add(at + wait, () => post(world, payload, attempt + 1));
}

const isGood = (answer: number | 'no answer'): boolean => answer !== 'no answer' && answer >= 200 && answer < 300;

const postSigned = (url: string, body: string, secret: string) =>
  postJson(url, body, 10 * SECOND, { Signature: signedAsMailersend(body, secret) });

/** Saves the webhook if it answers the test, which is signed with a secret that everybody knows. */
export async function tryWebhook(world: MailersendWorld, url: string): Promise<boolean> {
  const body = written({
    type: 'webhook.test',
    message: 'This is a ping test message',
    created_at: timeOf(world.clock()),
  });
  const isSaved = isGood(await postSigned(url, body, TEST_SECRET));
  if (isSaved) world.webhookUrl = url;
  return isSaved;
}
