import { Agent } from 'undici';
import { within } from '../base/deadline.ts';
import { sha256 } from '../base/ids.ts';
import { isPrivateHost, NOT_PUBLIC_CODE, publicLookup } from '../base/public-address.ts';
import { signed } from '../base/signed-webhook.ts';
import { LONGEST_ASKED } from '../core/outgoing.ts';
import { type Ms, SECOND } from '../core/time.ts';
import { exchange } from '../providers/common/exchange.ts';
import { bodyOf, retryAfter, saidIn } from '../providers/common/reply.ts';
import type { EventsSettings } from './settings.ts';

/** Posts that are under way to an endpoint at once. */
export const MOST_AT_ONCE = 8;
/** For a post as a whole, and bytes of its answer, of which little is shown. */
const PATIENCE: Ms = 15 * SECOND;
const LIMIT = 16 * 1024;

/** What came of a post: without a status there was no answer. `isUnbound`: a broker has nobody to give it to. */
export type Answer = {
  isTaken: boolean;
  status: number | null;
  detail: string | null;
  retryAfter: Ms | null;
  isUnbound?: boolean;
};

/** An endpoint that events are posted to. */
export type Target = {
  id: string;
  place: number;
  host: string;
  /** `topic`: what it is about, for those who choose. */
  post(letter: { id: string; body: string; topic: string; now: Ms }): Promise<Answer>;
  close(): Promise<void>;
};

type Settings = Pick<EventsSettings, 'EVENTS_WEBHOOK_URL' | 'EVENTS_WEBHOOK_SECRET' | 'EVENTS_WEBHOOK_ALLOW_PRIVATE'>;

export type HowToPost = { patience?: Ms; lookup?: ReturnType<typeof publicLookup> };

/** One for each URL of the settings. */
export const targetsOf = (settings: Settings, how: HowToPost = {}): Target[] =>
  settings.EVENTS_WEBHOOK_URL.map((url, n) => ({ ...targetAt(new URL(url), settings, how), place: n + 1 }));

/** A change of the URL makes another endpoint of it. */
const idOf = (url: URL): string => sha256(`endpoint\n${url.href}`).slice(0, 16);

function targetAt(url: URL, settings: Settings, how: HowToPost): Omit<Target, 'place'> {
  const mayBePrivate = settings.EVENTS_WEBHOOK_ALLOW_PRIVATE === 'on';
  const { patience = PATIENCE, lookup = publicLookup() } = how;
  const agent = new Agent({
    ...{ connections: MOST_AT_ONCE, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 },
    connect: { timeout: patience, ...(mayBePrivate ? {} : { lookup }) },
  });
  return {
    id: idOf(url),
    host: url.host,
    async post({ id, body, now }) {
      if (!mayBePrivate && isPrivateHost(url)) return silent(NOT_PUBLIC_CODE);
      const signature = signed({ id, at: Math.floor(now / SECOND), body }, settings.EVENTS_WEBHOOK_SECRET);
      const answer = await exchange(agent, {
        ...{ url, method: 'POST', body, limit: LIMIT, deadline: within(patience) },
        headers: { ...HEADERS, ...signature },
      });
      if (answer.kind === 'silence') return silent(answer.why);
      const { status, whole, tooLarge } = answer;
      if (status >= 300 && status < 400) return refused(status, 'a redirect, which is not followed');
      if (status < 200 || status >= 300) {
        return { ...refused(status, wordsIn(bodyOf(answer))), retryAfter: retryAfter(answer, '', LONGEST_ASKED) };
      }
      const isTaken = whole || tooLarge === true;
      return { isTaken, status, detail: isTaken ? null : 'the answer broke off', retryAfter: null };
    },
    close: () => agent.destroy(),
  };
}

function wordsIn(body: unknown): string {
  const { message, error } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  return saidIn(body, message, error);
}

const HEADERS = { 'content-type': 'application/json', 'user-agent': 'homing', 'accept-encoding': 'identity' };

export const silent = (why: string): Answer => ({
  isTaken: false,
  status: null,
  detail: `no answer: ${why}`,
  retryAfter: null,
});

const refused = (status: number, detail: string): Answer => ({ isTaken: false, status, detail, retryAfter: null });
