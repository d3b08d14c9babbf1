import {
  oneWebhook,
  showDomain,
  showDomainV4,
  showQueues,
  showSigningKey,
  showTracking,
  webhooksV3,
  webhooksV4,
} from './account.ts';
import { listEvents, listMoreEvents } from './event-query.ts';
import { listLogs } from './logs.ts';
import { plainReply, type Reply, refusal } from './reply.ts';
import { showClassified, showHits, showIps, showPools, showThresholds, showWarmup, showWarmups } from './sender.ts';
import { sendMime, sendParts } from './sending.ts';
import { storedRoute } from './storage.ts';
import { oneEntry, wholeList } from './suppressions.ts';
import { LISTS, type Place, type SimRequest, type World } from './world.ts';

type Run = (world: World, request: SimRequest, place: Place) => Reply | Promise<Reply>;
type Route = { methods: string[]; path: string[]; run: Run };

/** All that a domain sending key is good for. */
const SENDING: readonly Route[] = [
  route('POST', '/v3/:domain/messages', sendParts),
  route('POST', '/v3/:domain/messages.mime', sendMime),
];

const ROUTES: readonly Route[] = [
  ...SENDING,
  route('GET POST', '/v2/domains/:domain/messages/:last', storedRoute),
  route('GET POST', '/v3/domains/:domain/messages/:last', storedRoute),
  route('GET', '/v3/:domain/events', listEvents),
  route('GET', '/v3/:domain/events/:last', listMoreEvents),
  route('POST', '/v1/analytics/logs', listLogs),
  ...LISTS.flatMap((list) => [
    route('GET POST DELETE', `/v3/:domain/${list}`, (world, request, place) =>
      wholeList(world, request, { ...place, list }),
    ),
    route('GET DELETE', `/v3/:domain/${list}/:last`, (world, request, place) =>
      oneEntry(world, request, { ...place, list }),
    ),
  ]),
  route('GET', '/v3/domains/:domain', showDomain),
  route('GET', '/v4/domains/:domain', showDomainV4),
  route('GET', '/v3/domains/:domain/sending_queues', showQueues),
  route('GET', '/v3/domains/:domain/tracking', showTracking),
  route('GET', '/v3/ips', showIps),
  route('GET', '/v3/ip_pools', showPools),
  route('GET', '/v3/ip_warmups', showWarmups),
  route('GET', '/v3/ip_warmups/:last', showWarmup),
  route('GET', '/v1/thresholds/alerts/send', showThresholds),
  route('GET', '/v1/thresholds/hits', showHits),
  route('POST', '/v2/bounce-classification/metrics', showClassified),
  route('GET POST', '/v3/domains/:domain/webhooks', webhooksV3),
  route('GET PUT DELETE', '/v3/domains/:domain/webhooks/:last', oneWebhook),
  route('POST PUT DELETE', '/v4/domains/:domain/webhooks', webhooksV4),
  route('GET', '/v5/accounts/http_signing_key', showSigningKey),
];

function route(methods: string, path: string, run: Run): Route {
  return { methods: methods.split(' '), path: path.split('/'), run };
}

/** The answer of a Mailgun in good health. */
export async function answer(world: World, request: SimRequest): Promise<Reply> {
  // The answer to a wrong base path, with or without a key: a 200 that is no answer of the API.
  if (!/^\/v\d\//.test(request.path)) return plainReply(200, 'Mailgun Magnificent API');
  const segments = request.path.split('/').map(decodeSegment);
  const found = ROUTES.find((candidate) => leadsTo(candidate, request.method, segments));
  if (!mayUse(world, keyIn(request), found)) return plainReply(401, 'Forbidden');
  if (found === undefined) return plainReply(404, '404 page not found');
  const place = placeIn(found, segments);
  const isUnknown = place.domain !== '' && !world.options.domains.includes(place.domain);
  if (isUnknown) return refusal(404, `Domain not found: ${place.domain}`);
  if (!request.readable) return refusal(400, 'the request body can not be read');
  return found.run(world, request, place);
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) return segment;
    throw error;
  }
}

function leadsTo({ methods, path }: Route, method: string, segments: string[]): boolean {
  if (!methods.includes(method) || path.length !== segments.length) return false;
  return path.every((part, index) => part.startsWith(':') || part === segments[index]);
}

function mayUse({ options }: World, key: string | null, found: Route | undefined): boolean {
  if (key === options.apiKey) return true;
  return key !== null && key === options.sendingKey && found !== undefined && SENDING.includes(found);
}

/** The password of `api`. */
function keyIn({ headers }: SimRequest): string | null {
  const [scheme, encoded = ''] = (headers.authorization ?? '').split(' ');
  const [user, ...key] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return scheme === 'Basic' && user === 'api' ? key.join(':') : null;
}

function placeIn({ path }: Route, segments: string[]): Place {
  const named = (name: string): string => segments[path.indexOf(name)] ?? '';
  return { domain: named(':domain'), last: named(':last') };
}
