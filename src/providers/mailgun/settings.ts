import { choice, isGuessable, list, listOf, secret, secrets, webUrl } from '../../base/kinds.ts';
import { room, type SettingsOf } from '../../base/setting.ts';

const DOMAIN = /^(?=.{4,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

const domains = listOf(
  (part) => (DOMAIN.test(part.toLowerCase()) ? part.toLowerCase() : null),
  'must be a comma list of domains such as mg.example.com, without quotes, https:// and paths (international ones as xn--…)',
).transform((all): readonly string[] => Object.freeze([...new Set(all)]));

const apiUrl = webUrl
  .refine((url) => !/^\/v\d/.test(new URL(url).pathname), 'must not name a version of the API: leave the /v3 off')
  .refine((url) => !/[?#@]/.test(url), 'must be a plain URL such as https://api.mailgun.net');

export const MAILGUN = room({
  title: 'Mailgun',
  settings: {
    MAILGUN_API_KEY: {
      kind: secret,
      default: '',
      level: 'needed',
      says: 'API key of the Mailgun account; a domain sending key will not do, it can neither re-post nor read events.',
    },
    MAILGUN_DOMAIN: {
      kind: domains,
      default: '',
      level: 'needed',
      says: 'Comma list of the domains that are sent from.',
    },
    MAILGUN_WEBHOOK_SIGNING_KEY: {
      kind: secrets,
      default: '',
      level: 'needed',
      says: 'HTTP webhook signing key (not the API key); a comma list while it is being changed.',
    },
    MAILGUN_API_URL: {
      kind: apiUrl,
      default: 'https://api.mailgun.net',
      level: 'usual',
      says: 'The API of your region; in the EU it is https://api.eu.mailgun.net.',
    },
    MAILGUN_STORAGE_HOSTS: {
      kind: list,
      default: '*.mailgun.net',
      level: 'rarely',
      says: 'Comma list of hosts that the API key may go to with a storage URL; plain http only for host:port named here.',
    },
    MAILGUN_EVENTS_API: {
      kind: choice('auto', 'events', 'logs'),
      default: 'auto',
      level: 'rarely',
      says: "Which of Mailgun's records are asked: events, logs, or auto (events while there are any).",
    },
  },
  problems: ({ MAILGUN_API_URL, MAILGUN_STORAGE_HOSTS }) =>
    MAILGUN_API_URL.startsWith('http:') && !MAILGUN_STORAGE_HOSTS.includes(hostWithPort(MAILGUN_API_URL))
      ? ['MAILGUN_API_URL is plain http: name its host with the port in MAILGUN_STORAGE_HOSTS to allow that']
      : [],
  doubts: ({ MAILGUN_API_KEY, MAILGUN_WEBHOOK_SIGNING_KEY }) => [
    ...(MAILGUN_API_KEY !== '' && isGuessable(MAILGUN_API_KEY, SHORTEST) ? [`MAILGUN_API_KEY ${NO_KEY}`] : []),
    ...(MAILGUN_WEBHOOK_SIGNING_KEY.some((key) => isGuessable(key, SHORTEST))
      ? [`MAILGUN_WEBHOOK_SIGNING_KEY ${NO_KEY}: whoever guesses it can forge webhooks`]
      : []),
  ],
});

/** Those of Mailgun have 32 characters and more. */
const SHORTEST = 12;
const NO_KEY = 'is too short or too plain for a key of Mailgun, or the word of an example';

export type MailgunSettings = SettingsOf<typeof MAILGUN>;

/** Where the API key may go: the hosts of storage URLs, and the API itself. */
export const allowedHosts = (
  settings: Pick<MailgunSettings, 'MAILGUN_API_URL' | 'MAILGUN_STORAGE_HOSTS'>,
): string[] => [...settings.MAILGUN_STORAGE_HOSTS, hostWithPort(settings.MAILGUN_API_URL)];

/** `host:port` of a URL; the port is named even where it is the usual one. */
function hostWithPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
}
