import { oneWebhook, showDomain, showQueues, showSigningKey, webhooksV3, webhooksV4 } from './account.ts';
import { eventsPage, listEvents } from './event-query.ts';
import { listLogs } from './logs.ts';
import { plainReply, type Reply, refusal } from './reply.ts';
import { sendMime, sendParts } from './sending.ts';
import { storedRoute } from './storage.ts';
import { oneEntry, wholeList } from './suppressions.ts';
import { LISTS, type SimRequest, type World } from './world.ts';

type Params = { domain: string; last: string };
type Route = {
  methods: string[];
  path: string[];
  /** A domain sending key will do. */
  sends?: boolean;
  run: (world: World, request: SimRequest, params: Params) => Reply | Promise<Reply>;
};

const ROUTES: Route[] = [
  route('POST', '/v3/:domain/messages', (world, request, { domain }) => sendParts(world, request, domain), true),
  route('POST', '/v3/:domain/messages.mime', (world, request, { domain }) => sendMime(world, request, domain), true),
  ...['v2', 'v3'].map((version) =>
    route('GET POST', `/${version}/domains/:domain/messages/:last`, (world, request, { domain, last }) =>
      storedRoute(world, request, { domain, key: last }),
    ),
  ),
  route('GET', '/v3/:domain/events', (world, request, { domain }) => listEvents(world, request, domain)),
  route('GET', '/v3/:domain/events/:last', (world, _request, { domain, last }) => eventsPage(world, domain, last)),
  route('POST', '/v1/analytics/logs', listLogs),
  ...LISTS.flatMap((list) => [
    route('GET POST DELETE', `/v3/:domain/${list}`, (world, request, { domain }) =>
      wholeList(world, request, { domain, list }),
    ),
    route('GET DELETE', `/v3/:domain/${list}/:last`, (world, request, { domain, last }) =>
      oneEntry(world, request, { domain, list }, last),
    ),
  ]),
  route('GET', '/v3/domains/:domain', (world, _request, { domain }) => showDomain(world, domain, 'v3')),
  route('GET', '/v4/domains/:domain', (world, _request, { domain }) => showDomain(world, domain, 'v4')),
  route('GET', '/v3/domains/:domain/sending_queues', showQueues),
  route('GET POST', '/v3/domains/:domain/webhooks', (world, request, { domain }) => webhooksV3(world, request, domain)),
  route('GET PUT DELETE', '/v3/domains/:domain/webhooks/:last', (world, request, { domain, last }) =>
    oneWebhook(world, request, domain, last),
  ),
  route('POST PUT DELETE', '/v4/domains/:domain/webhooks', (world, request, { domain }) =>
    webhooksV4(world, request, domain),
  ),
  route('GET', '/v5/accounts/http_signing_key', showSigningKey),
];

function route(methods: string, path: string, run: Route['run'], sends = false): Route {
  return { methods: methods.split(' '), path: path.split('/'), run, sends };
}

/** The answer of a Mailgun in good health. */
export const answer = async (world: World, request: SimRequest): Promise<Reply> => {
  // What anybody gets, key or no key, whose base path is wrong: a 200 that is no answer.
  if (!/^\/v\d\//.test(request.path)) return plainReply(200, 'Mailgun Magnificent API');
  const found = findRoute(request);
  const key = keyOf(request);
  const known =
    key === world.options.apiKey || (found?.route.sends && key !== null && key === world.options.sendingKey);
  if (!known) return plainReply(401, 'Forbidden');
  if (found === null) return plainReply(404, '404 page not found');
  const { domain } = found.params;
  if (domain !== '' && !world.options.domains.includes(domain)) return refusal(404, `Domain not found: ${domain}`);
  if (!request.readable) return refusal(400, 'the request body can not be read');
  return found.route.run(world, request, found.params);
};

const keyOf = (request: SimRequest): string | null => {
  const [scheme, encoded] = (request.headers.authorization ?? '').split(' ');
  const [user, ...key] = Buffer.from(encoded ?? '', 'base64')
    .toString('utf8')
    .split(':');
  return scheme === 'Basic' && user === 'api' ? key.join(':') : null;
};

const findRoute = (request: SimRequest): { route: Route; params: Params } | null => {
  const segments = request.path.split('/').map(decodeSegment);
  for (const candidate of ROUTES) {
    if (!candidate.methods.includes(request.method) || candidate.path.length !== segments.length) continue;
    const fits = candidate.path.every((part, index) => part.startsWith(':') || part === segments[index]);
    if (!fits) continue;
    const named = (name: string): string => segments[candidate.path.indexOf(name)] ?? '';
    return { route: candidate, params: { domain: named(':domain'), last: named(':last') } };
  }
  return null;
};

const decodeSegment = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) return segment;
    throw error;
  }
};
