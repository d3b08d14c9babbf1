import { createPublicKey, type KeyObject } from 'node:crypto';
import { type ApiUrlKind, badUrl, parseApiUrl } from '../common/api-url.ts';

/**
 * `sendgrid://API_KEY@api.sendgrid.com?signing=PUBLIC_KEY`; the host is that of the region (`api.eu.sendgrid.com` in the
 * EU). The switch `signing=` is the verification key that SendGrid shows for its signed event webhook, and is there several
 * times while it is being changed; `secret=` is the same by another name.
 */
export type SendGridUrl = { host: string; apiUrl: string; key: string; signingKeys: readonly KeyObject[] };

const KIND: ApiUrlKind = {
  scheme: 'sendgrid',
  provider: 'SendGrid',
  key: 'API key',
  switches: ['signing', 'secret'],
  shape: 'sendgrid://API_KEY@api.sendgrid.com?signing=PUBLIC_KEY',
};

export function parseSendGridUrl(text: string): SendGridUrl {
  const { host, apiUrl, key, valuesOf } = parseApiUrl(text, KIND);
  return { host, apiUrl, key, signingKeys: KIND.switches.flatMap(valuesOf).map(signingKeyOf) };
}

/** Base64 of the key as SPKI in DER, on the curve P-256. */
function signingKeyOf(text: string): KeyObject {
  const key = publicKeyIn(text);
  if (key?.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  throw badUrl(
    KIND,
    'the switch "signing" must be the verification key of the signed event webhook, as SendGrid shows it',
  );
}

function publicKeyIn(base64: string): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' });
  } catch {
    return null; // no key at all
  }
}
