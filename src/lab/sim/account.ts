import { type Reply, refusal, reply } from './reply.ts';
import { SUBSCRIPTIONS } from './webhooks.ts';
import type { Place, SimRecord, SimRequest, World } from './world.ts';

const MOST_URLS = 3;

/** GET /v3/domains/:domain */
export function showDomain(world: World, _request: SimRequest, { domain }: Place): Reply {
  return domainReply(world, domain, {});
}

/** GET /v4/domains/:domain, which alone tells how long mail is kept. */
export function showDomainV4(world: World, _request: SimRequest, { domain }: Place): Reply {
  return domainReply(world, domain, { message_ttl: Math.floor(world.retention / 1000) });
}

function domainReply({ options }: World, domain: string, more: { message_ttl?: number }): Reply {
  return reply({
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
      ...more,
    },
    receiving_dns_records: (options.dns?.receiving ?? []).map(shownRecord),
    sending_dns_records: (options.dns?.sending ?? []).map(shownRecord),
  });
}

/** As it was looked up last; those for receiving have a priority and no name. */
function shownRecord({ name, type, value }: SimRecord) {
  const at = type === 'MX' ? { priority: '10' } : { name };
  return { is_active: true, cached: [value], ...at, record_type: type, valid: 'valid', value };
}

/** GET /v3/domains/:domain/tracking */
export function showTracking({ options }: World): Reply {
  const active = options.tracking ?? false;
  const footers = { html_footer: '', text_footer: '' };
  return reply({
    tracking: { open: { active }, click: { active }, unsubscribe: { active: false, ...footers }, web_scheme: 'https' },
  });
}

/** GET /v3/domains/:domain/sending_queues */
export function showQueues(): Reply {
  const open = { is_disabled: false, disabled: { until: null, reason: '' } };
  return reply({ regular: open, scheduled: open });
}

/** GET /v5/accounts/http_signing_key */
export function showSigningKey(world: World): Reply {
  return reply({ message: 'success', http_signing_key: world.options.signingKey });
}

/** GET, POST /v3/domains/:domain/webhooks: one event and up to three URLs at a time. */
export function webhooksV3(world: World, request: SimRequest, { domain }: Place): Reply {
  if (request.method === 'GET') return reply({ webhooks: shownHooks(world, domain) });
  const name = request.fields['id']?.[0] ?? '';
  const urls = request.fields['url'] ?? [];
  const problem = problemV3(name, urls);
  if (problem !== null) return refusal(400, problem);
  const hooks = hooksOf(world, domain);
  if (hooks.has(name)) return refusal(400, 'Webhook already exists');
  hooks.set(name, urls);
  return reply({ message: 'Webhook has been created', webhook: { urls } });
}

function problemV3(name: string, urls: string[]): string | null {
  if (!SUBSCRIPTIONS.includes(name) || urls.length === 0) return 'Invalid webhook id or url';
  return urls.length > MOST_URLS ? `a webhook can have ${MOST_URLS} URLs at most` : null;
}

/** GET, PUT, DELETE /v3/domains/:domain/webhooks/:name */
export function oneWebhook(world: World, request: SimRequest, { domain, last: name }: Place): Reply {
  const hooks = hooksOf(world, domain);
  const urls = hooks.get(name);
  if (urls === undefined) return refusal(404, 'Webhook not found');
  if (request.method === 'GET') return reply({ webhook: { urls } });
  if (request.method === 'DELETE') {
    hooks.delete(name);
    return reply({ message: 'Webhook has been deleted', webhook: { urls } });
  }
  const changed = request.fields['url'] ?? [];
  const problem = problemV3(name, changed);
  if (problem !== null) return refusal(400, problem);
  hooks.set(name, changed);
  return reply({ message: 'Webhook has been updated', webhook: { urls: changed } });
}

/** POST, PUT, DELETE /v4/domains/:domain/webhooks: one URL, many events; its errors say `Reason`, not `message`. */
export function webhooksV4(world: World, request: SimRequest, { domain }: Place): Reply {
  const url = request.fields['url']?.[0] ?? request.query.get('url') ?? '';
  const names = request.method === 'DELETE' ? [] : (request.fields['event_types'] ?? []);
  const hooks = hooksOf(world, domain);
  const problem = request.method === 'DELETE' ? null : problemV4(request.method, hooks, url, names);
  if (problem !== null) return reply({ Reason: problem }, 400);
  if (request.method !== 'POST') forget(hooks, url);
  for (const name of names) hooks.set(name, [...(hooks.get(name) ?? []), url]);
  return reply({ webhooks: shownHooks(world, domain) });
}

type Hooks = Map<string, string[]>;

function problemV4(method: string, hooks: Hooks, url: string, names: string[]): string | null {
  const isSense = url !== '' && names.length > 0 && names.every((name) => SUBSCRIPTIONS.includes(name));
  if (!isSense) return 'expected a url and event_types';
  const registered = names.map((name) => hooks.get(name) ?? []);
  if (method === 'POST' && registered.some((urls) => urls.includes(url))) {
    return 'this url is registered for one of these event types already';
  }
  const isFull = registered.some((urls) => urls.filter((other) => other !== url).length >= MOST_URLS);
  return isFull ? `an event type can have ${MOST_URLS} URLs at most` : null;
}

/** `gone` may be several, with commas between them. */
function forget(hooks: Hooks, gone: string): void {
  for (const [name, urls] of hooks) {
    const left = urls.filter((url) => !gone.split(',').includes(url));
    if (left.length === 0) hooks.delete(name);
    else hooks.set(name, left);
  }
}

function hooksOf(world: World, domain: string): Hooks {
  const hooks: Hooks = world.hooks.get(domain) ?? new Map();
  world.hooks.set(domain, hooks);
  return hooks;
}

/** Every name there is; null where nothing is registered. */
function shownHooks(world: World, domain: string): Record<string, { urls: string[] } | null> {
  const hooks = hooksOf(world, domain);
  const shown = (urls: string[] | undefined) => (urls === undefined ? null : { urls });
  return Object.fromEntries(SUBSCRIPTIONS.map((name) => [name, shown(hooks.get(name))]));
}
