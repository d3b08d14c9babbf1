import { z } from 'zod';
import { list, readAs } from '../../base/kinds.ts';
import { isLoopback } from '../../base/loopback.ts';
import { room, type SettingsOf } from '../../base/setting.ts';
import { canonicalDomain } from '../../core/address.ts';
import { parseRelayUrl } from './url.ts';

export const checkRelay = (url: string, ctx: z.core.$RefinementCtx<unknown>): void => {
  try {
    parseRelayUrl(url);
  } catch (error) {
    ctx.addIssue({ code: 'custom', message: `has a wrong ${error instanceof Error ? error.message : 'SMTP URL'}` });
  }
};

export const relayUrl = z.string().superRefine(checkRelay);
const relayUrls = list.superRefine((urls, ctx) => {
  for (const url of urls) checkRelay(url, ctx);
});

/** Before the @ stand 61 characters, and an address has 254. */
const bounceDomain = readAs((text) => {
  const domain = canonicalDomain(text);
  return domain !== null && domain.length <= 190 && domain.includes('.') ? domain : null;
}, 'must be a domain such as bounces.example.com');

export const SMTP = room({
  title: 'Secondary SMTP',
  settings: {
    SECONDARY_SMTP_URL: {
      kind: relayUrls,
      hides: 'login',
      default: '',
      level: 'usual',
      says: 'Comma list of the servers that take what Mailgun does not deliver, as smtp://user:pass@host:587 (STARTTLS) or smtps://user:pass@host:465; they are tried in order.',
      unset: 'what Mailgun does not deliver is given up',
      orElse: 'SECONDARY',
    },
    BOUNCE_DOMAIN: {
      kind: bounceDomain,
      level: 'rarely',
      needs: 'ENCRYPTION_KEY',
      says: 'A domain of its own for what comes back of mail that went out through an SMTP server, such as bounces.example.com: its mail must reach this daemon, see BOUNCE_SMTP_PORT. Without it nothing is heard of such mail.',
    },
  },
  doubts: ({ SECONDARY_SMTP_URL }) => relayDoubts('SECONDARY_SMTP_URL', SECONDARY_SMTP_URL),
});

/** What is most likely not meant in the URLs of a setting. */
export function relayDoubts(name: string, urls: readonly string[]): string[] {
  return [
    ...(urls.some(sendsPasswordInClear) ? [`${name} ${IN_CLEAR}`] : []),
    ...(urls.some(trustsAnybody) ? [`${name} ${UNCHECKED}`] : []),
    ...(urls.some(isMailgun) ? [`${name} ${SAME_WAY}`] : []),
  ];
}

const IN_CLEAR = 'has a server elsewhere that may get its password without TLS: leave the switch "tls" off';

const UNCHECKED =
  'has a server elsewhere whose certificate is not checked (insecure=1): mail and password go to whoever answers';

const SAME_WAY = 'leads to Mailgun itself: what can not go through Mailgun would go nowhere';

const isMailgun = (url: string): boolean => /(?:^|\.)mailgun\.(?:org|net|com)$/i.test(parseRelayUrl(url).host);

/** A password that may leave this machine unencrypted. */
function sendsPasswordInClear(url: string): boolean {
  const { login, tls, host } = parseRelayUrl(url);
  return login !== null && (tls === 'off' || tls === 'optional') && !isLoopback(host);
}

function trustsAnybody(url: string): boolean {
  const { insecure, tls, host } = parseRelayUrl(url);
  return insecure && tls !== 'off' && !isLoopback(host);
}

export type SmtpSettings = SettingsOf<typeof SMTP>;
