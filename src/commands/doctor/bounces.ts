import { promises as dns } from 'node:dns';
import { hereOf } from '../../base/loopback.ts';
import { within } from '../../base/wait.ts';
import type { Config } from '../../config/config.ts';
import type { Ms } from '../../core/time.ts';
import { smtpAmong } from '../../providers/registry/settings.ts';
import { createRelay } from '../../providers/smtp/relay.ts';
import { createReturnPath } from '../../providers/smtp/return-path.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const CHECK = 'bounces';

/** The names of the servers that take mail for a domain; rejects with the code of the resolver when it has none. */
export type AskForServers = (domain: string) => Promise<string[]>;

/** Without an MX record mail goes to the address of the name itself (RFC 5321, 5.1). */
const askDns: AskForServers = async (domain) => {
  const records = await dns.resolveMx(domain).catch(async (error: unknown) => {
    if (codeOf(error) !== 'ENODATA') throw error;
    await dns.resolve4(domain);
    return [{ exchange: domain, priority: 0 }];
  });
  return records.sort((a, b) => a.priority - b.priority).map(({ exchange }) => exchange);
};

type Asked = { timeout: Ms; askForServers?: AskForServers };

/** Whether what comes back of mail that leaves by SMTP would reach this daemon. Nothing is sent. */
export async function checkBounces(config: Config, { timeout, askForServers = askDns }: Asked): Promise<Finding[]> {
  const { BOUNCE_DOMAIN: domain } = config;
  if (domain === undefined) return [];
  const [server] = smtpAmong(config);
  if (server === undefined)
    return [
      warning(
        CHECK,
        'BOUNCE_DOMAIN is set, and nothing leaves by SMTP',
        'name a server in SECONDARY_SMTP_URL, or unset it',
      ),
    ];
  return [await checkDomain(domain, askForServers, timeout), await checkPort(config, { domain, server, timeout })];
}

async function checkDomain(domain: string, ask: AskForServers, timeout: Ms): Promise<Finding> {
  const asked = ask(domain).catch((error: unknown) => codeOf(error));
  const found = await within(asked, timeout, 'no answer in time');
  const mend = `set an MX record of ${domain} that leads to this daemon, or to the mail server that passes its mail on`;
  if (typeof found !== 'string' && found.some((name) => /(?:^|\.)mailgun\.org\.?$/i.test(name)))
    return problem(CHECK, `mail for ${domain} goes to Mailgun`, `set BOUNCE_DOMAIN to a name of its own`);
  if (typeof found !== 'string' && found.some((name) => name !== ''))
    return ok(CHECK, `mail for ${domain} goes to ${found.slice(0, 3).join(', ')}`);
  if (typeof found !== 'string' || /^(?:ENOTFOUND|ENODATA)$/.test(found))
    return problem(CHECK, `${domain} has no MX record: nothing comes back`, mend);
  return warning(CHECK, `could not be looked up: ${domain} (${found})`, 'run the doctor where names can be looked up');
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown');

type Port = { domain: string; server: string; timeout: Ms };

/** The port is told of a mail to a return path that this configuration makes: only a daemon with the same keys takes it. */
async function checkPort(config: Config, { domain, server, timeout }: Port): Promise<Finding> {
  const { BOUNCE_SMTP_HOST: host, BOUNCE_SMTP_PORT: port, ENCRYPTION_KEY: keys } = config;
  if (port === undefined) return ok(CHECK, 'no port is open for them: they have to be posted to /webhooks/bounces');
  const limits = { timeout, dataTimeout: timeout };
  const provider = createRelay(server, limits);
  const here = createRelay(`smtp://${hereOf(host)}:${port}?tls=off`, limits);
  try {
    const to = createReturnPath({ domain, keys }, provider.name).addressOf({ deliveryId: '0'.repeat(26), attempt: 1 });
    const said = await here.verify({ from: '', to });
    if (!said.ok)
      return problem(
        CHECK,
        `port ${port} does not answer: ${said.detail}`,
        'start the daemon, or look at BOUNCE_SMTP_PORT',
      );
    if (said.doubt === undefined) return ok(CHECK, `port ${port} takes them`);
    const mend = 'have all daemons and the doctor run with the same BOUNCE_DOMAIN, ENCRYPTION_KEY and secondaries';
    return problem(CHECK, `port ${port} refuses mail to our own return paths: ${said.doubt}`, mend);
  } finally {
    await Promise.all([provider.close(), here.close()]);
  }
}
