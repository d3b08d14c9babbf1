// Webhooks as Standard Webhooks signs them (github.com/standard-webhooks/standard-webhooks): by those who send and who get them.
import { createHmac, timingSafeEqual } from 'node:crypto';

const SHORTEST_KEY = 24;
const LONGEST_KEY = 64;

/** The key in a secret of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. Null for anything else. */
export function keyIn(text: string): Buffer | null {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (base64 === undefined || base64.length % 4 === 1) return null;
  const key = Buffer.from(base64, 'base64');
  return key.length >= SHORTEST_KEY && key.length <= LONGEST_KEY ? key : null;
}

/** What is signed. `at` is in seconds. */
type Content = { id: string; at: number; body: string | Uint8Array };

/** The headers of a signed webhook, with a signature by each of the secrets. */
export const signed = (content: Content, secrets: readonly string[]): Record<string, string> => ({
  'webhook-id': content.id,
  'webhook-timestamp': String(content.at),
  'webhook-signature': secrets.map((secret) => `v1,${mac(content, secret).toString('base64')}`).join(' '),
});

/** Whether one of the signatures in the header was made with one of the secrets. How long it takes tells nothing of them. */
export function isSigned(content: Content, signatures: string, secrets: readonly string[]): boolean {
  const given = signatures.split(' ', MOST_SIGNATURES).flatMap((one) => {
    const [version, signature = ''] = one.split(',', 2);
    return version === 'v1' ? [Buffer.from(signature, 'base64')] : [];
  });
  const made = secrets.map((secret) => mac(content, secret));
  return made.some((own) => given.some((one) => one.length === own.length && timingSafeEqual(one, own)));
}

/** While a secret is being changed there are two. */
const MOST_SIGNATURES = 10;

const mac = ({ id, at, body }: Content, secret: string): Buffer =>
  createHmac('sha256', keyIn(secret) ?? '')
    .update(`${id}.${at}.`)
    .update(body)
    .digest();
