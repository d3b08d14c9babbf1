import { createHash, timingSafeEqual } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import { settingsOf } from '../../config/settings.ts';
import { plainWait, policyFor } from '../../core/policy.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../../core/time.ts';
import { lengthWords } from '../../core/words/numbers.ts';
import { type Account, createAccount, type Subscription } from '../../providers/mailgun/account.ts';
import { createPort, PortError } from '../../providers/mailgun/port.ts';
import { ApiRefusal } from '../../providers/mailgun/refusal.ts';
import { allowedHosts } from '../../providers/mailgun/settings.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

export type MailgunCheck = { config: Config; fixWebhooks: boolean; timeout: Ms; now: Clock };
type Asked = MailgunCheck & { account: Account };

export async function checkMailgun(check: MailgunCheck): Promise<Finding[]> {
  const { config, timeout } = check;
  const port = createPort({
    apiUrl: config.MAILGUN_API_URL,
    apiKey: config.MAILGUN_API_KEY,
    timeout,
    allowedHosts: allowedHosts(config),
  });
  try {
    const asked = { ...check, account: createAccount(port) };
    const perDomain = await Promise.all(config.MAILGUN_DOMAIN.map((domain) => checkDomain(asked, domain)));
    // If Mailgun did not answer at all the other checks would only repeat that.
    const reached = perDomain.some(({ hasAnswered }) => hasAnswered);
    const account = reached ? [await signingKey(asked), await clock(asked)] : [];
    return [...perDomain.flatMap(({ findings }) => findings), ...account];
  } finally {
    await port.close();
  }
}

async function checkDomain(asked: Asked, domain: string): Promise<{ findings: Finding[]; hasAnswered: boolean }> {
  let kept: Ms | null;
  try {
    kept = await asked.account.retention(domain);
  } catch (error) {
    return { findings: [keyTrouble(asked.config, domain, error)], hasAnswered: error instanceof ApiRefusal };
  }
  const findings = [
    ok('API key', `works for ${domain} at ${hostOf(asked.config)}`),
    await queues(asked, domain),
    await webhooks(asked, domain),
    retention(asked.config, domain, kept),
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
        `check MAILGUN_DOMAIN, or set MAILGUN_API_URL=${otherRegion(config)} if the domain is in the other region`,
      );
    default:
      return problem('Mailgun', error.message, 'try again later; status.mailgun.com tells of trouble');
  }
}

const otherRegion = ({ MAILGUN_API_URL }: Config): string =>
  MAILGUN_API_URL.includes('.eu.') ? 'https://api.mailgun.net' : 'https://api.eu.mailgun.net';

/** A warning that Mailgun did not tell something, which may be right all the same. */
function unasked(check: string, error: unknown): Finding {
  if (!(error instanceof ApiRefusal) && !(error instanceof PortError)) throw error;
  return warning(check, `can't be checked: ${error.message}`, 'look at it in the Mailgun dashboard');
}

async function queues({ account }: Asked, domain: string): Promise<Finding> {
  try {
    const { regular, scheduled } = await account.sendingQueues(domain);
    const closed = regular.disabled ? regular : scheduled.disabled ? scheduled : null;
    if (!closed) return ok('sending', `${domain} may send`);
    const says = `Mailgun has stopped sending for ${domain}: ${closed.reason ?? 'it does not say why'}`;
    return problem('sending', says, "ask Mailgun's support, or pay what is due");
  } catch (error) {
    return unasked('sending', error);
  }
}

const NEEDED: readonly Subscription[] = ['accepted', 'delivered', 'permanent_fail', 'temporary_fail'];
const RECOMMENDED: readonly Subscription[] = ['complained', 'unsubscribed'];

async function webhooks({ account, config, fixWebhooks }: Asked, domain: string): Promise<Finding> {
  if (!config.PUBLIC_URL)
    return warning(
      'webhooks',
      `can't be checked for ${domain}: PUBLIC_URL is not set`,
      'set it to where Mailgun reaches us',
    );
  const url = `${config.PUBLIC_URL.replace(/\/+$/, '')}/webhooks/mailgun`;
  try {
    if (fixWebhooks) {
      const added = await account.registerWebhook(domain, url, [...NEEDED, ...RECOMMENDED]);
      return ok('webhooks', added.length > 0 ? `${domain}: registered ${added.join(', ')}` : `${domain}: complete`);
    }
    const present = await account.webhooks(domain);
    const missing = (names: readonly Subscription[]) => names.filter((name) => !present[name].includes(url));
    const mend = 'run "homing doctor --fix-webhooks" (not needed where the whole account posts to that address)';
    const lacking = (names: readonly Subscription[]) => `${domain} does not post ${names.join(', ')} to ${url}`;
    if (missing(NEEDED).length > 0) return problem('webhooks', lacking(missing(NEEDED)), mend);
    if (missing(RECOMMENDED).length > 0) return warning('webhooks', lacking(missing(RECOMMENDED)), mend);
    return ok('webhooks', `${domain}: complete`);
  } catch (error) {
    if (fixWebhooks && error instanceof ApiRefusal)
      return problem('webhooks', `${domain}: ${error.message}`, 'register them in the Mailgun dashboard');
    return unasked('webhooks', error);
  }
}

/** The stored copy must be there when the last retry has failed and the fallback fetches it. */
function retention(config: Config, domain: string, kept: Ms | null): Finding {
  const policy = policyFor('notice', settingsOf(config).policies);
  const waits = Array.from({ length: policy.maxAttempts - 1 }, (_, n) => plainWait(n + 1, policy.waits));
  const needed = waits.reduce((sum, wait) => sum + wait, 0) * (1 + policy.spread);
  const plan = `the retries of a message take ${lengthWords(needed)}`;
  const mend =
    'raise the retention in Mailgun, set ENCRYPTION_KEY and send through our queue, or lower RETRY_MAX_ATTEMPTS';
  if (kept === null)
    return warning('retention', `Mailgun does not say how long it keeps messages of ${domain}; ${plan}`, mend);
  const says = `Mailgun keeps messages of ${domain} for ${lengthWords(kept)}; ${plan}`;
  return kept < needed
    ? warning('retention', `${says}, so the last ones will be made early`, mend)
    : ok('retention', says);
}

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
