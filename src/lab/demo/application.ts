import Mailgun from 'mailgun.js';
import { SECOND } from '../../core/time.ts';
import { type Cast, KEY, TOKEN } from './cast.ts';
import { DOMAIN, type Part } from './story.ts';

type Fact = { at: string; kind: string; text: string };

/** A delivery as the API shows it. */
export type Shown = {
  recipient: string;
  state: string;
  reason: string | null;
  attempt: number;
  explanation: string;
  facts: Fact[];
};

/** What an application does: record, send through Mailgun's own client, record what it answered. Returns our id. */
export async function send({ mailgun, url }: Cast, part: Part): Promise<string> {
  const messageId = `${part.name.toLowerCase()}.${Date.now()}@${DOMAIN}`;
  const from = `Example Team <team@${DOMAIN}>`;
  const record = { messageId, domain: DOMAIN, from, to: [part.recipient], subject: part.subject, class: part.class };
  const { id } = await call<{ id: string }>(url, '/api/messages', { ...record, state: 'sending' });
  const options = { username: 'api', key: KEY, url: mailgun.url, timeout: 10 * SECOND };
  await new Mailgun(FormData).client(options).messages.create(DOMAIN, {
    from,
    to: [part.recipient],
    subject: part.subject,
    text: `Dear ${part.name}, this is ${part.subject.toLowerCase()}.`,
    'h:Message-Id': `<${messageId}>`,
    'v:homing-id': id,
  });
  await call(url, '/api/messages', { ...record, state: 'accepted' });
  return id;
}

/** The one delivery of a message. */
export async function look({ url }: Cast, id: string): Promise<Shown | undefined> {
  const { deliveries } = await call<{ deliveries: Shown[] }>(url, `/api/messages/${id}`);
  return deliveries[0];
}

/** With a body it is a POST. */
async function call<T>(url: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${url}${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
