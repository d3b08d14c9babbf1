import { type Change, nextHealth, type Standing, type World } from '../core/health.ts';
import { type Latencies, slownessIn } from '../core/latency.ts';
import type { PutOffAtOnce } from '../core/receivers.ts';
import { heardAfter, leastUnheard, type OutageRules, type Signs } from '../core/signs.ts';
import { type Ms, SECOND } from '../core/time.ts';
import type { Provider } from '../providers/provider.ts';
import type { Providers } from '../providers/registry/registry.ts';
import type { RaisedItem } from '../store/alerts.ts';
import { changeHealth } from '../store/change-health.ts';
import { backlogAt, expectDrains } from '../store/drains.ts';
import { lookAtHeld } from '../store/ledger/due.ts';
import { cursorsAt, readTo } from '../store/notes/cursors.ts';
import { healthChanges, standings, switchesOf } from '../store/notes/health.ts';
import { hintsOf } from '../store/notes/hints.ts';
import { pausedAmong } from '../store/notes/pauses.ts';
import { signsOf, tookBefore } from '../store/notes/signs.ts';
import { type Unheard, unheardOf } from '../store/unheard.ts';
import { type ProbeDeps, probe } from './probe.ts';
import { countReceivers, lookAtReceivers, type ReceiverDeps } from './receivers.ts';

export type WatchDeps = ProbeDeps &
  ReceiverDeps & {
    providers: Providers;
    rules: OutageRules;
    /** What was found that need not be counted at each look. */
    found?: Map<string, Found>;
  };

/** Mail that nothing was heard of, mail that was put off, and how long hand-overs took before. */
type Found = { at: Ms; unheard: Unheard; putOff: PutOffAtOnce | null; tookBefore: Latencies };

const USUAL: Standing = { state: 'healthy', since: 0, share: 100, wellSince: null, probesFailed: 0 };

/** Looks at how the providers are, in any number of processes; says how many of them changed. */
export async function watchProviders(deps: WatchDeps): Promise<number> {
  const { store, providers, now, log } = deps;
  await countReceivers(deps);
  const before = await standings(store);
  const known = (name: string) => before.get(name) ?? USUAL;
  const isDoubtful = providers.all.some(({ name }) => known(name).state !== 'healthy');
  const hasOthers = providers.all.length > 1;
  if (isDoubtful)
    await Promise.all(providers.all.map((provider) => probe(deps, provider, known(provider.name), hasOthers)));
  const at = isDoubtful ? await standings(store) : before;
  let changed = 0;
  for (const provider of providers.all) {
    const standing = at.get(provider.name) ?? USUAL;
    const signs = await signsFor(deps, provider);
    const change = nextHealth(standing, signs, await worldFor(deps, provider, at));
    if (!change) continue;
    const alert = alertOf(provider.name, standing, change, now());
    const backlog = isBack(standing, change) ? await backlogAt(store, provider.name, now()) : null;
    if (!(await changeHealth(store, provider.name, { before: standing, change, alert, backlog }, now()))) continue;
    const about = { provider: provider.name, before: standing.state, ...change };
    log.warn(about, 'the health of a provider changed');
    changed++;
  }
  if (changed > 0) await lookAtHeld(store, now());
  await expectDrains(store, deps.rules.window / 2, now());
  return changed;
}

async function signsFor(deps: WatchDeps, provider: Provider): Promise<Signs> {
  const { store, rules, now } = deps;
  const { took, ...counted } = await signsOf(store, provider.name, { now: now(), window: rules.window });
  const isOneDomain = counted.barred > 0 && (await mayAnySend(deps, provider));
  const found = await foundOf(deps, provider);
  return {
    ...counted,
    barred: isOneDomain ? 0 : counted.barred,
    slowness: slownessIn(took, found.tookBefore),
    putOff: found.putOff,
    ...found.unheard,
  };
}

async function foundOf(deps: WatchDeps, provider: Provider): Promise<Found> {
  const { store, rules, now, found } = deps;
  const { window } = rules;
  const at = now();
  const before = found?.get(provider.name);
  if (before && at - before.at < window / 6) return before;
  const next = {
    at,
    // While nobody can say, what was known holds: else one that swallows mail would get more of it.
    unheard: (await unheardAt(deps, provider)) ?? before?.unheard ?? NONE,
    putOff: await lookAtReceivers(deps, provider.name),
    tookBefore: await tookBefore(store, provider.name, at - window),
  };
  found?.set(provider.name, next);
  return next;
}

const NONE: Unheard = { accepted: 0, unheard: 0, receivers: 0 };

/** Null while its records are not read: without them nobody can say whether mail vanishes or webhooks do. */
async function unheardAt(deps: WatchDeps, provider: Provider): Promise<Unheard | null> {
  const { store, rules, now } = deps;
  const { window } = rules;
  const after = heardAfter(rules.silence);
  const readUpTo = await readBy(deps, provider);
  if (readUpTo === null || readUpTo < now() - 2 * after) return null;
  const to = Math.min(readUpTo - READ_WITHIN, now() - after);
  // What vanished before it came back was told of when it went, and says nothing of how it is now.
  const earliest = await backSince(deps, provider.name, to - 15 * window);
  const lately = await unheardOf(store, provider.name, { from: Math.max(earliest, to - window), to });
  // Where little is sent, what there is tells for longer.
  const isEnough = lately.accepted >= leastUnheard(rules);
  return isEnough ? lately : unheardOf(store, provider.name, { from: earliest, to });
}

/** When it began to get mail again after it had been down, if that is no longer ago than this; else that moment. */
async function backSince({ store }: WatchDeps, provider: string, earliest: Ms): Promise<Ms> {
  const changes = await healthChanges(store, earliest);
  const back = changes.findLast((change) => change.provider === provider && change.before === 'down');
  return Math.max(earliest, back?.at ?? earliest);
}

/** Whether some domain may send as far as is known: one of several may be disabled, and its mail is left alone for that. */
async function mayAnySend({ store, now }: WatchDeps, { name, history }: Provider): Promise<boolean> {
  const domains = history?.domains ?? [];
  const paused = await pausedAmong(store, { providers: [name], domains }, now());
  return domains.some((domain) => !paused.some((one) => one.domain === domain));
}

/** So late an event may be listed. */
const READ_WITHIN: Ms = 10 * SECOND;

/** Up to when all its records are read; null where it has none. */
async function readBy({ store }: WatchDeps, { name, history }: Provider): Promise<Ms | null> {
  const domains = history?.domains ?? [];
  const names = domains.map((domain) => readTo('head', name, domain));
  const read = await cursorsAt(store, names);
  return names.length > 0 && read.size === names.length ? Math.min(...read.values()) : null;
}

async function worldFor(
  { store, providers, rules, now }: WatchDeps,
  { name }: Provider,
  at: ReadonlyMap<string, Standing>,
): Promise<World> {
  const others = providers.all.filter((other) => other.name !== name).map((other) => at.get(other.name) ?? USUAL);
  const isSick = ({ state, probesFailed }: Standing) => state === 'down' || probesFailed > 0;
  const elsewhere = others.length === 0 ? 'none' : others.every(isSick) ? 'sick' : 'well';
  const isOpen = ['suspect', 'down'].includes(at.get(name)?.state ?? 'healthy');
  const switches = isOpen ? await switchesOf(store, name, now()) : 0;
  return { ...rules, now: now(), elsewhere, switches, hints: await hintsOf(store, name, now()) };
}

const isBack = (before: Standing, { state }: Change): boolean => state === 'healthy' && before.state !== 'suspect';

/** People are told that it went down, and that it is back. */
function alertOf(provider: string, before: Standing, change: Change, at: Ms): RaisedItem | null {
  const { state, evidence } = change;
  if (state !== 'down' && !isBack(before, change)) return null;
  const kind = state === 'down' ? 'provider_down' : 'provider_back';
  return {
    item_key: `${kind}:${provider}:${at}`,
    incident: `${kind}:${provider}`,
    kind,
    at,
    detail: `${provider}: ${evidence}.`,
  };
}
