import { signed } from '../../base/signed-webhook.ts';
import { safeJson } from '../../core/safe-text.ts';
import { SECOND } from '../../core/time.ts';
import { call, secretsIn } from './call.ts';
import type { AlertChannel, HowToCall, Notice } from './channel.ts';

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

const shown = ({
  createdAt,
  startedAt,
  endedAt,
  tries,
  isWorse,
  toldAt,
  ...notice
}: Notice): Record<string, unknown> => ({
  ...notice,
  createdAt: new Date(createdAt).toISOString(),
  startedAt: new Date(startedAt).toISOString(),
  endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
});
