import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type Clock, HOUR, MINUTE, type Ms } from '../../core/time.ts';
import type { Agenda } from './agenda.ts';
import { postJson } from './webhooks.ts';

/** One event, as SendGrid writes it. */
export type HookEvent = {
  email: string;
  timestamp: number;
  event: string;
  sg_event_id: string;
  [more: string]: unknown;
};

/** A list of events that was posted, or could not be. */
export type HookPost = { at: Ms; attempt: number; events: readonly unknown[]; answer: number | 'no answer' };

export type SignedPost = { raw: Buffer; headers: Record<string, string> };

export type Hook = {
  /** Base64 of SPKI in DER, as SendGrid shows it. */
  publicKey: string;
  posts: HookPost[];
  url: string | null;
  /** Goes out in the next list. */
  add(event: HookEvent): void;
  /** Posts such a list now; says what was answered. */
  post(events: readonly unknown[]): Promise<HookPost['answer']>;
  signed(events: readonly unknown[]): SignedPost;
};

export type HookOptions = {
  clock: Clock;
  agenda: Agenda;
  url: string | null /** Events wait so long for others. */;
  collect: Ms;
};

/** Increasing waits for a day, as its documentation says. */
const RETRIES: readonly Ms[] = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 8 * HOUR];
const TIMEOUT: Ms = 10_000;

/** The signed event webhook. */
export function createHook({ clock, agenda, url, collect }: HookOptions): Hook {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  let waiting: HookEvent[] = [];
  const hook: Hook = {
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    posts: [],
    url,
    add(event) {
      waiting.push(event);
      if (waiting.length > 1) return;
      agenda.add(clock() + collect, () => {
        const events = waiting;
        waiting = [];
        return tryPost(events, 1);
      });
    },
    post: (events) => postOnce(events, 1),
    signed: (events) => signedPost(privateKey, events, clock()),
  };

  async function postOnce(events: readonly unknown[], attempt: number): Promise<HookPost['answer']> {
    const answer = hook.url === null ? 'no answer' : await postSigned(hook.url, hook.signed(events));
    hook.posts.push({ at: clock(), attempt, events, answer });
    return answer;
  }

  async function tryPost(events: readonly unknown[], attempt: number): Promise<void> {
    const answer = await postOnce(events, attempt);
    const wait = RETRIES[attempt - 1];
    if (wait === undefined || (answer !== 'no answer' && answer >= 200 && answer < 300)) return;
    agenda.add(clock() + wait, () => tryPost(events, attempt + 1));
  }
  return hook;
}

/** Each event on a line, and a line end behind the list, all of which is signed. */
function signedPost(key: KeyObject, events: readonly unknown[], now: Ms): SignedPost {
  const raw = Buffer.from(`[${events.map((event) => JSON.stringify(event)).join(',\r\n')}]\r\n`);
  const timestamp = String(Math.floor(now / 1000));
  const signature = sign('sha256', Buffer.concat([Buffer.from(timestamp), raw]), key).toString('base64');
  const headers = {
    'content-type': 'application/json',
    'x-twilio-email-event-webhook-signature': signature,
    'x-twilio-email-event-webhook-timestamp': timestamp,
  };
  return { raw, headers };
}

const postSigned = (url: string, { raw, headers }: SignedPost): Promise<HookPost['answer']> =>
  postJson(url, raw.toString(), TIMEOUT, headers);
