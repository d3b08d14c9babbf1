import type { Ms } from '../../core/time.ts';
import { smtpAmong } from '../../providers/registry/settings.ts';
import { createRelay, type Relay, type RelayOptions } from '../../providers/smtp/relay.ts';
import { alertmanagerChannel } from './alertmanager.ts';
import type { AlertChannel, HowToCall, LetterChannel } from './channel.ts';
import { heeding } from './heeding.ts';
import { letterChannel, mailChannel, type OnCall } from './mail.ts';
import { pagerdutyChannel } from './pagerduty.ts';
import { slackChannel } from './slack.ts';
import { smsChannel } from './sms.ts';
import { webhookChannel } from './webhook.ts';

/** What is configured of the ways to the administrators. */
export type ChannelSettings = {
  ADMIN_EMAILS: readonly string[];
  ALERT_ON_CALL?: readonly unknown[];
  ALERT_FROM?: string | undefined;
  ALERT_SMTP_URL?: string | undefined;
  SECONDARY: readonly string[];
  SECONDARY_SMTP_URL: readonly string[];
  ALERT_SLACK_URL?: string | undefined;
  ALERT_WEBHOOK_URL?: string | undefined;
  ALERT_WEBHOOK_SECRET?: readonly string[];
  ALERT_PAGERDUTY_KEY?: string | undefined;
  ALERT_PAGERDUTY_URL?: string;
  ALERT_SMS_URL?: string | undefined;
  ALERT_ALERTMANAGER_URL?: readonly string[];
  ALERT_REPEAT?: Ms;
  PUBLIC_URL?: string | undefined;
  MAILGUN_DOMAIN: readonly { domain: string }[];
};

/** Each list in the order in which its channels are tried. */
export type Channels = { alerts: AlertChannel[]; letters: LetterChannel[]; close(): Promise<void> };

/**
 * The configured ways to the administrators. Mail to them never goes through Mailgun, because it may be about Mailgun.
 */
export function createChannels(config: ChannelSettings, options: RelayOptions & HowToCall & OnCall): Channels {
  const urls = config.ALERT_SMTP_URL ? [config.ALERT_SMTP_URL] : smtpAmong(config);
  const { ADMIN_EMAILS: admins, ALERT_ON_CALL: duties = [] } = config;
  const relays: Relay[] = admins.length + duties.length > 0 ? urls.map((url) => createRelay(url, options)) : [];
  const from = config.ALERT_FROM ?? `homing@${config.MAILGUN_DOMAIN[0]?.domain ?? 'localhost'}`;
  return {
    alerts: [
      ...relays.map((relay) => mailChannel(relay, from, options)),
      ...calledChannels(config, options).map((channel) => heeding(channel, options.now)),
    ],
    letters: admins.length > 0 ? relays.map((relay) => letterChannel(relay, from)) : [],
    async close() {
      await Promise.all(relays.map((relay) => relay.close()));
    },
  };
}

/** Those that are called by HTTP. */
function calledChannels(config: ChannelSettings, how: HowToCall): AlertChannel[] {
  const { ALERT_SLACK_URL: slack, ALERT_WEBHOOK_URL: webhook, ALERT_SMS_URL: sms } = config;
  const { ALERT_WEBHOOK_SECRET: secrets = [], ALERT_ALERTMANAGER_URL: alertmanagers = [] } = config;
  const { ALERT_PAGERDUTY_KEY: key, ALERT_PAGERDUTY_URL: url = '', PUBLIC_URL: publicUrl = null } = config;
  const { ALERT_REPEAT: repeat = 0 } = config;
  const source = config.MAILGUN_DOMAIN[0]?.domain ?? 'homing';
  return [
    ...(slack === undefined ? [] : [slackChannel(slack, how)]),
    ...(webhook === undefined ? [] : [webhookChannel(webhook, { ...how, secrets })]),
    ...(key === undefined ? [] : [pagerdutyChannel({ ...how, key, url, source })]),
    ...(sms === undefined ? [] : [smsChannel(sms, how)]),
    ...(alertmanagers.length === 0 ? [] : [alertmanagerChannel(alertmanagers, { ...how, publicUrl, repeat })]),
  ];
}
