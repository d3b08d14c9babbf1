/** A blocklist of addresses, asked by DNS. */
export type Zone = {
  /** As it is shown, and switched. */
  name: string;
  /** Where IPv4 and IPv6 addresses are asked for; null where it lists none of the kind. */
  v4: string | null;
  v6: string | null;
  /** What gets an address onto it. */
  lists: string;
  /** Where a listing is looked up and ended. */
  removal: string | null;
  /** `high`: large receivers go by it; `low`: few do. */
  weight: 'high' | 'medium' | 'low';
  /** Whether it is asked unless it is switched off; the others want an account. */
  isOn: boolean;
  /** How replies that refuse mail for it name it, in lower case. */
  words: readonly string[];
  /** The codes that stand for a listing, where others do not. */
  codes: readonly string[] | null;
};

/**
 * The zones below were looked over then: that each answers its test entries, who wants an account, and which are gone. Left out
 * because they are dead: SORBS (June 2024), NiX Spam (January 2025), WPBL, virbl, cyberlogic, wormrbl.imp.ch, SpamCannibal,
 * emailbasura. Left out because one can pay to leave it: UCEPROTECT.
 */
export const ZONES_DATE = '2026-11-28';

/** RFC 5782 calls it a code; what those of Spamhaus stand for: docs.spamhaus.com, "Available Zones". */
export const CODES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'zen.spamhaus.org': {
    ...{ '127.0.0.2': 'SBL', '127.0.0.3': 'CSS', '127.0.0.4': 'XBL', '127.0.0.9': 'DROP' },
    ...{ '127.0.0.10': 'PBL', '127.0.0.11': 'PBL', '127.0.0.30': 'BCL' },
  },
};

const zone = (name: string, more: Partial<Zone> & Pick<Zone, 'lists' | 'removal' | 'words'>): Zone => ({
  ...{ name, v4: name, v6: null, weight: 'low', isOn: true, codes: null },
  ...more,
});

export const ZONES: readonly Zone[] = [
  zone('zen.spamhaus.org', {
    ...{ v6: 'zen.spamhaus.org', weight: 'high', words: ['spamhaus'] },
    lists: 'senders of spam, hijacked machines, and networks that should not send mail themselves',
    removal: 'https://check.spamhaus.org/',
  }),
  zone('bl.spamcop.net', {
    ...{ weight: 'high', words: ['spamcop'] },
    lists: 'addresses that people have reported spam from in the last day',
    removal: 'https://www.spamcop.net/bl.shtml',
  }),
  zone('b.barracudacentral.org', {
    ...{ weight: 'high', isOn: false, words: ['barracuda'] },
    lists: 'senders of spam; it answers DNS servers that were registered with it',
    removal: 'https://www.barracudacentral.org/rbl/removal-request',
  }),
  zone('psbl.surriel.com', {
    ...{ weight: 'medium', words: ['psbl'] },
    lists: 'addresses that sent mail to spam traps',
    removal: 'https://psbl.org/remove',
  }),
  zone('rep.mailspike.net', {
    ...{ weight: 'medium', words: ['mailspike'], codes: ['127.0.0.10', '127.0.0.11', '127.0.0.12'] },
    lists: 'addresses with a bad reputation',
    removal: 'https://mailspike.org/',
  }),
  zone('bl.spameatingmonkey.net', {
    ...{ v6: 'bl.ipv6.spameatingmonkey.net', weight: 'medium', words: ['spameatingmonkey'] },
    lists: 'addresses that sent mail to spam traps',
    removal: 'https://spameatingmonkey.com/',
  }),
  zone('bl.blocklist.de', {
    words: ['blocklist.de'],
    lists: 'addresses that attacked servers in the last two days',
    removal: 'https://www.blocklist.de/en/delist.html',
  }),
  zone('bl.0spam.org', {
    words: ['0spam'],
    lists: 'addresses that sent spam',
    removal: 'https://0spam.org/',
  }),
];

/** With a key Spamhaus answers every DNS server: docs.spamhaus.com, "DQS Requests". The key is a secret. */
const withKey = (zones: readonly Zone[], key: string | undefined): readonly Zone[] =>
  key === undefined || key === ''
    ? zones
    : zones.map((one) => (one.name === 'zen.spamhaus.org' ? { ...one, v4: dqs(key), v6: dqs(key) } : one));

const dqs = (key: string): string => `${key}.zen.dq.spamhaus.net`;

/** A switch of `DNSBL_ZONES`: all off, one off, or one on, which may be one of the user's own. */
export type ZoneSwitch = { off: 'all' } | { off: string } | { on: string };

/** The zones that are asked. */
export function zonesBy(switches: readonly ZoneSwitch[], key?: string): readonly Zone[] {
  const named = (name: string) => switches.some((one) => 'on' in one && one.on === name);
  const isOff = (name: string) => switches.some((one) => 'off' in one && (one.off === name || one.off === 'all'));
  const known = ZONES.filter(({ name, isOn }) => named(name) || (isOn && !isOff(name)));
  const own = switches.flatMap((one) => ('on' in one && !ZONES.some(({ name }) => name === one.on) ? [one.on] : []));
  return withKey([...known, ...own.map(ownZone)], key);
}

const ownZone = (name: string): Zone =>
  zone(name, { v6: name, lists: 'what its owner says', removal: null, words: [name], weight: 'medium' });
