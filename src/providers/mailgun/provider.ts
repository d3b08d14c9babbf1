import type { Answer } from '../../core/answer.ts';
import type { Clock, Ms } from '../../core/time.ts';
import type { Provider } from '../provider.ts';
import { createAccount } from './account.ts';
import { sendCopy } from './hand-over.ts';
import { createHistory } from './history.ts';
import { createPort } from './port.ts';
import { createRoute, type Use } from './route.ts';
import { fetchCopy, repostCopy } from './stored.ts';
import { openWebhook, reopen } from './webhook.ts';

export type MailgunOptions = {
  apiUrl: string;
  apiKey: string;
  domains: readonly string[];
  /** Any of them may sign a webhook. */
  signingKeys: readonly string[];
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
const SLOTS = 16;

/**
 * Mailgun. Sending, work on stored copies, questions about single mails and the reading of events by time have
 * connections of their own, so that none waits for another.
 */
export function createMailgun(options: MailgunOptions): Provider {
  const { apiUrl, allowedHosts } = options;
  const route = createRoute(options.monotonic);
  const portFor = (use: Use, connections: number) => createPort({ ...options, route, use, connections });
  const [sending, copying] = [portFor('mail', SLOTS), portFor('mail', SLOTS)];
  const [asking, reading] = [portFor('questions', SLOTS), portFor('questions', 4)];
  const stored = { port: copying, apiUrl, allowedHosts };
  const account = createAccount(asking);
  return {
    name: 'mailgun',
    can: { track: true, lookUp: true, storeCopy: true, schedule: true, forms: true },
    slots: SLOTS,
    async handOver(mail, until) {
      const answer =
        'storages' in mail.content
          ? await repostCopy(stored, mail, mail.content.storages, until)
          : await sendCopy(sending, mail, mail.content, until);
      return mail.deliverAt === null ? answer : withTime(answer);
    },
    webhook: {
      path: '/webhooks/mailgun',
      bodyIsUnsigned: true,
      open: ({ raw, headers }, now) => openWebhook(raw, headers['content-type'], options.signingKeys, now),
    },
    read: ({ body, contentType }) => reopen(body, contentType),
    history: createHistory({ asking, reading }, { api: options.records, domains: options.domains, now: options.now }),
    account: { ...account, retention: createAccount(reading).retention },
    storedCopies: { fetch: ({ domain }, storages, until) => fetchCopy(stored, domain, storages, until) },
    async close() {
      await Promise.all([sending, copying, asking, reading].map((port) => port.close()));
    },
  };
}

/**
 * Mailgun documents no delivery time for a re-post. When it refuses one with a time as invalid, nobody knows what it would
 * have said without.
 */
const withTime = (answer: Answer): Answer =>
  answer.kind === 'refused' && answer.why === 'invalid' ? { ...answer, why: 'unscheduled' } : answer;
