import { BlockList, isIP } from 'node:net';
import { choice, length, readAs } from '../../base/kinds.ts';
import { room } from '../../base/setting.ts';
import { users } from './users.ts';

const headerName = readAs(
  (text) => (/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(text) ? text : null),
  'must be the name of a header',
);

const addresses = readAs(
  (text) => readAddresses(text),
  'must be a comma list of IP addresses and networks such as 10.0.0.0/8',
);

function readAddresses(all: string): BlockList | null {
  const known = new BlockList();
  for (const part of all.split(',').map((one) => one.trim())) {
    const [address = '', prefix] = part.split('/');
    const version = isIP(address);
    const bits = prefix === undefined ? (version === 4 ? 32 : 128) : Number(prefix);
    if (version === 0 || !/^\d{1,3}$/.test(prefix ?? '0') || bits > (version === 4 ? 32 : 128)) return null;
    known.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  }
  return known;
}

export const DASHBOARD = room({
  title: 'Dashboard',
  settings: {
    DASHBOARD_USERS: {
      kind: users,
      hides: 'all',
      default: '',
      level: 'usual',
      says: 'Comma list of who may look at the dashboard, as name:role:hash; "homing user add" makes the line. The role is support, operator or owner.',
      unset: 'the dashboard opens on this machine alone, and only while PUBLIC_URL is not set',
    },
    DASHBOARD_SESSION: {
      kind: length,
      default: '12h',
      level: 'rarely',
      says: 'How long a login lasts without being used; it ends after seven times as long in any case.',
    },
    DASHBOARD_PROXIES: {
      kind: addresses,
      level: 'rarely',
      says: 'Comma list of the addresses of proxies that have checked who somebody is. Their header is believed, for users with the word proxy in place of a hash.',
    },
    DASHBOARD_HEADER: {
      kind: headerName,
      default: 'X-Forwarded-User',
      level: 'rarely',
      says: 'The header in which such a proxy names the user. It must take it off what it is sent.',
    },
    DASHBOARD_BODIES: {
      kind: choice('off', 'owner'),
      default: 'off',
      level: 'rarely',
      says: 'Who may look at the body of a mail that is open, with a reason that is written down: nobody (off), or owners. Those of access mail are shown to nobody.',
    },
  },
  problems({ DASHBOARD_USERS, DASHBOARD_PROXIES }) {
    const isByProxy = DASHBOARD_USERS.some(({ hash }) => hash === 'proxy');
    return isByProxy && DASHBOARD_PROXIES === undefined
      ? ['DASHBOARD_USERS names users of a proxy, so DASHBOARD_PROXIES has to say which addresses are its']
      : [];
  },
});
