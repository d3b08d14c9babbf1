import type { Candidate } from '../core/capabilities.ts';
import type { Held } from '../core/decision/world.ts';
import { isKeptFrom, type Standing } from '../core/health.ts';
import { isKeptBy } from '../core/released.ts';
import type { Settings } from '../core/settings.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { standings } from '../store/notes/health.ts';
import { activeHolds, type Hold } from '../store/notes/holds.ts';
import { pausedAmong } from '../store/notes/pauses.ts';
import type { View } from '../store/rows/rows.ts';

export type KeptDeps = {
  store: Store;
  settings: Pick<Settings, 'outagePatience'>;
  candidates: readonly Candidate[];
};

/** What keeps a mail from leaving now. */
export type KeptFrom = (view: View) => Held[];

/** Reads what keeps mail of these domains from leaving: operators, and providers that asked to be left alone or are down. */
export async function keptNow(
  { store, settings, candidates }: KeptDeps,
  domains: readonly string[],
  now: Ms,
): Promise<KeptFrom> {
  const providers = candidates.map(({ name }) => name);
  const [holds, paused, health] = await Promise.all([
    activeHolds(store, now),
    pausedAmong(store, { providers, domains }, now),
    standings(store),
  ]);
  return (view) => [
    ...holdsOf(view, holds),
    ...pausesOf(view, paused),
    ...outagesOf(view, health, settings.outagePatience),
  ];
}

const holdsOf = ({ class: kind, facts }: View, holds: readonly Hold[]): Held[] =>
  holds.filter((hold) => (hold.class === null || hold.class === kind) && isKeptBy(facts, hold.at));

/** The providers that asked to be left alone with mail like this. */
const pausesOf = ({ domain }: View, paused: Awaited<ReturnType<typeof pausedAmong>>): Held[] =>
  paused
    .filter((one) => one.domain === null || one.domain === domain)
    .map(({ provider, domain: about, until }) => ({
      ...{ id: `paused ${provider} ${about ?? ''}`, provider, until },
      why: about === null ? 'refused_busy' : 'refused_account',
    }));

/** The providers that are down, and those that come back and are not handed a mail like this yet. */
const outagesOf = (view: View, health: ReadonlyMap<string, Standing>, patience: Ms): Held[] =>
  [...health]
    .filter(([, standing]) => isKeptFrom(standing, view.id))
    .map(([provider, { since }]) => ({
      ...{ id: `down ${provider}`, provider, until: null, why: 'provider_down' },
      leaveFrom: view.birth.policy.fallbackAfter === null ? since + patience : since,
    }));
