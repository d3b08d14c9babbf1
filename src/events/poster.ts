import { randomInt } from 'node:crypto';
import type { Running } from '../base/job.ts';
import type { Log } from '../base/log.ts';
import { createSlots } from '../base/slots.ts';
import { stopwatch } from '../base/wait.ts';
import { type EventKind, eventId, postWait, shownEvent, topicOf } from '../core/outgoing.ts';
import { safeJson } from '../core/safe-text.ts';
import { type Clock, MINUTE, type Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { claimPosts, type Post, releasePost, settlePost } from '../store/event-posts.ts';
import { type Endpoint, endpoints, nameEndpoints } from '../store/notes/endpoints.ts';
import { createHealth, type Health } from './health.ts';
import { type Answer, MOST_AT_ONCE, type Target } from './target.ts';

export type PosterDeps = {
  store: Store;
  targets: readonly Target[];
  kinds: readonly EventKind[];
  /** How long an event is tried again, and an endpoint that fails is put up with. */
  retry: Ms;
  now: Clock;
  /** Aborted when the process is about to stop. */
  signal: AbortSignal;
  log: Log;
  /** Called when there is room for more. */
  onFree(): void;
};

/** A process that posts an event and is gone says nothing of it: after this time another one posts it again. */
const CLAIM: Ms = MINUTE;

/**
 * Posts events to all endpoints beside each other. A run begins posts and does not wait for them, so that an endpoint that hangs
 * holds up nothing else.
 */
export function createPoster(deps: PosterDeps): Required<Running> {
  const { store, targets, now, signal } = deps;
  const health = createHealth(deps);
  const slots = createSlots((id) => (health.isFailing(id) ? 1 : MOST_AT_ONCE), deps.onFree);
  // What is under way when the process stops is posted again by the next one.
  signal.addEventListener('abort', () => void closeAll(targets));
  let isNamed = false;

  async function begin(target: Target, endpoint: Endpoint): Promise<number> {
    const free = slots.free(target.id);
    if (free <= 0) return 0;
    const posts = await claimPosts(store, target.id, free, { now: now(), lease: CLAIM });
    for (const post of posts) {
      slots.take(target.id);
      slots.begin(target.id, () => safely(deps, () => postOne(deps, health, { target, endpoint, post })));
    }
    return posts.length;
  }

  return {
    async run() {
      if (!isNamed) await nameEndpoints(store, namedBy(deps), now());
      isNamed = true;
      if (targets.length === 0 || signal.aborted) return 0;
      const known = (await endpoints(store)).filter((one) => one.disabledAt === null && one.waitUntil <= now());
      let begun = 0;
      for (const target of targets) {
        const endpoint = known.find(({ id }) => id === target.id);
        if (endpoint) begun += await begin(target, endpoint);
      }
      return begun;
    },
    idle: () => slots.idle(),
  };
}

const closeAll = (targets: readonly Target[]): Promise<unknown> => Promise.all(targets.map((one) => one.close()));

const namedBy = ({ targets, kinds }: PosterDeps) => targets.map(({ id, place, host }) => ({ id, place, host, kinds }));

async function safely({ log }: PosterDeps, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    log.error({ error }, 'what came of an event that was posted could not be written down: it is posted again');
  }
}

type Work = { target: Target; endpoint: Endpoint; post: Post };

async function postOne(deps: PosterDeps, health: Health, { target, endpoint, post }: Work): Promise<void> {
  const { store, now, signal } = deps;
  const spent = stopwatch();
  const answer = await target.post({
    id: eventId(post),
    body: safeJson(shownEvent(post)),
    topic: topicOf(post),
    now: now(),
  });
  if (signal.aborted && !answer.isTaken && answer.status === null) return releasePost(store, post, now());
  const at = now();
  const againAt = answer.isTaken ? null : nextTry(deps, endpoint, post, answer, at);
  const { isTaken, status, detail } = answer;
  // Before others may post it: what is gone for good is asked no more.
  const isGone = status === 410;
  if (isGone) await health.failed(endpoint, post.deliveryId, answer);
  await settlePost(store, post, { isDone: isTaken, againAt, status, detail, took: spent() }, at);
  if (isTaken) return health.succeeded(endpoint);
  if (againAt === null)
    deps.log.warn({ event: eventId(post), endpoint: endpoint.place, detail }, 'an event is given up');
  if (!isGone) await health.failed(endpoint, post.deliveryId, answer);
}

/**
 * Null when it has been tried for long enough, and the endpoint has taken others meanwhile: while it takes nothing, nothing is
 * given up before it is disabled. What answers 410 is disabled at once, and then it waits there.
 */
function nextTry({ retry }: PosterDeps, endpoint: Endpoint, post: Post, answer: Answer, now: Ms): Ms | null {
  if (answer.status === 410) return now;
  const wait = Math.max(answer.retryAfter ?? postWait(post.tries + 1), postWait(1));
  const next = now + wait + randomInt(Math.floor(wait / 10));
  const end = Math.max(post.since, endpoint.enabledAt) + retry;
  if (now < end) return Math.min(next, end);
  return (endpoint.succeededAt ?? 0) > post.since ? null : next;
}
