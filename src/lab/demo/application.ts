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

/** What an application does that has its mail sent by Homing: the same client, with another URL. */
export async function queue({ url }: Cast, to: string, kind: 'access' | 'notice', subject: string): Promise<void> {
  const client = new Mailgun(FormData).client({ username: 'api', key: TOKEN, url, timeout: 10 * SECOND });
  const from = `Example Team <team@${DOMAIN}>`;
  await client.messages.create(DOMAIN, { from, to: [to], subject, text: `${subject}.`, 'v:homing-class': kind });
}

/** The state of the newest mail to somebody. */
export async function stateOf({ url }: Cast, recipient: string): Promise<string | undefined> {
  type Found = { messages: { deliveries: { state: string }[] }[] };
  const { messages } = await call<Found>(url, `/api/messages?recipient=${encodeURIComponent(recipient)}&limit=1`);
  return messages[0]?.deliveries[0]?.state;
}

export type Queue = {
  classes: { notice: { waiting: number } };
  providers: { name: string; state: string; share: number }[];
};

export const lookAtQueue = ({ url }: Cast): Promise<Queue> => call(url, '/api/queue');

export type ToldOutage = { id: string; endedAt: string | null; moved: { class: string; n: number }[] };

export const outages = async ({ url }: Cast): Promise<ToldOutage[]> =>
  (await call<{ outages: ToldOutage[] }>(url, '/api/outages')).outages;

/** An outage as Markdown. */
export async function pageOf({ url }: Cast, id: string): Promise<string> {
  const headers = { authorization: `Bearer ${TOKEN}`, accept: 'text/markdown' };
  return (await fetch(`${url}/api/outages/${id}`, { headers })).text();
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
