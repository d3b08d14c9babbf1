import type { ProviderList } from '../../core/suppression.ts';
import { type Clock, type Ms, SECOND } from '../../core/time.ts';
import { exact, type Fields, isObject, momentOf, objectOf, words } from '../common/fields.ts';
import type { BounceEntry, Account as ProviderAccount } from '../provider.ts';
import { type Domain, readDomain, retention } from './domain.ts';
import type { Port } from './port.ts';
import { ApiRefusal, answered, isUnknownDomain } from './refusal.ts';

/**
 * The events that a webhook can subscribe to. Both kinds of failure are posted as `failed`; there is none for
 * `rejected`.
 */
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
export type Subscription = (typeof SUBSCRIPTIONS)[number];

export type Hooks = Record<Subscription, string[]>;

export type Queue = { disabled: boolean; until: Ms | null; reason: string | null };

/**
 * The account's settings and lists. They are asked through our own port, because mailgun.js reports a refused
 * connection as status 400, has no limit on an answer, and hides the `Date` header. Every call rejects with `PortError`
 * when there is no answer, and with `ApiRefusal` when the answer is a refusal.
 */
export type Account = ProviderAccount & {
  domain(domain: string): Promise<Domain>;
  /** The URLs of each subscription of the domain. */
  webhooks(domain: string): Promise<Hooks>;
  /** The URLs that all domains of the account post to; none where the key may not see them. */
  accountWebhooks(): Promise<Hooks>;
  /** Subscribes a URL to the events that are missing; says which were added. */
  registerWebhook(domain: string, url: string, names?: readonly Subscription[]): Promise<Subscription[]>;
  signingKey(): Promise<string | null>;
  sendingQueues(domain: string): Promise<{ regular: Queue; scheduled: Queue }>;
  /** By how much Mailgun's clock is ahead of ours, give or take a second; null when its answer has no date. */
  clockSkew(now: Clock): Promise<Ms | null>;
};

export function createAccount(port: Port): Account {
  const webhooks = async (domain: string) => {
    const body = answered('webhooks', await port.get(`/v3/domains/${encodeURIComponent(domain)}/webhooks`));
    const listed = objectOf(objectOf(body)['webhooks']);
    return hooksOf((name) => urlsOf(listed[name]));
  };
  return {
    webhooks,
    accountWebhooks: () => accountWebhooks(port),
    domain: (domain) => readDomain(port, domain),
    getBounce: (domain, address) => getBounce(port, domain, address),
    async removeBounce(domain, address) {
      await unlist(port, 'bounces', { domain, address });
    },
    unlist: (list, domain, address) => unlist(port, list, { domain, address }),
    retention: (domain) => retention(port, domain),
    async registerWebhook(domain, url, names = SUBSCRIPTIONS) {
      const present = await webhooks(domain);
      const missing = names.filter((name) => !present[name].includes(url));
      if (missing.length > 0) await subscribe(port, domain, url, missing);
      return missing;
    },
    async signingKey() {
      const body = answered('the signing key', await port.get('/v5/accounts/http_signing_key'));
      return exact(objectOf(body)['http_signing_key'], 256);
    },
    async sendingQueues(domain) {
      const path = `/v3/domains/${encodeURIComponent(domain)}/sending_queues`;
      const { regular, scheduled } = objectOf(answered('the sending queues', await port.get(path)));
      return { regular: queueOf(objectOf(regular)), scheduled: queueOf(objectOf(scheduled)) };
    },
    clockSkew: (now) => clockSkew(port, now),
  };
}

type Listed = { domain: string; address: string };

const entryPath = (list: ProviderList, { domain, address }: Listed): string =>
  `/v3/${encodeURIComponent(domain)}/${list}/${encodeURIComponent(address)}`;

async function getBounce(port: Port, domain: string, address: string): Promise<BounceEntry | null> {
  const reply = await port.get(entryPath('bounces', { domain, address }));
  if (reply.status === 404 && !isUnknownDomain(reply)) return null;
  const body = answered('a bounce', reply);
  // Something else answered, such as a proxy. It must not pass for "not listed", which would let a re-post run into the
  // list, nor for "listed", which would have the entry removed.
  if (!isObject(body) || typeof body['address'] !== 'string') throw new ApiRefusal('a bounce', reply);
  // The code is text, and need not be one of SMTP.
  return {
    code: words(body['code'], 32),
    error: words(body['error'], 1024),
    createdAt: momentOf(body['created_at']),
  };
}

const ENTRY: Record<ProviderList, string> = {
  bounces: 'a bounce',
  complaints: 'a complaint',
  unsubscribes: 'an unsubscription',
};

async function unlist(port: Port, list: ProviderList, entry: Listed): Promise<boolean> {
  const reply = await port.del(entryPath(list, entry));
  // A page of a proxy that is not found says nothing of the list.
  if (reply.status === 404 && isObject(reply.body) && !isUnknownDomain(reply)) return false;
  answered(`the removal of ${ENTRY[list]}`, reply);
  return true;
}

/** Several URLs, or in older answers one; unset is null or absent. */
function urlsOf(webhook: unknown): string[] {
  const { url, urls } = objectOf(webhook);
  return [urls, url].flat().filter((u) => typeof u === 'string');
}

const hooksOf = (urls: (name: Subscription) => string[]): Hooks =>
  Object.fromEntries(SUBSCRIPTIONS.map((name) => [name, urls(name)])) as Hooks;

/** A list of URLs, each with the events that it gets. */
async function accountWebhooks(port: Port): Promise<Hooks> {
  const { status, body } = await port.get('/v1/webhooks');
  const listed = status === 200 ? [objectOf(body)['webhooks']].flat().map(objectOf) : [];
  const gets = (hook: Fields, name: string) => [hook['event_types']].flat().includes(name);
  return hooksOf((name) => listed.filter((hook) => gets(hook, name)).flatMap(urlsOf));
}

async function subscribe(port: Port, domain: string, url: string, names: readonly Subscription[]): Promise<void> {
  const fields: [string, string][] = [['url', url], ...names.map((name): [string, string] => ['event_types', name])];
  answered('a webhook', await port.postForm(`/v4/domains/${encodeURIComponent(domain)}/webhooks`, fields));
}

/** `until` is null, ISO or a date as in mail. */
function queueOf(queue: Fields): Queue {
  const { until, reason } = objectOf(queue['disabled']);
  return { disabled: queue['is_disabled'] === true, until: momentOf(until), reason: words(reason, 300) };
}

/** Any answer has a date, also a refusal. It has whole seconds, so half a second is added as the best guess. */
async function clockSkew(port: Port, now: Clock): Promise<Ms | null> {
  const before = now();
  const { headers } = await port.get('/v3/domains', { limit: '1' });
  const after = now();
  const theirs = momentOf(headers['date']);
  return theirs === null ? null : Math.round(theirs + SECOND / 2 - (before + after) / 2);
}
