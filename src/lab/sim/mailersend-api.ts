// What MailerSend's API answers: developers.mailersend.com/api/v1/email and /general.

import { happen } from './mailersend-events.ts';
import { type GivenEmail, type Mailbox, type MailersendWorld, newMailersendId } from './mailersend-world.ts';
import { type Reply, reply } from './reply.ts';
import type { SimRequest } from './world.ts';

export function answerAsMailersend(world: MailersendWorld, request: SimRequest): Reply {
  if (world.isInMaintenance) return refusal(421, "Service isn't available, try again later");
  if (request.headers['authorization'] !== `Bearer ${world.token}`) return refusal(401, 'Unauthenticated.');
  if (world.callsLeft !== null && world.callsLeft-- <= 0) return tooMany();
  if (request.method === 'POST' && request.path === '/v1/email') return asAsked(request, takeEmail(world, request));
  if (request.method === 'GET' && request.path === '/v1/api-quota') return quota(world);
  return refusal(404, 'Resource not found.');
}

/** Whoever does not ask for JSON is sent back, as a browser to its form. */
const asAsked = ({ headers }: SimRequest, answer: Reply): Reply =>
  answer.status === 422 && !headers['accept']?.includes('json')
    ? { status: 302, headers: { Location: 'https://www.mailersend.com' }, body: '' }
    : answer;

const refusal = (status: number, message: string, errors?: Record<string, string[]>): Reply =>
  reply({ message, ...(errors ? { errors } : {}) }, status);

function tooMany(): Reply {
  const answer = refusal(429, 'Too Many Attempts. #MS42903');
  const limits = { 'retry-after': '30', 'x-ratelimit-limit': '120', 'x-ratelimit-remaining': '0' };
  return { ...answer, headers: { ...answer.headers, ...limits } };
}

function quota({ mayOnlySend }: MailersendWorld): Reply {
  if (mayOnlySend)
    return refusal(403, "The custom API token you're using doesn't have the required permissions. #MS40301");
  return reply({ quota: 100_000, remaining: 99_999, reset: '2026-11-26T00:00:00Z' });
}

function takeEmail(world: MailersendWorld, { json, readable }: SimRequest): Reply {
  if (!readable) return invalid({ body: ['JSON contains a syntax error. #MS42227'] });
  const email = json as GivenEmail;
  const wrong = wrongIn(world, email);
  if (Object.keys(wrong).length > 0) return invalid(wrong);
  const suppressed = email.to.filter((to) => world.suppressed.has(to.email));
  const warnings =
    suppressed.length === 0 ? null : [warningOf(world, suppressed, suppressed.length === email.to.length)];
  if (warnings?.[0]?.type === 'ALL_SUPPRESSED') return { ...reply({ warnings }), status: 202 };
  const id = newMailersendId(world);
  world.mails.push({ id, at: world.clock(), email });
  for (const to of email.to) happen(world, { id, email, recipient: to.email });
  const headers = { 'x-message-id': id, ...(world.isPaused ? { 'x-send-paused': 'true' } : {}) };
  if (warnings)
    return {
      status: 202,
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ warnings }),
    };
  return { status: 202, headers: { 'Content-Type': 'text/html; charset=UTF-8', ...headers }, body: '' };
}

const invalid = (errors: Record<string, string[]>): Reply =>
  refusal(422, Object.values(errors).flat().join(' '), errors);

/** What is wrong with an email, by its fields. */
function wrongIn({ domains }: MailersendWorld, email: GivenEmail): Record<string, string[]> {
  const wrong: Record<string, string[]> = {};
  const domain = email.from?.email?.split('@').at(-1) ?? '';
  if (!domains.includes(domain))
    wrong['from.email'] = ['The from.email domain must be verified in your account to send emails. #MS42207'];
  if (!Array.isArray(email.to) || email.to.length === 0) wrong['to'] = ['The to field is required. #MS42209'];
  for (const [n, to] of (email.to ?? []).entries())
    if (!/^[^\s@]+@[^\s@]+$/.test(to.email))
      wrong[`to.${n}.email`] = [`The to.${n}.email must be a valid email address. #MS42208`];
  if (!email.subject) wrong['subject'] = ['The subject field is required. #MS42209'];
  if (!email.text && !email.html) wrong['text'] = ['You must provide one of html, text or template_id. #MS42211'];
  for (const [n, { filename, content }] of (email.attachments ?? []).entries()) {
    if (!filename) wrong[`attachments.${n}.filename`] = [`The attachments.${n}.filename field is required. #MS42209`];
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(content))
      wrong[`attachments.${n}.content`] = ['The attachment content must be a Base64 encoded string. #MS42215'];
  }
  return wrong;
}

function warningOf(world: MailersendWorld, suppressed: readonly Mailbox[], isAll: boolean) {
  return {
    type: isAll ? 'ALL_SUPPRESSED' : 'SOME_SUPPRESSED',
    warning: isAll ? 'All of the recipients have been suppressed.' : 'Some of the recipients have been suppressed.',
    recipients: suppressed.map(({ email }) => ({ email, name: '', reasons: [world.suppressed.get(email)] })),
  };
}
