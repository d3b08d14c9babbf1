import type { Deadline } from '../../base/deadline.ts';
import { wordsOf } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import { domainOf } from '../../core/address.ts';
import type { Answer } from '../../core/answer.ts';
import type { Clock, Ms } from '../../core/time.ts';
import { trialId } from '../../core/trial.ts';
import type { FormEntry } from '../../mail/form.ts';
import {
  asksForPause,
  type Copy,
  isUseless,
  type Outgoing,
  type Provider,
  type Sending,
  type StoredAt,
} from '../provider.ts';
import { createAccount } from './account.ts';
import { openAlert, readAlert } from './alerts.ts';
import { sendCopy, takesCallForEach } from './hand-over.ts';
import { createHistory } from './history.ts';
import { createPort } from './port.ts';
import { createReputation } from './reputation.ts';
import { createRoute, type Use } from './route.ts';
import { createSending } from './sending.ts';
import { fetchCopy, repostCopy } from './stored.ts';
import { openWebhook, reopen } from './webhook.ts';

export type MailgunOptions = {
  apiUrl: string;
  /** The API of a domain that is in another region. */
  apiOf?: (domain: string) => string;
  apiKey: string;
  domains: readonly string[];
  /** Any of them may sign a webhook. */
  signingKeys: readonly string[];
  /** Any of them may sign an alert. */
  alertKeys?: readonly string[];
  /** Hosts that the API key may go to; see `isAllowedOrigin`. */
  allowedHosts: readonly string[];
  /** Which records are asked. */
  records: 'auto' | 'events' | 'logs';
  /** For one call as a whole. */
  timeout: Ms;
  now: Clock;
  /** Never goes back. */
  monotonic: Clock;
  /** Told what Mailgun's clock says. */
  heardTime?: (theirs: Ms) => void;
};

/** Hand-overs at once, and sockets for them. */
const SLOTS = 64;

/** Mailgun, in one region or in several: each domain has its own. */
export function createMailgun(options: MailgunOptions): Provider {
  const { domains, apiOf } = options;
  const urlOf = (domain: string) => apiOf?.(domain) ?? options.apiUrl;
  const urls = new Set([options.apiUrl, ...domains.map(urlOf)]);
  const regions = new Map([...urls].map((url) => [url, createRegion(options, url)]));
  const home = regions.get(options.apiUrl) as Region;
  const of = (domain: string): Region => regions.get(urlOf(domain)) ?? home;
  return {
    name: 'mailgun',
    can: { track: true, lookUp: true, storeCopy: true, schedule: true, forms: true },
    slots: SLOTS,
    async handOver(mail, until) {
      const answer = await of(mail.domain).handOver(mail, until);
      return mail.deliverAt === null ? answer : withTime(answer);
    },
    tryOut(from, until) {
      const domain = domainOf(from);
      return of(domain).tryOut(domain, from, until);
    },
    handOverToAll: (mail, to, until) => of(mail.domain).handOverToAll(mail, to, until),
    webhook: {
      path: '/webhooks/mailgun',
      bodyIsUnsigned: true,
      open: ({ raw, headers }, now) => openWebhook(raw, headers['content-type'], options.signingKeys, now),
    },
    alerts: {
      path: '/mailgun-alerts',
      open: (request, now) => openAlert(request, options.alertKeys ?? [], now),
      read: readAlert,
    },
    read: ({ body, contentType }) => reopen(body, contentType),
    history: {
      ...home.history,
      domains,
      about: (domain, query) => of(domain).history.about(domain, query),
      aboutRecipient: (domain, to, since) => of(domain).history.aboutRecipient(domain, to, since),
      between: (domain, range, cursor) => of(domain).history.between(domain, range, cursor),
    },
    account: {
      retention: (domain) => of(domain).retention(domain),
      getBounce: (domain, address) => of(domain).account.getBounce(domain, address),
      removeBounce: (domain, address) => of(domain).account.removeBounce(domain, address),
      unlist: (list, domain, address) => of(domain).account.unlist(list, domain, address),
    },
    reputation: {
      records: (domain) => of(domain).reputation.records(domain),
      tracks: (domain) => of(domain).reputation.tracks(domain),
      async ips() {
        const each = await Promise.all([...regions.values()].map((region) => region.reputation.ips()));
        return [...new Set(each.flat())];
      },
    },
    sending: ofAll([...regions.values()].map((region) => region.ways)),
    verify: () => letsAnySend(domains, of),
    storedCopies: { fetch: ({ domain }, at, until) => of(domain).fetch(domain, at, until) },
    async close() {
      await Promise.all([...regions.values()].map((region) => region.close()));
    },
  };
}

type Verified = Awaited<ReturnType<NonNullable<Provider['verify']>>>;

/** Asked by each domain in turn, up to the first that is well: one that may not send says nothing of the others. */
async function letsAnySend(domains: readonly string[], of: (domain: string) => Region): Promise<Verified> {
  let last: Verified = { ok: true };
  for (const domain of domains) {
    last = await answersAtAll(of(domain), domain);
    if (last.ok) return last;
  }
  return last;
}

/**
 * Whether Mailgun answers, and lets us send. A key that may not ask for this is an answer, too: of its account mail tells. A
 * second question is asked before it is said to be away, as one of many may be out of order.
 */
async function answersAtAll(region: Region, domain: string): Promise<Verified> {
  try {
    const { disabled, reason } = (await region.account.sendingQueues(domain)).regular;
    return disabled ? { ok: false, detail: `sending is disabled: ${reason ?? 'no reason is given'}` } : { ok: true };
  } catch (error) {
    if (isUseless(error) || asksForPause(error)) return { ok: true };
    const answers = await region.retention(domain).then(() => true, isUseless);
    return answers ? { ok: true } : { ok: false, detail: wordsOf(error) };
  }
}

/** Each region has addresses and alerts of its own. */
const ofAll = (ways: readonly Sending[]): Sending => {
  const all = async <T>(ask: (one: Sending) => Promise<readonly T[]>) => (await Promise.all(ways.map(ask))).flat();
  return {
    addresses: () => all((one) => one.addresses()),
    pools: () => all((one) => one.pools()),
    warmups: () => all((one) => one.warmups()),
    thresholds: () => all((one) => one.thresholds()),
    classified: (time) => all((one) => one.classified(time)),
  };
};

type Region = ReturnType<typeof createRegion>;

/**
 * One API of Mailgun. Sending, work on stored copies, questions about single mails and the reading of events by time have
 * connections of their own, so that none waits for another.
 */
function createRegion(options: MailgunOptions, apiUrl: string) {
  const { allowedHosts } = options;
  const route = createRoute(options.monotonic);
  const portFor = (use: Use, connections: number) => createPort({ ...options, apiUrl, route, use, connections });
  const [sending, copying] = [portFor('mail', SLOTS), portFor('mail', SLOTS)];
  const [asking, reading] = [portFor('questions', SLOTS), portFor('questions', 4)];
  const stored = { port: copying, apiUrl, allowedHosts };
  const send = (mail: Outgoing & { to: readonly string[] }, copy: Copy, until: Deadline) =>
    sendCopy({ port: sending, now: options.now }, mail, copy, until);
  return {
    handOver: (mail: Outgoing, until: Deadline): Promise<Answer> =>
      'storages' in mail.content
        ? repostCopy(stored, mail, mail.content, until)
        : send({ ...mail, to: [mail.recipient] }, mail.content, until),
    handOverToAll: async (mail: Outgoing, to: readonly string[], until: Deadline): Promise<Answer | null> => {
      const { content } = mail;
      return 'storages' in content || takesCallForEach(content, to) ? null : send({ ...mail, to }, content, until);
    },
    tryOut: (domain: string, from: string, until: Deadline) =>
      sending.send(domain, trialMail(from, options.now()), until),
    history: createHistory({ asking, reading }, { api: options.records, now: options.now }),
    account: createAccount(asking),
    retention: createAccount(reading).retention,
    reputation: createReputation(reading),
    ways: createSending(reading),
    fetch: (domain: string, at: StoredAt, until: Deadline) => fetchCopy(stored, domain, at, until),
    async close() {
      await Promise.all([sending, copying, asking, reading].map((port) => port.close()));
    },
  };
}

/** Taken, told of and charged for like any mail, and never delivered (documentation.mailgun.com, "Sending in test mode"). */
const trialMail = (address: string, now: Ms): FormEntry[] => [
  ['from', address],
  ['to', address],
  ['subject', 'A trial of Homing'],
  ['text', 'Whether mail is taken again is seen by this one, which nobody gets.\n'],
  ['o:testmode', 'yes'],
  ['o:tracking', 'no'],
  ['v:homing-id', trialId(newId(now))],
];

/**
 * Mailgun documents no delivery time for a re-post. When it refuses one with a time as invalid, nobody knows what it would
 * have said without.
 */
const withTime = (answer: Answer): Answer =>
  answer.kind === 'refused' && answer.why === 'invalid' ? { ...answer, why: 'unscheduled' } : answer;
