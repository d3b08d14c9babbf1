import { createHmac, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { HOUR, MINUTE, type Ms } from '../../core/time.ts';
import { seededRandom } from './random.ts';
import type { EventData, World } from './world.ts';

/** Names to subscribe to; there is no event called permanent_fail. */
export const SUBSCRIPTIONS: readonly string[] =
  'accepted delivered opened clicked unsubscribed complained temporary_fail permanent_fail'.split(' ');

/** Waits before the second try and those after it, in all under 8 h. */
const RETRIES: readonly Ms[] = [5 * MINUTE, 10 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR];

/** Some of Mailgun's texts say that these are posted once only. */
const POSTED_ONCE: ReadonlySet<string> = new Set(['delivered', 'opened', 'clicked']);

type Post = { url: string; name: string; event: EventData; body: string };

/** Puts an event's webhooks on the agenda: one for each URL, with a signature that stays the same on each try. */
export function announce(world: World, event: EventData, at: Ms): void {
  const name = subscriptionOf(event);
  for (const url of receiversOf(world, event, name)) {
    const post = { url, name, event, body: signedBody(world.options.signingKey, event, at) };
    if (world.quirks.lose(event)) world.webhooks.push({ ...post, at, attempt: 1, answer: 'lost' });
    else for (let copy = 0; copy < world.quirks.repeat; copy++) schedule(world, post, at);
  }
}

function subscriptionOf({ event, severity }: EventData): string {
  if (event !== 'failed') return event;
  return severity === 'temporary' ? 'temporary_fail' : 'permanent_fail';
}

/** The same URL, registered twice, is posted to once; rejected and stored are not to be had as webhooks. */
function receiversOf(world: World, event: EventData, name: string): Set<string> {
  if (!SUBSCRIPTIONS.includes(name)) return new Set();
  const registered = world.hooks.get(event.domain.name)?.get(name) ?? [];
  return new Set([...(world.webhookUrl === null ? [] : [world.webhookUrl]), ...registered]);
}

/** The signature covers time and token, and not the event. */
export function signedBody(signingKey: string, event: object, at: Ms): string {
  const timestamp = String(Math.floor(at / 1000));
  const token = randomBytes(25).toString('hex');
  const signed = createHmac('sha256', signingKey).update(timestamp + token);
  return JSON.stringify({ signature: { timestamp, token, signature: signed.digest('hex') }, 'event-data': event });
}

function schedule(world: World, post: Post, at: Ms): void {
  const { shuffle, webhookLatency } = world.quirks;
  const due = at + webhookLatency;
  const act = () => tryPost(world, post, 1);
  if (shuffle === null) {
    world.agenda.add(due, act);
    return;
  }
  const random = shufflerOf(world, shuffle.seed);
  world.agenda.add(Math.round(due + random() * shuffle.within), act, random());
}

/** One stream of chance for each seed, however often it is asked for. */
function shufflerOf(world: World, seed: number): () => number {
  const random = world.shufflers.get(seed) ?? seededRandom(seed);
  world.shufflers.set(seed, random);
  return random;
}

async function tryPost(world: World, post: Post, attempt: number): Promise<void> {
  const at = world.clock();
  const answer = await postJson(post.url, post.body, world.quirks.webhookTimeout);
  world.webhooks.push({ ...post, at, attempt, answer });
  if (answer === 200 || answer === 406) return;
  if (POSTED_ONCE.has(post.event.event) && !world.quirks.webhookRetriesAll) return;
  const wait = RETRIES[attempt - 1];
  if (wait === undefined) return;
  world.agenda.add(at + wait * world.quirks.webhookRetryScale, () => tryPost(world, post, attempt + 1));
}

/** A fresh connection each time: a kept one that the receiver has closed would look like a lost webhook. */
export function postJson(
  url: string,
  body: string,
  timeout: Ms,
  more: Record<string, string> = { 'User-Agent': 'Go-http-client/1.1' },
): Promise<number | 'no answer'> {
  const post = url.startsWith('https:') ? httpsRequest : httpRequest;
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...more };
  return new Promise((resolve) => {
    const request = post(url, { method: 'POST', agent: false, signal: AbortSignal.timeout(timeout), headers });
    request.on('response', (response) => {
      response.resume();
      response.on('error', () => resolve('no answer'));
      response.on('end', () => resolve(response.statusCode ?? 'no answer'));
    });
    request.on('error', () => resolve('no answer'));
    request.end(body);
  });
}
