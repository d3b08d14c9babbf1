import type { Config } from '../../config/config.ts';
import { unsetIn } from '../../config/doubts.ts';
import type { Ms } from '../../core/time.ts';
import { smtpAmong } from '../../providers/registry/settings.ts';
import type { Envelope } from '../../providers/smtp/announce.ts';
import { createRelay } from '../../providers/smtp/relay.ts';
import { createReturnPath } from '../../providers/smtp/return-path.ts';
import { plural } from '../common/terminal.ts';
import { type Check, type Finding, ok, problem, warning } from './finding.ts';

/** The secondary SMTP servers, and the ways to the administrators. Nothing is sent. */
export async function checkWaysOut(config: Config, timeout: Ms): Promise<Finding[]> {
  return [...(await checkSecondaries(config, timeout)), ...(await checkAlerts(config, timeout))];
}

async function checkSecondaries(config: Config, timeout: Ms): Promise<Finding[]> {
  const unset = unsetIn(config).get('SECONDARY_SMTP_URL');
  if (unset !== undefined)
    return [warning('secondary SMTP', unset, 'name a server that takes what Mailgun does not deliver')];
  const asked = (setting: string): Asked => ({
    check: 'secondary SMTP',
    setting,
    timeout,
    envelope: envelopeOf(config),
    senderAt: senderAt(config),
  });
  return [
    ...(await checkServers(smtpAmong({ ...config, SECONDARY_SMTP_URL: [] }), asked('SECONDARY'))),
    ...(await checkServers(config.SECONDARY_SMTP_URL, asked('SECONDARY_SMTP_URL'))),
  ];
}

type Asked = {
  check: Check;
  setting: string;
  timeout: Ms;
  envelope: Envelope | undefined;
  /** The sender of all mail through a server, whoever wrote it; null where it is that of the mail. */
  senderAt?: (server: string) => string | null;
};

/** With a domain for bounces. A server may ask there whether such an address is taken, so it is a genuine one. */
const senderAt =
  ({ BOUNCE_DOMAIN: domain, ENCRYPTION_KEY: keys }: Config) =>
  (server: string): string | null =>
    domain === undefined ? null : createReturnPath({ domain, keys }, server).addressOf(OF_NOTHING);

const OF_NOTHING = { deliveryId: '0'.repeat(26), attempt: 1 };

async function checkServers(urls: readonly string[], asked: Asked): Promise<Finding[]> {
  return Promise.all(urls.map((url) => checkServer(url, asked)));
}

/** A mail that would be sent, as an alert is. */
function envelopeOf(config: Config): Envelope | undefined {
  const { ALERT_FROM, MAILGUN_DOMAIN } = config;
  const [sending] = MAILGUN_DOMAIN;
  const from = /[^\s<>]+@[^\s<>]+/.exec(ALERT_FROM ?? '')?.[0] ?? (sending && `homing@${sending.domain}`);
  return from ? { from, to: mailedTo(config)[0] ?? from } : undefined;
}

async function checkServer(url: string, asked: Asked): Promise<Finding> {
  const { check, setting, timeout, envelope, senderAt: sender } = asked;
  const relay = createRelay(url, { timeout, dataTimeout: timeout });
  const { name } = relay;
  try {
    const from = sender?.(name) ?? envelope?.from;
    const verified = await relay.verify(envelope && from !== undefined ? { ...envelope, from } : envelope);
    if (!verified.ok) return problem(check, `${name}: ${verified.detail}`, mendOf(verified.detail, setting));
    if (verified.doubt !== undefined)
      return warning(check, `${name} answers, but not to a mail of ours: ${verified.doubt}`, ALLOW);
    if (!/(^|\.)mailgun\.(org|net|com):/.test(name)) return ok(check, `${name} answers and would take our mail`);
    const says = `${name} is Mailgun itself, and fails when Mailgun does`;
    return warning(check, says, `name another server in ${setting}`);
  } finally {
    await relay.close();
  }
}

const ALLOW = 'have the server allow the senders that you use (a verified domain or address)';

function mendOf(detail: string, setting: string): string {
  if (/without a login/.test(detail)) return `give ${setting} user and password, as in smtp://user:pass@host:587`;
  if (/STARTTLS|TLS|certificate/.test(detail))
    return `set ${setting} to the scheme and the switches that the server needs (see "The secondary" in docs/operating.md)`;
  return `check ${setting} and that the server is up`;
}

async function checkAlerts(config: Config, timeout: Ms): Promise<Finding[]> {
  const { ALERT_SMTP_URL } = config;
  const others = otherWays(config);
  const servers = ALERT_SMTP_URL ? [ALERT_SMTP_URL] : smtpAmong(config);
  const addresses = mailedTo(config);
  const byMail = addresses.length > 0 && servers.length > 0;
  if (!byMail && others.length === 0) return [noWay(config)];
  const ways = [...(byMail ? [`mail to ${plural(addresses.length, 'address', 'addresses')}`] : []), ...others];
  const asked: Asked = { check: 'alert SMTP', setting: 'ALERT_SMTP_URL', timeout, envelope: envelopeOf(config) };
  const checked = byMail && ALERT_SMTP_URL ? await checkServers(servers, asked) : [];
  if (addresses.length === 0)
    checked.push(warning('alerts', `go by ${ways.join(' and ')} alone`, 'set ADMIN_EMAILS, for when that is down'));
  else if (byMail && !ALERT_SMTP_URL && servers.length === 1 && others.length === 0)
    checked.push(
      warning(
        'alerts',
        'go by the secondary SMTP alone, of whose own trouble they could not tell',
        'set ALERT_SMTP_URL',
      ),
    );
  else checked.push(ok('alerts', `go by ${ways.join(' and ')}`));
  return checked;
}

function otherWays(config: Config): string[] {
  const ways: [isSet: boolean, name: string][] = [
    [config.ALERT_SLACK_URL !== undefined, 'Slack'],
    [config.ALERT_WEBHOOK_URL !== undefined, 'a webhook'],
    [config.ALERT_PAGERDUTY_KEY !== undefined, 'PagerDuty'],
    [config.ALERT_SMS_URL !== undefined, 'SMS'],
    [config.ALERT_ALERTMANAGER_URL.length > 0, 'Alertmanager'],
  ];
  return ways.filter(([isSet]) => isSet).map(([, name]) => name);
}

/** All who are mailed to at some time. */
const mailedTo = ({ ADMIN_EMAILS, ALERT_ON_CALL }: Config): string[] => [
  ...new Set([...ADMIN_EMAILS, ...ALERT_ON_CALL.map(({ mail }) => mail)]),
];

function noWay(config: Config): Finding {
  if (mailedTo(config).length === 0)
    return problem('alerts', 'ADMIN_EMAILS is not set: nobody hears of mail that was given up', 'set ADMIN_EMAILS');
  return problem('alerts', 'there is no server to send them through', 'set ALERT_SMTP_URL or SECONDARY_SMTP_URL');
}
