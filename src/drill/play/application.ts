// What an application, and whoever looks on, does: over HTTP alone.
import { Agent, fetch } from 'undici';
import { stopwatch } from '../../base/wait.ts';
import type { MessageClass } from '../../core/message-class.ts';
import { MINUTE, type Ms } from '../../core/time.ts';
import { readMessageId } from '../../mail/message-id.ts';
import type { Status } from '../judge/status.ts';
import type { Cast } from './cast.ts';

/** How long it took is judged afterwards. */
const PATIENCE: Ms = MINUTE;

/** A connection for each call: one that is kept may be closed just when it is used again, and that is no fault of a daemon. */
const dispatcher = new Agent({ pipelining: 0 });

export type Mail = { to: string; class: MessageClass; subject: string };

/** Null for the id of a mail that was not taken. */
export type Queued = { messageId: string | null; took: Ms };

/** Hands a mail to the daemon, as an application does with Mailgun's own API. */
export async function queueMail({ url, token, domain }: Cast, { to, subject, class: kind }: Mail): Promise<Queued> {
  const took = stopwatch();
  const text = `${subject}. This mail is part of a drill; nothing has to be done.`;
  const answered = await fetch(`${url}/v3/${domain}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`api:${token}`)}` },
    body: new URLSearchParams({ from: `drill@${domain}`, to, subject, text, 'v:homing-class': kind }),
    ...{ signal: AbortSignal.timeout(PATIENCE), dispatcher },
  }).catch(() => null);
  const said = (await answered?.json().catch(() => null)) as { id?: string } | null;
  return { messageId: answered?.status === 200 ? readMessageId(said?.id ?? '') : null, took: took() };
}

export type Queue = {
  classes: Record<MessageClass, { waiting: number }>;
  providers: { name: string; state: string; share: number }[];
};
export type ToldChange = { at: string; state: string; share: number; evidence: string };
export type ToldOutage = {
  id: string;
  provider: string;
  startedAt: string;
  endedAt: string | null;
  evidence: ToldChange[];
};

export const readStatus = ({ judgedAt }: Cast, patience: Ms): Promise<Status> =>
  read(`${judgedAt}/api/status`, null, patience);
export const readQueue = ({ judgedAt, token }: Cast, patience: Ms): Promise<Queue> =>
  read(`${judgedAt}/api/queue`, token, patience);

export const readOutages = async ({ judgedAt, token }: Cast, patience: Ms): Promise<ToldOutage[]> =>
  (await read<{ outages: ToldOutage[] }>(`${judgedAt}/api/outages`, token, patience)).outages;

async function read<T>(url: string, token: string | null, patience: Ms): Promise<T> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const answered = await fetch(url, { headers, signal: AbortSignal.timeout(patience), dispatcher });
  if (!answered.ok) throw new Error(`${new URL(url).pathname} answered ${answered.status}`);
  return (await answered.json()) as T;
}
