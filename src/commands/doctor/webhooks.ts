import type { Account, Subscription } from '../../providers/mailgun/account.ts';
import { ApiRefusal } from '../../providers/mailgun/refusal.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import type { Address } from './public-address.ts';
import { unasked } from './unasked.ts';

const CHECK = 'webhooks';
const NEEDED: readonly Subscription[] = ['accepted', 'delivered', 'permanent_fail', 'temporary_fail'];
const RECOMMENDED: readonly Subscription[] = ['complained', 'unsubscribed'];

type Asked = { account: Account; address: Address | null; fixWebhooks: boolean };

/** Whether a domain, or the whole account, posts what happens to us; registers what is missing when told so. */
export async function webhooks(asked: Asked, domain: string): Promise<Finding> {
  const { account, address, fixWebhooks } = asked;
  if (address === null)
    return warning(
      CHECK,
      `can't be checked for ${domain}: PUBLIC_URL is not set`,
      'set it to where Mailgun reaches us',
    );
  try {
    const missing = await missingAt(account, domain, address.url);
    if (!fixWebhooks || missing.names.length === 0) return present(domain, address.url, missing);
    if (!address.isOurs) return notRegistered(domain, address.url);
    const added = await account.registerWebhook(domain, address.url, missing.names);
    return ok(CHECK, `${domain}: registered ${added.join(', ')}`);
  } catch (error) {
    if (fixWebhooks && error instanceof ApiRefusal)
      return problem(CHECK, `${domain}: ${error.message}`, 'register them in the Mailgun dashboard');
    return unasked(CHECK, error);
  }
}

/** Events of Mailgun would go to whoever answers there. */
const notRegistered = (domain: string, url: string): Finding =>
  problem(
    CHECK,
    `nothing is registered for ${domain}: no daemon of this database was seen to answer at ${url}`,
    'mend what is said of the public address first',
  );

/** The events that are not posted to us, and where they are posted instead. */
type Missing = { names: Subscription[]; elsewhere: string[] };

async function missingAt(account: Account, domain: string, url: string): Promise<Missing> {
  const [own, all] = await Promise.all([account.webhooks(domain), account.accountWebhooks()]);
  const urls = (name: Subscription) => [...own[name], ...all[name]];
  const names = [...NEEDED, ...RECOMMENDED].filter((name) => !urls(name).some((other) => isSame(other, url)));
  return { names, elsewhere: [...new Set(names.flatMap(urls).map(placeOf))] };
}

function present(domain: string, url: string, { names, elsewhere }: Missing): Finding {
  if (names.length === 0) return ok(CHECK, `${domain}: complete`);
  const instead = elsewhere.length > 0 ? `, but to ${elsewhere.slice(0, 3).join(' and ')}` : '';
  const says = `${domain} does not post ${names.join(', ')} to ${url}${instead}`;
  const isNeeded = names.some((name) => NEEDED.includes(name));
  return (isNeeded ? problem : warning)(CHECK, says, 'run "homing doctor --fix-webhooks"');
}

/** Case of the host, a default port and a slash at the end make no difference. */
const isSame = (one: string, other: string): boolean => plain(one) === plain(other);

const plain = (url: string): string => (URL.canParse(url) ? new URL(url).href.replace(/\/+$/, '') : url);

/** Without what may be secret: the name and password, and the query. */
function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'something that is no URL';
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
