import { createHmac } from 'node:crypto';
import { safeJson } from '../../core/safe-text.ts';
import { SECOND } from '../../core/time.ts';
import { call, secretsIn } from './call.ts';
import type { AlertChannel, HowToCall, Notice } from './channel.ts';
import { keyIn } from './kinds.ts';

type Signing = HowToCall & {
  /** `whsec_…`, each of which signs while one is being changed; with none of them nothing is signed. */
  secrets: readonly string[];
};

/** Alerts as JSON, for a program of the operators. `id` is the same on each try of one message. */
export const webhookChannel = (url: string, { secrets, now, patience }: Signing): AlertChannel => ({
  name: 'webhook',
  async send(notice) {
    const body = safeJson(shown(notice));
    const signature =
      secrets.length === 0 ? {} : signed({ id: notice.id, at: Math.floor(now() / SECOND), body }, secrets);
    const headers = { 'content-type': 'application/json', ...signature };
    await call({ url, headers, body, secrets: secretsIn(url), patience });
    return [];
  },
});

const shown = ({ createdAt, startedAt, endedAt, tries, ...notice }: Notice): Record<string, unknown> => ({
  ...notice,
  createdAt: new Date(createdAt).toISOString(),
  startedAt: new Date(startedAt).toISOString(),
  endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
});

/**
 * The headers of a signed webhook, as Standard Webhooks has them (github.com/standard-webhooks/standard-webhooks). `at` is
 * in seconds.
 */
export function signed(
  { id, at, body }: { id: string; at: number; body: string },
  secrets: readonly string[],
): Record<string, string> {
  const of = (secret: string) =>
    `v1,${createHmac('sha256', keyIn(secret) ?? '')
      .update(`${id}.${at}.${body}`)
      .digest('base64')}`;
  return { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': secrets.map(of).join(' ') };
}
