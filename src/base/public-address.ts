// Which addresses are of the public Internet, and a lookup that leads to no other (against server-side request forgery).
import { type LookupAddress, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** IANA's special-purpose addresses (iana.org/assignments/iana-ipv4-special-registry), multicast, and what clouds use inside. */
const NOT_PUBLIC_4: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  // The inner service of Azure.
  ['168.63.129.16', 32],
];

/** All but 2000::/3: there are loopback, mapped and translated IPv4, unique local, link-local and multicast. */
const NOT_PUBLIC_6: readonly [string, number][] = [
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

/** One list of both would find IPv4 in the nets of IPv6 that it is mapped into. */
const NOT_PUBLIC = { 4: new BlockList(), 6: new BlockList() };
for (const [net, bits] of NOT_PUBLIC_4) NOT_PUBLIC[4].addSubnet(net, bits, 'ipv4');
for (const [net, bits] of NOT_PUBLIC_6) NOT_PUBLIC[6].addSubnet(net, bits, 'ipv6');

/** Whether an IP address is one of the public Internet; anything else is not. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return !NOT_PUBLIC[4].check(address, 'ipv4');
  return version === 6 && !address.includes('%') && !NOT_PUBLIC[6].check(address, 'ipv6');
}

/** The host of a URL that is an IP address and none of the public Internet. A name tells nothing before it is looked up. */
export function isPrivateHost(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) !== 0 && !isPublicAddress(host);
}

type Resolve = (
  name: string,
  options: { all: true },
  tell: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/**
 * A lookup for connections, which fails when one of the addresses of a name is not public: the address that was looked at is the
 * one that is connected to. An address in place of a name is not looked up; see `isPrivateHost`.
 */
export const publicLookup =
  (resolve: Resolve = lookup): LookupFunction =>
  (name, options, tell) =>
    resolve(name, { ...options, all: true }, (error, found) => {
      const stray = error ? undefined : found.find(({ address }) => !isPublicAddress(address));
      const problem = error ?? (stray || found.length === 0 ? notPublic() : null);
      if (problem) return tell(problem, '', 4);
      if (options.all) return tell(null, found);
      const [first] = found;
      tell(null, first?.address ?? '', first?.family);
    });

/** An error's code is all that is told of it. */
const notPublic = (): NodeJS.ErrnoException =>
  Object.assign(new Error('the name leads to an address that is not public'), { code: NOT_PUBLIC_CODE });

export const NOT_PUBLIC_CODE = 'its name leads to an address that is not public';
