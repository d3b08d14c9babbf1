import { type AlertKind, putOffIncident } from '../core/alerting.ts';
import { endingOf, type Fresh, type Incident } from '../core/incident.ts';
import { thresholdIncident } from '../core/thresholds/incident.ts';
import { type Clock, HOUR, MINUTE, type Ms } from '../core/time.ts';
import type { Providers } from '../providers/registry/registry.ts';
import { backupState, lastPassedRestoreDrill } from '../store/backups.ts';
import { isStillIll } from '../store/care.ts';
import type { Store } from '../store/db/open.ts';
import { lastDrill } from '../store/drills.ts';
import { postsWaiting } from '../store/events.ts';
import { lastWebhookAt } from '../store/inbox/inbox.ts';
import { cursor, cursorsAt, RECONCILED, readTo } from '../store/notes/cursors.ts';
import { endpoints } from '../store/notes/endpoints.ts';
import { standings } from '../store/notes/health.ts';
import { putOffsNow } from '../store/notes/receivers.ts';
import { signsOf } from '../store/notes/signs.ts';
import { incidentName } from '../store/projections/alert-items.ts';
import { standingThresholds } from '../store/threshold-states.ts';
import { peerBackSince } from './peers.ts';

export type EndingDeps = {
  store: Store;
  providers: Pick<Providers, 'named'>;
  /** How long a hand-over counts for how a provider is. */
  window: Ms;
  now: Clock;
};

/** Their ends are told one for one. */
const SINGLE: ReadonlySet<AlertKind> = new Set(['provider_down', 'threshold', 'flatline']);

/** The clocks of daemons differ by less. */
const AHEAD: Ms = MINUTE;

/** Since when what an incident is about is over; null while it lasts, and where that can't be seen. */
export type OverSince = (incident: Incident) => Promise<Ms | null>;

/** Begins a look at many incidents, for which what rings is read once. */
export function lookForEnds(deps: EndingDeps, fresh: ReadonlyMap<string, Fresh>): OverSince {
  let read: Promise<Set<string>> | null = null;
  const ringing = () => {
    read ??= ringingNow(deps.store);
    return read;
  };
  return (incident) => overSince({ ...deps, ringing }, incident, fresh);
}

type Looking = EndingDeps & { ringing(): Promise<Set<string>> };

async function overSince(deps: Looking, incident: Incident, fresh: ReadonlyMap<string, Fresh>): Promise<Ms | null> {
  const now = deps.now();
  const latest = Math.min(Math.max(incident.lastItemAt, fresh.get(incident.name)?.latest ?? 0), now - 1);
  // Of records and lists several may be wrong, and one that is mended is not all.
  const back = SINGLE.has(incident.kind) ? fresh.get(endingOf(incident.name) ?? '') : undefined;
  // What is ahead of the clock was written before that was set back, and may not be so any more.
  const isTold = back !== undefined && back.latest <= now + AHEAD;
  const told = isTold ? back.latest : await seen(deps, incident, latest);
  return told !== null && told > latest ? told : null;
}

async function seen({ store, ...deps }: Looking, { kind, name }: Incident, latest: Ms): Promise<Ms | null> {
  const about = name.slice(name.indexOf(':') + 1);
  switch (kind) {
    case 'provider_down':
      return backSince(store, about);
    case 'reconciler_silent':
      return (await cursor(store, RECONCILED))?.at ?? null;
    case 'webhooks_silent':
      return lastWebhookAt(store);
    case 'drill_failed':
      return passedAt({ store, ...deps });
    case 'dns_wrong':
      return (await isStillIll(store, 'dns')) ? null : deps.now();
    case 'ip_listed':
      return (await isStillIll(store, 'listing')) ? null : deps.now();
    case 'warmup_behind':
      return (await isStillIll(store, 'warmup')) ? null : deps.now();
    case 'backup_failed':
    case 'backup_old':
      return (await backupState(store)).good?.endedAt ?? null;
    case 'restore_drill_failed':
    case 'restore_drill_old':
      return lastPassedRestoreDrill(store);
    case 'threshold':
    case 'flatline':
      return (await deps.ringing()).has(name) ? null : deps.now();
    case 'put_off':
      return (await isPutOff({ store, ...deps }, name)) ? null : deps.now();
    case 'events_webhook_failing':
      return (await isBehind(store, name, deps.now())) ? null : deps.now();
    case 'peer_silent':
      return peerBackSince(store, about, latest, deps.now());
    case 'account_refused':
      return (await takesOurs({ store, ...deps }, about, latest)) ? deps.now() : null;
    default:
      return null;
  }
}

/** The incidents of the thresholds that are passed. */
async function ringingNow(store: Store): Promise<Set<string>> {
  const kept = (await standingThresholds(store)).filter(({ standing }) => standing.rangAt !== null);
  const names = kept.map(
    ({ rule, measure, scope }) => thresholdIncident({ name: rule, measure }, scope, 'rings').incident,
  );
  return new Set(names.map(incidentName));
}

async function backSince(store: Store, provider: string): Promise<Ms | null> {
  const standing = (await standings(store)).get(provider);
  return standing?.state === 'healthy' ? standing.since : null;
}

/** What waits for longer keeps an endpoint from being well. */
const BEHIND: Ms = HOUR;

/** Whether an endpoint takes no events, or fewer than there are. One that is not in use any more needs none. */
async function isBehind(store: Store, incident: string, now: Ms): Promise<boolean> {
  const endpoint = (await endpoints(store)).find(({ id }) => incidentName(`events_webhook_failing:${id}`) === incident);
  if (endpoint === undefined) return false;
  if (endpoint.disabledAt !== null || endpoint.failingSince !== null) return true;
  const { oldest } = await postsWaiting(store, endpoint.id, 1);
  return oldest !== null && now - oldest > BEHIND;
}

async function passedAt({ store, now }: EndingDeps): Promise<Ms | null> {
  const drill = await lastDrill(store, now());
  return drill?.passed ? drill.endedAt : null;
}

async function isPutOff({ store, window, now }: EndingDeps, incident: string): Promise<boolean> {
  const putOffs = await putOffsNow(store, { now: now(), window });
  return putOffs.some(
    ({ provider, name }) => incidentName(putOffIncident(provider, name, now()).incident) === incident,
  );
}

/** It takes mail again and refuses none, and it answers questions, where it has any to answer. */
async function takesOurs(
  { store, providers, window, now }: EndingDeps,
  provider: string,
  latest: Ms,
): Promise<boolean> {
  if (now() - latest < window) return false;
  const { taken, barred } = await signsOf(store, provider, { now: now(), window });
  if (taken === 0 || barred > 0) return false;
  const domains = providers.named(provider)?.history?.domains ?? [];
  const read = await cursorsAt(
    store,
    domains.map((domain) => readTo('head', provider, domain)),
  );
  return [...read.values()].every((at) => at > latest);
}
