import type { Config } from '../../config/config.ts';
import { unsetIn } from '../../config/doubts.ts';
import type { Ms } from '../../core/time.ts';
import { createRelay } from '../../providers/smtp/relay.ts';
import { plural } from '../common/terminal.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** The secondary SMTP servers, and the ways to the administrators. Nothing is sent. */
export async function checkWaysOut(config: Config, timeout: Ms): Promise<Finding[]> {
  return [...(await checkSecondaries(config, timeout)), ...(await checkAlerts(config, timeout))];
}

async function checkSecondaries(config: Config, timeout: Ms): Promise<Finding[]> {
  const unset = unsetIn(config).get('SECONDARY_SMTP_URL');
  if (unset !== undefined)
    return [warning('secondary SMTP', unset, 'name a server that takes what Mailgun does not deliver')];
  return checkServers('secondary SMTP', config.SECONDARY_SMTP_URL, 'SECONDARY_SMTP_URL', timeout);
}

async function checkServers(check: string, urls: readonly string[], setting: string, timeout: Ms): Promise<Finding[]> {
  return Promise.all(urls.map((url) => checkServer(check, url, setting, timeout)));
}

async function checkServer(check: string, url: string, setting: string, timeout: Ms): Promise<Finding> {
  const relay = createRelay(url, { timeout, dataTimeout: timeout });
  const { name } = relay;
  try {
    const verified = await relay.verify();
    if (!verified.ok)
      return problem(check, `${name}: ${verified.detail}`, `check ${setting} and that the server is up`);
    if (!/(^|\.)mailgun\.(org|net|com):/.test(name)) return ok(check, `${name} answers and takes our login`);
    const says = `${name} is Mailgun itself, and fails when Mailgun does`;
    return warning(check, says, `name another server in ${setting}`);
  } finally {
    await relay.close();
  }
}

async function checkAlerts(config: Config, timeout: Ms): Promise<Finding[]> {
  const { ADMIN_EMAILS, ALERT_SMTP_URL, ALERT_SLACK_URL, ALERT_WEBHOOK_URL, SECONDARY_SMTP_URL } = config;
  const others = [ALERT_SLACK_URL && 'Slack', ALERT_WEBHOOK_URL && 'a webhook'].filter((name) => name);
  const servers = ALERT_SMTP_URL ? [ALERT_SMTP_URL] : SECONDARY_SMTP_URL;
  const byMail = ADMIN_EMAILS.length > 0 && servers.length > 0;
  if (!byMail && others.length === 0) return [noWay(config)];
  const ways = [...(byMail ? [`mail to ${plural(ADMIN_EMAILS.length, 'address', 'addresses')}`] : []), ...others];
  const checked = byMail && ALERT_SMTP_URL ? await checkServers('alert SMTP', servers, 'ALERT_SMTP_URL', timeout) : [];
  if (ADMIN_EMAILS.length === 0)
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

function noWay({ ADMIN_EMAILS }: Config): Finding {
  if (ADMIN_EMAILS.length === 0)
    return problem('alerts', 'ADMIN_EMAILS is not set: nobody hears of mail that was given up', 'set ADMIN_EMAILS');
  return problem('alerts', 'there is no server to send them through', 'set ALERT_SMTP_URL or SECONDARY_SMTP_URL');
}
