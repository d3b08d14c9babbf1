import { type Ms, SECOND } from '../../core/time.ts';
import { type Fields, isObject, objectOf, words } from '../common/fields.ts';
import type { Port } from './port.ts';
import { ApiRefusal, answered, isUnknownDomain } from './refusal.ts';

/** What Mailgun says of a domain. */
export type Domain = {
  /** How long its messages are kept: 0 on a plan that keeps nothing, null when it is not said. */
  kept: Ms | null;
  isDisabled: boolean;
  /** `active` or `unverified`, say; null when it is not said. */
  state: string | null;
  /** The DNS records that its mail needs and Mailgun has not found. */
  missingRecords: { type: string; name: string }[];
};

export async function readDomain(port: Port, domain: string): Promise<Domain> {
  const body = await domainBody(port, domain);
  const shown = objectOf(body)['domain'];
  // Something else answered, such as a proxy or another server.
  if (!isObject(shown)) throw new ApiRefusal('the domain', { status: 200, headers: {}, body });
  return {
    kept: keptFor(shown),
    isDisabled: shown['is_disabled'] === true || shown['state'] === 'disabled',
    state: words(shown['state'], 32),
    missingRecords: [objectOf(body)['sending_dns_records']].flat().map(objectOf).filter(isMissing).map(nameOf),
  };
}

/** Null when it is not said, and on a plan that keeps nothing. */
export async function retention(port: Port, domain: string): Promise<Ms | null> {
  return keptFor(objectOf(objectOf(await domainBody(port, domain))['domain'])) || null;
}

/** Only the newer version of the domains API tells the retention. */
export async function domainBody(port: Port, domain: string): Promise<unknown> {
  const name = encodeURIComponent(domain);
  const newer = await port.get(`/v4/domains/${name}`);
  const isLacking = (newer.status === 404 || newer.status === 405) && !isUnknownDomain(newer);
  return answered('the domain', isLacking ? await port.get(`/v3/domains/${name}`) : newer);
}

function keptFor({ message_ttl: seconds }: Fields): Ms | null {
  return typeof seconds === 'number' && seconds >= 0 && Number.isFinite(seconds) ? seconds * SECOND : null;
}

/** Of the records that mail needs (SPF and DKIM), and not of those for tracking. */
function isMissing({ record_type: type, name, valid, is_active }: Fields): boolean {
  const isForMail = type === 'TXT' || /_domainkey\./.test(String(name));
  return isForMail && is_active !== false && typeof valid === 'string' && valid !== 'valid';
}

const nameOf = ({ record_type, name }: Fields) => ({
  type: words(record_type, 16) ?? 'DNS',
  name: words(name, 253) ?? 'without a name',
});
