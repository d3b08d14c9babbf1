import { type Reply, refusal, reply } from './reply.ts';
import { SUBSCRIPTIONS } from './webhooks.ts';
import type { SimRequest, World } from './world.ts';

const MOST_URLS = 3;

/** GET /v3/domains/:domain and /v4/domains/:domain; only the latter tells how long mail is kept. */
export const showDomain = (world: World, domain: string, version: 'v3' | 'v4'): Reply =>
  reply({
    domain: {
      id: '5f1d5a7c9b0e4a0012345678',
      name: domain,
      state: 'active',
      type: 'custom',
      is_disabled: false,
      created_at: 'Mon, 02 Feb 2026 09:00:00 GMT',
      smtp_login: `postmaster@${domain}`,
      spam_action: 'disabled',
      web_prefix: 'email',
      web_scheme: 'https',
      wildcard: false,
      require_tls: false,
      skip_verification: false,
      use_automatic_sender_security: true,
      ...(version === 'v4' ? { message_ttl: Math.floor(world.retention / 1000) } : {}),
    },
    receiving_dns_records: [],
    sending_dns_records: [],
  });

/** GET /v3/domains/:domain/sending_queues */
export const showQueues = (): Reply => {
  const open = { is_disabled: false, disabled: { until: null, reason: '' } };
  return reply({ regular: open, scheduled: open });
};

/** GET /v5/accounts/http_signing_key */
export const showSigningKey = (world: World): Reply =>
  reply({ message: 'success', http_signing_key: world.options.signingKey });

/** GET, POST /v3/domains/:domain/webhooks: one event and up to three URLs at a time. */
export const webhooksV3 = (world: World, request: SimRequest, domain: string): Reply => {
  if (request.method === 'GET') return reply({ webhooks: shownHooks(world, domain) });
  const name = request.fields['id']?.[0] ?? '';
  const urls = request.fields['url'] ?? [];
  if (!isSubscription(name) || urls.length === 0) return refusal(400, 'Invalid webhook id or url');
  if (urls.length > MOST_URLS) return refusal(400, `a webhook can have ${MOST_URLS} URLs at most`);
  const hooks = hooksOf(world, domain);
  if (hooks.has(name)) return refusal(400, 'Webhook already exists');
  hooks.set(name, urls);
  return reply({ message: 'Webhook has been created', webhook: { urls } });
};

/** GET, PUT, DELETE /v3/domains/:domain/webhooks/:name */
export const oneWebhook = (world: World, request: SimRequest, domain: string, name: string): Reply => {
  const hooks = hooksOf(world, domain);
  const urls = hooks.get(name);
  if (urls === undefined) return refusal(404, 'Webhook not found');
  if (request.method === 'GET') return reply({ webhook: { urls } });
  if (request.method === 'DELETE') {
    hooks.delete(name);
    return reply({ message: 'Webhook has been deleted', webhook: { urls } });
  }
  const changed = request.fields['url'] ?? [];
  hooks.set(name, changed);
  return reply({ message: 'Webhook has been updated', webhook: { urls: changed } });
};

/** POST, PUT, DELETE /v4/domains/:domain/webhooks: one URL, many events; its errors say `Reason`, not `message`. */
export const webhooksV4 = (world: World, request: SimRequest, domain: string): Reply => {
  const url = request.fields['url']?.[0] ?? request.query.get('url') ?? '';
  const names = request.fields['event_types'] ?? [];
  const hooks = hooksOf(world, domain);
  if (request.method !== 'DELETE' && (url === '' || names.length === 0 || !names.every(isSubscription))) {
    return reply({ Reason: 'expected a url and event_types' }, 400);
  }
  if (request.method === 'POST' && names.some((name) => hooks.get(name)?.includes(url))) {
    return reply({ Reason: 'this url is registered for one of these event types already' }, 400);
  }
  if (request.method === 'POST' && names.some((name) => (hooks.get(name)?.length ?? 0) >= MOST_URLS)) {
    return reply({ Reason: `an event type can have ${MOST_URLS} URLs at most` }, 400);
  }
  if (request.method !== 'POST') forget(hooks, url);
  if (request.method !== 'DELETE') for (const name of names) hooks.set(name, [...(hooks.get(name) ?? []), url]);
  return reply({ webhooks: shownHooks(world, domain) });
};

const forget = (hooks: Map<string, string[]>, gone: string): void => {
  for (const [name, urls] of hooks) {
    const left = urls.filter((url) => !gone.split(',').includes(url));
    if (left.length === 0) hooks.delete(name);
    else hooks.set(name, left);
  }
};

const isSubscription = (name: string): boolean => SUBSCRIPTIONS.includes(name);

const hooksOf = (world: World, domain: string): Map<string, string[]> => {
  const hooks = world.hooks.get(domain) ?? new Map<string, string[]>();
  world.hooks.set(domain, hooks);
  return hooks;
};

const shownHooks = (world: World, domain: string): Record<string, { urls: string[] } | null> =>
  Object.fromEntries(
    SUBSCRIPTIONS.map((name) => {
      const urls = hooksOf(world, domain).get(name);
      return [name, urls === undefined ? null : { urls }];
    }),
  );
