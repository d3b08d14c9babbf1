import type { Deadline } from '../../base/deadline.ts';
import type { Answer } from '../../core/answer.ts';
import type { Storage } from '../../core/sighting.ts';
import type { Fetched, Outgoing, StoredAt } from '../provider.ts';
import type { Port } from './port.ts';
import { storageTargets } from './storage.ts';

export type StoredOptions = { port: Port; apiUrl: string; allowedHosts: readonly string[] };

/** Has Mailgun's stored copy sent again to one recipient. */
export async function repostCopy(
  options: StoredOptions,
  mail: Outgoing,
  at: StoredAt,
  until: Deadline,
): Promise<Answer> {
  const { targets, problem } = targetsOf(options, mail.domain, at);
  if (targets.length === 0) return { kind: 'refused', why: whyNone(at.storages), detail: problem };
  return options.port.repost(targets, { to: mail.recipient, deliverAt: mail.deliverAt }, until);
}

export async function fetchCopy(
  options: StoredOptions,
  domain: string,
  at: StoredAt,
  until: Deadline,
): Promise<Fetched> {
  const { targets, problem } = targetsOf(options, domain, at);
  if (targets.length === 0) return { kind: whyNone(at.storages), detail: problem };
  return options.port.fetchMime(targets, until);
}

/** If there is a URL and still no target, our own check refused it. */
const whyNone = (storages: readonly Storage[]): 'gone' | 'storage_refused' =>
  storages.length === 0 ? 'gone' : 'storage_refused';

/** How many copies are tried. Mailgun names one or two. */
const MOST_STORAGES = 3;

/**
 * Where the stored copy may be asked for: only at hosts that we allow, only under a message path of this domain. A host that
 * kept us waiting or was in trouble may do so again, so each time another place is the first.
 */
function targetsOf(
  { apiUrl, allowedHosts }: StoredOptions,
  domain: string,
  { storages, failures }: StoredAt,
): { targets: string[]; problem: string } {
  const targets: string[] = [];
  let problem = 'no event told where the message is stored';
  let usable = 0;
  for (const { url, key } of storages) {
    const found = storageTargets({ url, key, domain, apiUrl, allowedHosts });
    targets.push(...found.targets.filter((t) => !targets.includes(t)));
    problem = found.problem ?? problem;
    // Refused ones do not count: otherwise forged events could push out the true one.
    if (found.targets.length > 0 && ++usable === MOST_STORAGES) break;
  }
  const first = targets.length === 0 ? 0 : failures % targets.length;
  return { targets: [...targets.slice(first), ...targets.slice(0, first)], problem };
}
