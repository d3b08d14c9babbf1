import { isIP } from 'node:net';
import type { NeededRecord } from '../../core/care/dns.ts';
import { type Fields, isObject, objectOf, words } from '../common/fields.ts';
import type { Reputation } from '../provider.ts';
import { domainBody } from './domain.ts';
import type { Port } from './port.ts';
import { ApiRefusal, answered } from './refusal.ts';

/** More than any domain or account has. */
const MOST_RECORDS = 50;
const MOST_IPS = 200;

/** What Mailgun says of a domain's DNS records, and of the addresses that the account sends from. */
export const createReputation = (port: Port): Reputation => ({
  async records(domain) {
    const body = await domainBody(port, domain);
    if (!isObject(objectOf(body)['domain'])) throw new ApiRefusal('the domain', { status: 200, headers: {}, body });
    const { sending_dns_records: sending, receiving_dns_records: receiving } = objectOf(body);
    const all = [...listOf(sending), ...listOf(receiving)].slice(0, MOST_RECORDS);
    return all.flatMap((record) => neededOf(record, domain) ?? []);
  },
  async tracks(domain) {
    const reply = await port.get(`/v3/domains/${encodeURIComponent(domain)}/tracking`);
    const tracking = objectOf(objectOf(answered('the tracking settings', reply))['tracking']);
    // Of clicks it may be a word instead: `htmlonly`.
    return ['click', 'open', 'unsubscribe'].some(
      (kind) => ![false, undefined, 'no'].includes(activeOf(tracking[kind])),
    );
  },
  async ips() {
    const items = objectOf(answered("the account's IP addresses", await port.get('/v3/ips')))['items'];
    return [items]
      .flat()
      .filter((ip): ip is string => typeof ip === 'string' && isIP(ip) > 0)
      .slice(0, MOST_IPS);
  },
});

const listOf = (records: unknown): Fields[] => [records].flat().map(objectOf);

const activeOf = (kind: unknown) => objectOf(kind)['active'] as boolean | string | undefined;

/** Null for what is no record, or is not in use. Those for receiving have no name: it is the domain. */
function neededOf({ record_type, name, value, is_active }: Fields, domain: string): NeededRecord | null {
  const type = words(record_type, 16);
  const text = words(value, 2048);
  if (type === null || text === null || is_active === false) return null;
  const at = (words(name, 253) ?? domain).toLowerCase().replace(/\.$/, '');
  const use = useOf(type, at, text);
  return use === null ? null : { use, name: at, type, value: text };
}

function useOf(type: string, name: string, value: string): NeededRecord['use'] | null {
  if (name.includes('._domainkey.')) return 'DKIM';
  if (type === 'MX') return 'MX';
  if (type === 'CNAME') return 'tracking';
  return type === 'TXT' && /^v=spf1\b/i.test(value) ? 'SPF' : null;
}
