import { brokerName, brokerUrl, choice, length, listOf, webhookKeys, webUrls } from '../base/kinds.ts';
import { isPrivateHost } from '../base/public-address.ts';
import { room, type SettingsOf } from '../base/setting.ts';
import { EVENT_KINDS, type EventKind } from '../core/outgoing.ts';

const kinds = listOf(
  (part): EventKind | null => EVENT_KINDS.find((kind) => kind === part) ?? null,
  `must be a comma list of ${EVENT_KINDS.join(', ')}`,
);

export const EVENTS = room({
  title: 'Events for applications',
  settings: {
    EVENTS_WEBHOOK_URL: {
      kind: webUrls,
      default: '',
      hides: 'login',
      level: 'usual',
      says: 'Comma list of https URLs of your applications, to which what has become of each mail is posted.',
    },
    EVENTS_WEBHOOK_SECRET: {
      kind: webhookKeys,
      default: '',
      hides: 'all',
      level: 'usual',
      needs: 'EVENTS_WEBHOOK_URL',
      says: 'What those are signed with, after Standard Webhooks: whsec_ and 24 to 64 bytes in base64 (openssl rand -base64 32). A comma list while it is being changed: each of them signs.',
    },
    EVENTS_URL: {
      kind: brokerUrl,
      hides: 'login',
      level: 'rarely',
      says: 'A RabbitMQ broker, as amqps://user:password@host/vhost, to which the same events are published.',
    },
    EVENTS_EXCHANGE: {
      kind: brokerName,
      default: 'homing.events',
      level: 'rarely',
      says: 'The topic exchange there, by the key delivery.<event>.<class>.',
    },
    EVENTS_WEBHOOK_STATES: {
      kind: kinds,
      default: 'delivered,relayed,failed,abandoned,expired,cancelled,complained',
      level: 'usual',
      says: 'Comma list of what is told: states of a delivery, and complained. By default how each ended, and complaints.',
    },
    EVENTS_WEBHOOK_ALLOW_PRIVATE: {
      kind: choice('off', 'on'),
      default: 'off',
      level: 'rarely',
      says: 'With on, these URLs may begin with http and lead to addresses of your own network, or of this machine.',
    },
    EVENTS_WEBHOOK_RETRY: {
      kind: length,
      default: '3d',
      level: 'rarely',
      says: 'How long an event is tried again; an endpoint that has failed for so long is disabled, and an alert says so.',
    },
    EVENTS_KEPT: {
      kind: length,
      default: '7d',
      level: 'rarely',
      says: 'How long events are kept, so that they can be listed and posted once more.',
    },
  },
  problems: ({ EVENTS_WEBHOOK_URL: urls, EVENTS_WEBHOOK_SECRET: secrets, EVENTS_WEBHOOK_RETRY: retry, ...rest }) => [
    ...(urls.length > 0 && secrets.length === 0
      ? ['EVENTS_WEBHOOK_URL needs EVENTS_WEBHOOK_SECRET: nobody could tell whether an event is genuine']
      : []),
    ...(new Set(urls).size < urls.length ? ['EVENTS_WEBHOOK_URL names one URL twice'] : []),
    ...((urls.length > 0 || rest.EVENTS_URL !== undefined) && rest.EVENTS_KEPT < retry
      ? ['EVENTS_KEPT is shorter than EVENTS_WEBHOOK_RETRY: events would be gone before they are given up']
      : []),
    ...(rest.EVENTS_WEBHOOK_ALLOW_PRIVATE === 'on' ? [] : urls.flatMap(privateProblem)),
  ],
});

function privateProblem(text: string, n: number): string[] {
  const url = new URL(text);
  const which = `URL ${n + 1} of EVENTS_WEBHOOK_URL`;
  const unless = 'unless EVENTS_WEBHOOK_ALLOW_PRIVATE=on';
  if (url.protocol !== 'https:') return [`${which} must begin with https, ${unless}`];
  return isPrivateHost(url) ? [`${which} must not lead to an address that is not public, ${unless}`] : [];
}

export type EventsSettings = SettingsOf<typeof EVENTS>;
