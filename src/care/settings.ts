import { isIP } from 'node:net';
import { choice, listOf, secret } from '../base/kinds.ts';
import { isLoopback } from '../base/loopback.ts';
import { room, type SettingsOf } from '../base/setting.ts';
import { canonicalDomain } from '../core/address.ts';
import type { ZoneSwitch } from '../core/care/zones.ts';

/** `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::1]:53` or `2001:db8::1`. */
function serverOf(text: string): string | null {
  const [, bracketed, plain, port = '53'] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? text;
  const kind = isIP(host);
  if (kind === 0 || Number(port) === 0 || Number(port) > 65_535) return null;
  return kind === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** `off`, `-zone`, or `zone`. */
function switchOf(text: string): ZoneSwitch | null {
  if (text === 'off') return { off: 'all' };
  const zone = canonicalDomain(text.replace(/^-/, ''));
  if (zone === null || !zone.includes('.')) return null;
  return text.startsWith('-') ? { off: zone } : { on: zone };
}

/** `sendgrid=s1`, `smtp.example.net:587=mail`. */
function selectorOf(text: string): [provider: string, selector: string] | null {
  const [, provider = '', selector = ''] =
    /^([^\s=]{1,191})=([a-z0-9](?:[a-z0-9._-]{0,100}[a-z0-9])?)$/i.exec(text) ?? [];
  return provider === '' ? null : [provider, selector.toLowerCase()];
}

export const CARE = room({
  title: 'DNS and blocklists',
  settings: {
    DNS_WATCH: {
      kind: choice('on', 'off'),
      default: 'on',
      level: 'rarely',
      says: 'Whether a daemon looks once a day at the DNS records that mail needs and at blocklists. It does not where Mailgun is a stand-in on this machine, unless DNS_SERVERS is set.',
    },
    DNS_SERVERS: {
      kind: listOf(
        serverOf,
        'must be a comma list of addresses such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53',
      ),
      default: '',
      level: 'rarely',
      says: 'Comma list of the DNS servers that are asked, by their addresses, with a port or without; when not set, those of the system. Many blocklists do not answer public ones.',
    },
    DKIM_SELECTORS: {
      kind: listOf(selectorOf, 'must be a comma list such as sendgrid=s1,smtp.example.net:587=mail'),
      default: '',
      level: 'rarely',
      says: 'With which keys secondaries sign: a comma list of provider=selector, as in smtp.example.net:587=mail. Those of Mailgun are asked of it, and those of well-known providers are known.',
    },
    DNSBL_ZONES: {
      kind: listOf(switchOf, 'must be a comma list of zones such as bl.example.net, -bl.0spam.org or off'),
      default: '',
      level: 'rarely',
      says: 'Switches blocklists: a comma list of zones to ask as well (bl.example.net), of zones to leave out (-bl.0spam.org), and off for none of the usual ones.',
    },
    DNSBL_DQS_KEY: {
      kind: secret,
      hides: 'all',
      level: 'rarely',
      says: "Key of Spamhaus' Data Query Service, which is free for small senders: without it Spamhaus does not answer the DNS servers of most clouds.",
    },
    WARMUP_PACE: {
      kind: choice('on', 'off'),
      default: 'on',
      level: 'rarely',
      says: 'Whether bulk mail leaves no faster than the stages of the IP addresses that Mailgun warms up, while all of the account do. Other mail never waits for it.',
    },
  },
  problems: ({ DNSBL_DQS_KEY: key }) =>
    key === undefined || /^[a-z0-9]{10,60}$/i.test(key)
      ? []
      : ['DNSBL_DQS_KEY must be letters and digits alone, as Spamhaus shows it'],
});

export type CareSettings = SettingsOf<typeof CARE>;

/** Whether a daemon looks by itself at the DNS and at blocklists. Against a stand-in there is nothing to see, and nobody to be asked. */
export const isWatching = ({ DNS_WATCH, ...config }: Pick<CareSettings, 'DNS_WATCH'> & Reachable): boolean =>
  DNS_WATCH === 'on' && isInWorld(config);

type Reachable = Pick<CareSettings, 'DNS_SERVERS'> & { MAILGUN_API_URL: string };

export const isInWorld = ({ DNS_SERVERS, MAILGUN_API_URL: url }: Reachable): boolean =>
  DNS_SERVERS.length > 0 || !isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));
