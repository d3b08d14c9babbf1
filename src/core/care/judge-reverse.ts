import { type Dns, type DnsFinding, unsureOf } from './dns.ts';
import { findingOf } from './judge-mailgun.ts';

/** Whether an address has a name that leads back to it: servers refuse mail from those that have not. */
export async function judgeReverse(ip: string, dns: Dns): Promise<DnsFinding> {
  const base = { topic: 'reverse name', about: ip } as const;
  const names = await dns.reverse(ip);
  if (names.kind === 'unsure') return unsureOf('reverse name', ip, `the name of ${ip}`, names.why);
  if (names.kind === 'none')
    return findingOf({ ...base, level: 'bad', says: `${ip} has no name (PTR): ask its provider for one` });
  const back = await Promise.all(names.values.slice(0, MOST).map((name) => dns.addresses(name)));
  const isBack = back.some((found) => found.kind === 'found' && found.values.some((one) => sameAddress(one, ip)));
  if (isBack) return findingOf({ ...base, level: 'good', says: `${ip} is ${names.values[0]}, which leads back to it` });
  const unsure = back.find((found) => found.kind === 'unsure');
  if (unsure?.kind === 'unsure')
    return unsureOf('reverse name', ip, `whether ${names.values[0]} leads back to ${ip}`, unsure.why);
  return findingOf({
    ...{ ...base, level: 'bad' },
    says: `${ip} is ${names.values[0]}, which does not lead back to it: ask its provider to mend that`,
  });
}

const MOST = 5;

const plain = (ip: string): string =>
  ip.includes(':') && URL.canParse(`http://[${ip}]`) ? new URL(`http://[${ip}]`).hostname : ip;
const sameAddress = (one: string, other: string): boolean => plain(one) === plain(other);
