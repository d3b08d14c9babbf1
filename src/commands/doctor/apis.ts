import { within } from '../../base/wait.ts';
import type { Config } from '../../config/config.ts';
import type { Clock, Ms } from '../../core/time.ts';
import type { Provider } from '../../providers/provider.ts';
import { openSecondary } from '../../providers/registry/registry.ts';
import { apisAmong } from '../../providers/registry/settings.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** The secondaries with an API of their own: whether they know us, and tell what becomes of our mail. Nothing is sent. */
export function checkApis(config: Config, timeout: Ms, now: Clock): Promise<Finding[]> {
  const checkOne = async (url: string) => {
    const provider = openSecondary(url, { lease: config.LEASE, now });
    try {
      return await checkProvider(provider, timeout);
    } finally {
      await provider.close();
    }
  };
  return Promise.all(apisAmong(config).map(checkOne));
}

async function checkProvider({ name, can, verify }: Provider, timeout: Ms): Promise<Finding> {
  const verified = await within(verify?.() ?? FINE, timeout, SILENT);
  if (!verified.ok)
    return problem(
      'secondaries',
      `${name} would take no mail from us: ${verified.detail}`,
      'check its entry in SECONDARY, and its account',
    );
  if (!can.track)
    return warning(
      'secondaries',
      `${name} takes our mail, and can not tell what becomes of it`,
      'name the key of its webhooks in SECONDARY',
    );
  return ok('secondaries', `${name} knows our key and takes our mail`);
}

const FINE = Promise.resolve({ ok: true } as const);
const SILENT = { ok: false, detail: 'it did not answer in time' } as const;
