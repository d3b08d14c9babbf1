import { readAs, text, webUrl } from '../../base/kinds.ts';
import { isLoopback } from '../../base/loopback.ts';
import { parseSmsUrl } from './sms-url.ts';

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
