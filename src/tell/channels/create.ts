import { smtpAmong } from '../../providers/registry/settings.ts';
import { createRelay, type Relay, type RelayOptions } from '../../providers/smtp/relay.ts';
import type { AlertChannel, LetterChannel } from './channel.ts';
import { letterChannel, mailChannel } from './mail.ts';
import { slackChannel } from './slack.ts';
import { webhookChannel } from './webhook.ts';

/** What is configured of the ways to the administrators. */
export type ChannelSettings = {
  ADMIN_EMAILS: readonly string[];
  ALERT_FROM?: string | undefined;
  ALERT_SMTP_URL?: string | undefined;
  SECONDARY: readonly string[];
  SECONDARY_SMTP_URL: readonly string[];
  ALERT_SLACK_URL?: string | undefined;
  ALERT_WEBHOOK_URL?: string | undefined;
  MAILGUN_DOMAIN: readonly { domain: string }[];
};

/** Each list in the order in which its channels are tried. */
export type Channels = { alerts: AlertChannel[]; letters: LetterChannel[]; close(): Promise<void> };

/**
 * The configured ways to the administrators. Mail to them never goes through Mailgun, because it may be about Mailgun.
 */
export function createChannels(config: ChannelSettings, options: RelayOptions): Channels {
  const urls = config.ALERT_SMTP_URL ? [config.ALERT_SMTP_URL] : smtpAmong(config);
  const relays: Relay[] = config.ADMIN_EMAILS.length > 0 ? urls.map((url) => createRelay(url, options)) : [];
  const from = config.ALERT_FROM ?? `homing@${config.MAILGUN_DOMAIN[0]?.domain ?? 'localhost'}`;
  return {
    alerts: [
      ...relays.map((relay) => mailChannel(relay, from, config.ADMIN_EMAILS)),
      ...(config.ALERT_SLACK_URL ? [slackChannel(config.ALERT_SLACK_URL)] : []),
      ...(config.ALERT_WEBHOOK_URL ? [webhookChannel(config.ALERT_WEBHOOK_URL)] : []),
    ],
    letters: relays.map((relay) => letterChannel(relay, from)),
    async close() {
      await Promise.all(relays.map((relay) => relay.close()));
    },
  };
}
