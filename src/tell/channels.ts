import { domainOf, maskAddress } from '../core/address.ts';
import { SECOND } from '../core/time.ts';
import type { MailgunSettings } from '../providers/mailgun/settings.ts';
import { createMailer } from '../providers/smtp/post.ts';
import { createRelay, type Relay, type RelayOptions } from '../providers/smtp/relay.ts';
import type { SmtpSettings } from '../providers/smtp/settings.ts';
import type { Channel } from './alert.ts';
import type { LetterChannel } from './send-summary.ts';
import type { TellSettings } from './settings.ts';

const PATIENCE = 10 * SECOND;

export type MailChannel = { relay: Relay; from: string; to: readonly string[] };

/** Plain-text mail to each administrator through one relay. */
export function mailChannel({ relay, from, to }: MailChannel): Channel {
  const mailer = createMailer(relay, from);
  return {
    name: relay.name,
    async send({ id, subject, body, created_at }) {
      // The same Message-ID on each try: an alert that was sent twice reads as one.
      const messageId = `${id}@${domainOf(addressIn(from)) || 'homing'}`;
      const posted = await mailer.post({ to, subject, text: body, messageId, date: created_at });
      const problems = posted.flatMap(({ to: address, answer }) =>
        answer.kind === 'accepted' ? [] : [`${maskAddress(address)}: ${answer.detail}`],
      );
      // One administrator who got it is enough: telling the others again would tell the first one twice.
      if (problems.length === posted.length) throw new Error(problems.join('; '));
      return problems;
    },
  };
}

const addressIn = (from: string): string => /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from;

/** The daily summary through one relay, to one administrator at a time. */
export function letterChannel({ relay, from }: Pick<MailChannel, 'relay' | 'from'>): LetterChannel {
  const mailer = createMailer(relay, from);
  return {
    name: relay.name,
    async post({ to, id, date, subject, text, html, pictures }) {
      const messageId = `${id}@${domainOf(addressIn(from)) || 'homing'}`;
      const shown = pictures.map(({ cid, png }) => ({ cid, png: Buffer.from(png, 'base64') }));
      const [posted] = await mailer.post({ to: [to], subject, text, html, pictures: shown, messageId, date });
      if (posted?.answer.kind !== 'accepted') throw new Error(posted?.answer.detail ?? 'it was not posted');
    },
  };
}

/** An incoming webhook of Slack, or of anything that takes `{ text }` as JSON. */
export function slackChannel(url: string): Channel {
  return { name: 'slack', send: (alert) => post(url, { text: `*${alert.subject}*\n${alert.body}` }) };
}

export function webhookChannel(url: string): Channel {
  return {
    name: 'webhook',
    send: ({ id, incident, count, subject, body, created_at }) =>
      post(url, { id, incident, count, subject, body, createdAt: new Date(created_at).toISOString() }),
  };
}

async function post(url: string, body: unknown): Promise<string[]> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.timeout(PATIENCE),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  return [];
}

type ChannelSettings = Pick<
  TellSettings & SmtpSettings & MailgunSettings,
  | 'ADMIN_EMAILS'
  | 'ALERT_FROM'
  | 'ALERT_SMTP_URL'
  | 'SECONDARY_SMTP_URL'
  | 'ALERT_SLACK_URL'
  | 'ALERT_WEBHOOK_URL'
  | 'MAILGUN_DOMAIN'
>;

export type Channels = { channels: Channel[]; letters: LetterChannel[]; close(): Promise<void> };

/** The ways to the administrators, in the order in which they are tried: mail never goes through Mailgun. */
export function createChannels(config: ChannelSettings, options: RelayOptions): Channels {
  const urls = config.ALERT_SMTP_URL ? [config.ALERT_SMTP_URL] : config.SECONDARY_SMTP_URL;
  const relays: Relay[] = config.ADMIN_EMAILS.length > 0 ? urls.map((url) => createRelay(url, options)) : [];
  const from = config.ALERT_FROM ?? `homing@${config.MAILGUN_DOMAIN[0] ?? 'localhost'}`;
  const channels = relays.map((relay) => mailChannel({ relay, from, to: config.ADMIN_EMAILS }));
  if (config.ALERT_SLACK_URL) channels.push(slackChannel(config.ALERT_SLACK_URL));
  if (config.ALERT_WEBHOOK_URL) channels.push(webhookChannel(config.ALERT_WEBHOOK_URL));
  return {
    channels,
    letters: relays.map((relay) => letterChannel({ relay, from })),
    async close() {
      await Promise.all(relays.map((relay) => relay.close()));
    },
  };
}
