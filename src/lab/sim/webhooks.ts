import { createHmac, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { HOUR, MINUTE, type Ms } from '../../core/time.ts';
import type { EventData, World } from './world.ts';

/** Names to subscribe to; there is no event called permanent_fail. */
export const SUBSCRIPTIONS = [
  'accepted',
  'delivered',
  'opened',
  'clicked',
  'unsubscribed',
  'complained',
  'temporary_fail',
  'permanent_fail',
] as const;

/** Waits before the second try and those after it, in all under 8 h. */
const RETRIES: Ms[] = [5 * MINUTE, 10 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR];

/** Some of Mailgun's texts say that these are posted once only. */
const POSTED_ONCE: ReadonlySet<string> = new Set(['delivered', 'opened', 'clicked']);

type Post = { url: string; name: string; event: EventData; body: string };

/** Puts an event's webhooks on the agenda: one for each URL, with a signature that stays the same on each try. */
export const announce = (world: World, event: EventData, at: Ms): void => {
  const name = subscriptionOf(event);
  for (const url of receivers(world, event, name)) {
    const post = { url, name, event, body: signedBody(world.options.signingKey, event, at) };
    if (world.quirks.lose(event)) world.webhooks.push({ ...post, at, attempt: 1, answer: 'lost' });
    else for (let copy = 0; copy < world.quirks.repeat; copy++) schedule(world, post, at);
  }
};

const subscriptionOf = (event: EventData): string =>
  event.event === 'failed' ? `${event.severity === 'temporary' ? 'temporary' : 'permanent'}_fail` : event.event;

/** The same URL, registered twice, is posted to once; rejected and stored are not to be had as webhooks. */
const receivers = (world: World, event: EventData, name: string): Set<string> => {
  if (!SUBSCRIPTIONS.some((known) => known === name)) return new Set();
  const registered = world.hooks.get(domainOf(event))?.get(name) ?? [];
  return new Set([...(world.webhookUrl === null ? [] : [world.webhookUrl]), ...registered]);
};

const domainOf = (event: EventData): string => {
  const domain = event['domain'];
  return typeof domain === 'object' && domain !== null && 'name' in domain ? String(domain.name) : '';
};

/** The signature covers time and token, and not the event. */
export const signedBody = (signingKey: string, event: EventData, at: Ms): string => {
  const timestamp = String(Math.floor(at / 1000));
  const token = randomBytes(25).toString('hex');
  const signature = createHmac('sha256', signingKey)
    .update(timestamp + token)
    .digest('hex');
  return JSON.stringify({ signature: { timestamp, token, signature }, 'event-data': event });
};

const schedule = (world: World, post: Post, at: Ms): void => {
  const { shuffle, webhookLatency } = world.quirks;
  const due = at + webhookLatency;
  if (shuffle === null) world.agenda.add(due, () => tryPost(world, post, 1));
  else {
    const random = randomOf(world, shuffle.seed);
    world.agenda.add(Math.round(due + random() * shuffle.within), () => tryPost(world, post, 1), random());
  }
};

const shufflers = new WeakMap<World, { seed: number; random: () => number }>();

const randomOf = (world: World, seed: number): (() => number) => {
  const known = shufflers.get(world);
  if (known?.seed === seed) return known.random;
  const random = seededRandom(seed);
  shufflers.set(world, { seed, random });
  return random;
};

/** mulberry32: small, and the same everywhere for the same seed. */
const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const tryPost = async (world: World, post: Post, attempt: number): Promise<void> => {
  const at = world.clock();
  const answer = await postJson(post.url, post.body, world.quirks.webhookTimeout);
  world.webhooks.push({ ...post, at, attempt, answer });
  if (answer === 200 || answer === 406) return;
  if (POSTED_ONCE.has(post.event.event) && !world.quirks.webhookRetriesAll) return;
  const wait = RETRIES[attempt - 1];
  if (wait === undefined) return;
  world.agenda.add(at + wait * world.quirks.webhookRetryScale, () => tryPost(world, post, attempt + 1));
};

/** A fresh connection each time: a kept one that the receiver has closed would look like a lost webhook. */
const postJson = (url: string, body: string, timeout: Ms): Promise<number | 'no answer'> =>
  new Promise((resolve) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(url, {
      method: 'POST',
      agent: false,
      signal: AbortSignal.timeout(timeout),
      headers: {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'User-Agent': 'Go-http-client/1.1',
      },
    });
    request.on('response', (response) => {
      response.resume();
      response.on('error', () => resolve('no answer'));
      response.on('end', () => resolve(response.statusCode ?? 'no answer'));
    });
    request.on('error', () => resolve('no answer'));
    request.end(body);
  });
