import { choice, isGuessable, listOf, secret, secrets, webUrl } from '../../base/kinds.ts';
import { room, type SettingsOf } from '../../base/setting.ts';

const DOMAIN = /^(?=.{4,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

const hasNoVersion = (url: string): boolean => !/^\/v\d/.test(new URL(url).pathname);
const isPlain = (url: string): boolean => !/[?#@]/.test(url);

const apiUrl = webUrl
  .refine(hasNoVersion, 'must not name a version of the API: leave the /v3 off')
  .refine(isPlain, 'must be a plain URL such as https://api.mailgun.net');

/** `mg.example.com`, or with the API of its region: `eu.example.com=https://api.eu.mailgun.net`. */
function entryOf(part: string): { domain: string; api: string | null } | null {
  const [name = '', ...rest] = part.split('=');
  const domain = name.trim().toLowerCase();
  const api = rest.length === 0 ? null : rest.join('=').trim();
  if (!DOMAIN.test(domain)) return null;
  return api === null || (apiUrl.safeParse(api).success && api !== '') ? { domain, api } : null;
}

/** A domain that is sent from; `api` is its own, where it has one. */
export type SendingDomain = { domain: string; api: string | null };

const domains = listOf(
  entryOf,
  'must be a comma list of domains such as mg.example.com, or mg.example.com=https://api.eu.mailgun.net, without quotes, https:// before the domain and paths (international ones as xn--…)',
).transform((entries, context): readonly SendingDomain[] => {
  const each = [...new Map(entries.map((entry) => [`${entry.domain}=${entry.api}`, entry])).values()];
  if (new Set(each.map(({ domain }) => domain)).size < each.length) context.addIssue('names two APIs for one domain');
  return each;
});

/** A host, with a port or without; `*.` stands for what is below a domain that has a dot itself, and for no more. */
const HOST = /^(?:\*\.[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;
const hosts = listOf(
  (part) => (HOST.test(part) ? part : null),
  'must be a comma list of hosts such as *.mailgun.net or 127.0.0.1:8080, without https:// and paths',
);

type Domains = { MAILGUN_DOMAIN: readonly SendingDomain[] };

/** The domains that are sent from. */
export const domainsIn = ({ MAILGUN_DOMAIN }: Domains): string[] => MAILGUN_DOMAIN.map(({ domain }) => domain);

const apisIn = ({ MAILGUN_DOMAIN }: Domains): string[] => MAILGUN_DOMAIN.flatMap(({ api }) => api ?? []);

/** The API of a domain. */
export const apiOf = (
  { MAILGUN_API_URL, MAILGUN_DOMAIN }: Domains & { MAILGUN_API_URL: string },
  name: string,
): string => MAILGUN_DOMAIN.find(({ domain }) => domain === name.toLowerCase())?.api ?? MAILGUN_API_URL;

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
      says: 'Comma list of the domains that are sent from; one in another region names its API, as in mg.example.com,eu.example.com=https://api.eu.mailgun.net.',
    },
    MAILGUN_WEBHOOK_SIGNING_KEY: {
      kind: secrets,
      default: '',
      level: 'needed',
      says: 'HTTP webhook signing key (not the API key); a comma list while it is being changed.',
    },
    MAILGUN_ALERT_KEY: {
      kind: secrets,
      default: '',
      level: 'rarely',
      says: "The key that Mailgun's own alerts are signed with, which is another one; a comma list while it is being changed. Alerts posted to /webhooks/mailgun-alerts then make Mailgun suspect.",
    },
    MAILGUN_API_URL: {
      kind: apiUrl,
      default: 'https://api.mailgun.net',
      level: 'usual',
      says: 'The API of your region; in the EU it is https://api.eu.mailgun.net.',
    },
    MAILGUN_STORAGE_HOSTS: {
      kind: hosts,
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
  problems: ({ MAILGUN_API_URL, MAILGUN_DOMAIN, MAILGUN_STORAGE_HOSTS }) => {
    const isBarred = (url: string) => url.startsWith('http:') && !MAILGUN_STORAGE_HOSTS.includes(hostWithPort(url));
    const says = 'is plain http: name its host with the port in MAILGUN_STORAGE_HOSTS to allow that';
    return [
      ...(isBarred(MAILGUN_API_URL) ? [`MAILGUN_API_URL ${says}`] : []),
      ...(apisIn({ MAILGUN_DOMAIN }).some(isBarred) ? [`an API in MAILGUN_DOMAIN ${says}`] : []),
    ];
  },
  doubts: ({ MAILGUN_API_KEY, MAILGUN_WEBHOOK_SIGNING_KEY }) => [
    ...(MAILGUN_API_KEY !== '' && isGuessable(MAILGUN_API_KEY, SHORTEST) ? [`MAILGUN_API_KEY ${NO_KEY}`] : []),
    ...(MAILGUN_WEBHOOK_SIGNING_KEY.some((key) => isGuessable(key, SHORTEST))
      ? [`MAILGUN_WEBHOOK_SIGNING_KEY ${NO_KEY}: whoever guesses it can forge webhooks`]
      : []),
    ...(MAILGUN_API_KEY !== '' && MAILGUN_WEBHOOK_SIGNING_KEY.includes(MAILGUN_API_KEY) ? [SAME_KEY] : []),
    ...(/^(?:api:|pubkey-)/.test(MAILGUN_API_KEY) ? [`MAILGUN_API_KEY ${OTHER_KEY}`] : []),
  ],
});

/** Those of Mailgun have 32 characters and more. */
const SHORTEST = 12;
const NO_KEY = 'is too short or too plain for a key of Mailgun, or the word of an example';

const SAME_KEY =
  'MAILGUN_WEBHOOK_SIGNING_KEY is the API key: Mailgun signs with a key of its own, and all webhooks would be refused';
const OTHER_KEY =
  'begins like a user (api:) or like the public key for checking addresses (pubkey-), which sends nothing';

export type MailgunSettings = SettingsOf<typeof MAILGUN>;

/** Where the API key may go: the hosts of storage URLs, and the API itself. */
export const allowedHosts = (
  settings: Pick<MailgunSettings, 'MAILGUN_API_URL' | 'MAILGUN_DOMAIN' | 'MAILGUN_STORAGE_HOSTS'>,
): string[] => [
  ...settings.MAILGUN_STORAGE_HOSTS,
  ...[settings.MAILGUN_API_URL, ...apisIn(settings)].map(hostWithPort),
];

/** `host:port` of a URL; the port is named even where it is the usual one. */
function hostWithPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
}
