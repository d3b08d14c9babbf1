import { createHash, timingSafeEqual } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../../core/time.ts';
import { lengthWords } from '../../core/words/numbers.ts';
import { type Account, createAccount } from '../../providers/mailgun/account.ts';
import type { Domain } from '../../providers/mailgun/domain.ts';
import { createPort, PortError } from '../../providers/mailgun/port.ts';
import { ApiRefusal } from '../../providers/mailgun/refusal.ts';
import { allowedHosts, apiOf, domainsIn } from '../../providers/mailgun/settings.ts';
import { queues, retention, state } from './domain.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import type { Address } from './public-address.ts';
import { unasked } from './unasked.ts';
import { webhooks } from './webhooks.ts';

export type MailgunCheck = {
  config: Config;
  /** Where webhooks are to be posted to; null when that is not set. */
  address: Address | null;
  fixWebhooks: boolean;
  timeout: Ms;
  now: Clock;
};
type Asked = MailgunCheck & { account: Account };

export async function checkMailgun(check: MailgunCheck): Promise<Finding[]> {
  const { config } = check;
  const apis = new Set(domainsIn(config).map((domain) => apiOf(config, domain)));
  const findings: Finding[] = [];
  for (const MAILGUN_API_URL of apis)
    findings.push(...(await checkApi({ ...check, config: { ...config, MAILGUN_API_URL } }, config)));
  return findings;
}

/** Checks the domains of one region. */
async function checkApi(check: MailgunCheck, whole: Config): Promise<Finding[]> {
  const { config, timeout } = check;
  const apiUrl = config.MAILGUN_API_URL;
  const mine = domainsIn(config).filter((domain) => apiOf(whole, domain) === apiUrl);
  const port = createPort({ apiUrl, apiKey: config.MAILGUN_API_KEY, timeout, allowedHosts: allowedHosts(config) });
  try {
    const asked = { ...check, account: createAccount(port) };
    const perDomain = await Promise.all(mine.map((domain) => checkDomain(asked, domain)));
    // If Mailgun did not answer at all the other checks would only repeat that.
    const reached = perDomain.some(({ hasAnswered }) => hasAnswered);
    const account = reached ? [await signingKey(asked), await clock(asked)] : [];
    return [...perDomain.flatMap(({ findings }) => findings), ...account];
  } finally {
    await port.close();
  }
}

async function checkDomain(asked: Asked, name: string): Promise<{ findings: Finding[]; hasAnswered: boolean }> {
  let domain: Domain;
  try {
    domain = await asked.account.domain(name);
  } catch (error) {
    return { findings: [keyTrouble(asked.config, name, error)], hasAnswered: error instanceof ApiRefusal };
  }
  const findings = [
    ok('API key', `works for ${name} at ${hostOf(asked.config)}`),
    ...state(name, domain),
    await queues(asked.account, name),
    await webhooks(asked, name),
    retention(asked.config, name, domain),
  ];
  return { findings, hasAnswered: true };
}

const hostOf = (config: Config): string => new URL(config.MAILGUN_API_URL).host;

function keyTrouble(config: Config, domain: string, error: unknown): Finding {
  const host = hostOf(config);
  if (error instanceof PortError)
    return problem('Mailgun', `${host}: ${error.message}`, 'check the network and MAILGUN_API_URL');
  if (!(error instanceof ApiRefusal)) throw error;
  switch (error.status) {
    case 401:
      return problem(
        'API key',
        `${host} does not accept MAILGUN_API_KEY (401)`,
        'set the key of the account: neither a domain sending key nor a key of the other region will do',
      );
    case 403:
      return problem(
        'API key',
        `the key is right, but may not see ${domain} (403)`,
        'give it the role admin or developer, and look whether the account or the domain is disabled',
      );
    case 404:
      return problem(
        'region',
        `${host} does not know ${domain} (404)`,
        `check MAILGUN_DOMAIN, or set MAILGUN_API_URL=${otherRegion(config)} if the domain is in the other region; if only this one is, write ${domain}=${otherRegion(config)} in MAILGUN_DOMAIN`,
      );
    case 200:
      return problem('Mailgun', `${host} does not answer as Mailgun's API does`, 'check MAILGUN_API_URL');
    default:
      return problem('Mailgun', error.message, 'try again later; status.mailgun.com tells of trouble');
  }
}

const otherRegion = ({ MAILGUN_API_URL }: Config): string =>
  MAILGUN_API_URL.includes('.eu.') ? 'https://api.mailgun.net' : 'https://api.eu.mailgun.net';

/** Compared by hash, in constant time, and never shown. */
async function signingKey({ account, config }: Asked): Promise<Finding> {
  try {
    const theirs = await account.signingKey();
    if (theirs === null) return unsaidKey;
    const hash = (key: string) => createHash('sha256').update(key).digest();
    const known = config.MAILGUN_WEBHOOK_SIGNING_KEY.some((key) => timingSafeEqual(hash(key), hash(theirs)));
    if (known) return ok('signing key', 'is the one of the account');
    const mend = 'copy the HTTP webhook signing key from the Mailgun dashboard (not the API key)';
    return problem(
      'signing key',
      'MAILGUN_WEBHOOK_SIGNING_KEY is not the one of the account: webhooks are refused',
      mend,
    );
  } catch (error) {
    return unasked('signing key', error);
  }
}

const unsaidKey = warning('signing key', "can't be checked: Mailgun does not tell it", 'compare it in the dashboard');

const NOTICEABLE: Ms = 30 * SECOND;
const HARMFUL: Ms = 5 * MINUTE;

async function clock({ account, now }: Asked): Promise<Finding> {
  try {
    const ahead = await account.clockSkew(now);
    if (ahead === null)
      return warning('clock', "can't be compared: Mailgun's answer has no date", 'look at it yourself');
    const skew = Math.abs(ahead);
    if (skew < NOTICEABLE) return ok('clock', 'goes as that of Mailgun');
    const says = `is ${lengthWords(skew)} ${ahead > 0 ? 'behind' : 'ahead of'} that of Mailgun`;
    return (skew < HARMFUL ? warning : problem)('clock', says, 'set it by NTP');
  } catch (error) {
    return unasked('clock', error);
  }
}
