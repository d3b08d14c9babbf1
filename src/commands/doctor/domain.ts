import type { Config } from '../../config/config.ts';
import { settingsOf } from '../../config/settings.ts';
import { plainWait, policyFor } from '../../core/policy.ts';
import { lengthWords } from '../../core/words/numbers.ts';
import type { Account } from '../../providers/mailgun/account.ts';
import type { Domain } from '../../providers/mailgun/domain.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { unasked } from './unasked.ts';

/** Whether a domain is fit to send, by what Mailgun has said of it. */
export function state(domain: string, { isDisabled, state: given, missingRecords }: Domain): Finding[] {
  if (isDisabled)
    return [problem('domain', `${domain} is disabled at Mailgun`, "ask Mailgun's support, or look at its dashboard")];
  const records = missingRecords.slice(0, 5).map(({ type, name }) => `${type} ${name}`);
  const dns = records.length > 0 ? `: Mailgun does not find the right ${records.join(', ')}` : '';
  const mend = 'set the DNS records that the Mailgun dashboard shows for the domain, then verify it there';
  if (given !== null && given !== 'active') return [problem('domain', `${domain} is ${given} at Mailgun${dns}`, mend)];
  if (dns !== '') return [warning('domain', `${domain} lacks DNS records${dns}`, mend)];
  return [ok('domain', `${domain} is active at Mailgun`)];
}

export async function queues(account: Account, domain: string): Promise<Finding> {
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

/** The stored copy must be there when the last retry has failed and the fallback fetches it. */
export function retention(config: Config, domain: string, { kept }: Domain): Finding {
  const policy = policyFor('notice', settingsOf(config).policies);
  const waits = Array.from({ length: policy.maxAttempts - 1 }, (_, n) => plainWait(n + 1, policy.waits));
  const needed = waits.reduce((sum, wait) => sum + wait, 0) * (1 + policy.spread);
  const plan = `the retries of a message take ${lengthWords(needed)}`;
  const mend =
    'raise the retention in Mailgun, set ENCRYPTION_KEY and send through our queue, or lower RETRY_MAX_ATTEMPTS';
  if (kept === 0) return keptNot(domain, config.ENCRYPTION_KEY.length > 0);
  if (kept === null)
    return warning('retention', `Mailgun does not say how long it keeps messages of ${domain}; ${plan}`, mend);
  const says = `Mailgun keeps messages of ${domain} for ${lengthWords(kept)}; ${plan}`;
  return kept < needed
    ? warning('retention', `${says}, so the last ones will be made early`, mend)
    : ok('retention', says);
}

/** What goes through our queue has a copy here. */
function keptNot(domain: string, hasQueue: boolean): Finding {
  const says = `Mailgun keeps no message of ${domain} (retention 0): what applications send there themselves can neither be retried nor go to a secondary`;
  const mend = hasQueue
    ? 'send through our queue, or raise the retention in Mailgun'
    : 'raise the retention in Mailgun (a matter of the plan), or set ENCRYPTION_KEY and send through our queue';
  return (hasQueue ? warning : problem)('retention', says, mend);
}
