import { listOf, readAs, text, webUrl } from '../../base/kinds.ts';
import { isLoopback } from '../../base/loopback.ts';
import { parseSmsUrl } from './sms-url.ts';

const SHORTEST_KEY = 24;
const LONGEST_KEY = 64;

/** The key in a secret of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. Null for anything else. */
export function keyIn(text: string): Buffer | null {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (base64 === undefined || base64.length % 4 === 1) return null;
  const key = Buffer.from(base64, 'base64');
  return key.length >= SHORTEST_KEY && key.length <= LONGEST_KEY ? key : null;
}

export const webhookKeys = listOf(
  (part) => (keyIn(part) === null ? null : part),
  'must be whsec_ and 24 to 64 bytes in base64, or a comma list of these',
);

export const routingKey = readAs(
  (key) => (/^[A-Za-z0-9_+-]{32}$/.test(key) ? key : null),
  'must be the 32 characters of an integration key of the kind "Events API v2"',
);

/** The key goes to PagerDuty alone, and to what stands in for it on this machine. */
export const pagerdutyUrl = webUrl.refine((url) => {
  const { protocol, hostname } = new URL(url);
  if (isLoopback(hostname.replace(/^\[|\]$/g, ''))) return true;
  return protocol === 'https:' && /(?:^|\.)pagerduty\.com$/.test(hostname);
}, 'must be an https URL of pagerduty.com, such as https://events.eu.pagerduty.com, or lead to this machine');

/** Kept as it is written. */
export const smsUrl = text.superRefine((url, context) => {
  try {
    parseSmsUrl(url);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `can not be used: ${(error as Error).message}` });
  }
});

export const webUrls = listOf(
  (part) => (webUrl.safeParse(part).success ? part : null),
  'must be a comma list of http(s) URLs without a user and a password',
);
