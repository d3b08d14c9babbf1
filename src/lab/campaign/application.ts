// What an application does, over HTTP alone: say what it is about to send, send it, say that it was taken.
import { sleep } from '../../base/wait.ts';
import { API_KEY, DOMAIN, TOKEN, type World } from './world.ts';

export type Mail = { recipient: string; class?: 'access' | 'notice' | 'bulk' };
export type Recorded = { id: string; messageId: string; recipient: string };

export type ApiFact = { at: string; kind: string; attempt?: number; report?: string; until?: string };
export type ApiAttempt = {
  number: number;
  provider: string;
  role: string;
  way: string;
  at: string;
  outcome: string;
  possibleDouble: string | null;
};
export type ApiDelivery = {
  nextAttemptAt: string | null;
  recipient: string;
  state: string;
  reason: string | null;
  attempt: number;
  attempts: ApiAttempt[];
  facts: ApiFact[];
  explanation: string;
};
export type ApiMessage = { id: string; messageId: string; deliveries: ApiDelivery[] };

const PATIENCE = 240_000;

/** Asks until somebody answers: daemons may be dead just now. Only "no" is final. */
export async function call<T>(url: string, path: string, body?: unknown): Promise<T> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', connection: 'close' };
  const until = Date.now() + PATIENCE;
  for (let problem = 'no answer'; Date.now() < until; await sleep(100)) {
    try {
      const response = await fetch(`${url}${path}`, {
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        headers,
        signal: AbortSignal.timeout(8000),
      });
      if (response.ok) return (await response.json()) as T;
      problem = `${response.status} ${await response.text()}`;
      if (response.status < 500) throw new Refused(`${path} answered ${problem}`);
    } catch (error) {
      if (error instanceof Refused) throw error;
      problem = String(error);
    }
  }
  throw new Error(`${path} was not answered in time`);
}

class Refused extends Error {}

let serial = 0;

/** Records a mail, sends it through the simulated Mailgun, and records what that said. */
export async function send(world: World, mail: Mail): Promise<Recorded> {
  const messageId = `${++serial}.${mail.recipient.replace('@', '.')}@${DOMAIN}`;
  const about = {
    messageId,
    domain: DOMAIN,
    from: `Team <team@${DOMAIN}>`,
    to: [mail.recipient],
    subject: 'Your receipt',
    class: mail.class ?? 'notice',
  };
  const { id } = await call<{ id: string }>(world.front.url, '/api/messages', { ...about, state: 'sending' });
  const form = new FormData();
  const fields = { from: about.from, to: mail.recipient, subject: about.subject, text: `For ${mail.recipient}.` };
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('h:Message-Id', `<${messageId}>`);
  form.append('v:homing-id', id);
  const response = await fetch(`${world.sim.url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`api:${API_KEY}`)}` },
    body: form,
  });
  if (response.status !== 200) throw new Error(`the simulated Mailgun answered ${response.status}`);
  await response.arrayBuffer();
  await call(world.front.url, '/api/messages', { ...about, state: 'accepted' });
  return { id, messageId, recipient: mail.recipient };
}

/** Sends many, some at a time. */
export async function sendAll(
  world: World,
  mails: readonly Mail[],
  onSent: () => void = () => {},
): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  const waiting = [...mails];
  const worker = async () => {
    for (let mail = waiting.shift(); mail; mail = waiting.shift()) {
      recorded.push(await send(world, mail));
      onSent();
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return recorded;
}

type Page = { messages: ApiMessage[]; next: string | null };

/** Every message that the API knows, without its history. */
export async function list(url: string, state?: string): Promise<ApiMessage[]> {
  const messages: ApiMessage[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = new URLSearchParams({ limit: '200', ...(state ? { state } : {}), ...(cursor ? { cursor } : {}) });
    const page: Page = await call<Page>(url, `/api/messages?${query}`);
    messages.push(...page.messages);
    cursor = page.next;
  }
  return messages;
}

export const detail = (url: string, id: string): Promise<ApiMessage> => call(url, `/api/messages/${id}`);

const OPEN = ['queued', 'sending', 'unconfirmed', 'accepted', 'deferred'];

/** How many deliveries nobody has finished with yet, by state. */
export async function open(url: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { deliveries } of await list(url))
    for (const { state } of deliveries) if (OPEN.includes(state)) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** Waits until a question is answered with yes. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, patience = PATIENCE): Promise<void> {
  const end = Date.now() + patience;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await sleep(100);
  }
}

/** Waits until every delivery has ended. */
export async function settled(url: string, patience?: number): Promise<void> {
  let rest: Record<string, number> = {};
  const over = async () => {
    rest = await open(url);
    return Object.keys(rest).length === 0;
  };
  await until('every delivery to end', over, patience).catch((error: unknown) => {
    throw new Error(`still open: ${JSON.stringify(rest)}`, { cause: error });
  });
}
