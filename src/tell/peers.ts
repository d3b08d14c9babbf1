import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { peerIncident } from '../core/alerting.ts';
import { type Clock, HOUR, MINUTE, type Ms } from '../core/time.ts';
import { timeWords } from '../core/words/numbers.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import { cursor, setCursor } from '../store/notes/cursors.ts';
import { incidentName } from '../store/projections/alert-items.ts';
import { call } from './channels/call.ts';

export type PeerDeps = {
  store: Store;
  /** Where other daemons are called. */
  peers: readonly string[];
  now: Clock;
  log: Log;
  /** How long an answer may take. */
  patience?: Ms;
};

/** A daemon that is started again misses one or two. */
const MISSED = 3;

type Silence = { since: Ms; missed: number };

/**
 * Asks other daemons whether their reconcilers run. It catches one that is gone, and one that answers while its reconciler
 * stands still; what goes wrong with this one is told by the other.
 */
export function createPeerWatch(deps: PeerDeps): () => Promise<number> {
  const silences = new Map<string, Silence>();
  return async () => {
    await Promise.all(deps.peers.map((peer) => look(deps, peer, silences)));
    return 0;
  };
}

async function look(deps: PeerDeps, peer: string, silences: Map<string, Silence>): Promise<void> {
  const { now, log } = deps;
  const { host } = new URL(peer);
  const problem = await problemOf(deps, peer);
  const before = silences.get(peer);
  if (problem === null) {
    silences.delete(peer);
    if (await isBack(deps, host)) log.info({ peer: host }, 'the other daemon is well again');
    return;
  }
  const silence = { since: before?.since ?? now(), missed: (before?.missed ?? 0) + 1 };
  silences.set(peer, silence);
  if (silence.missed === MISSED) log.error({ peer: host, problem }, 'another daemon is silent');
  if (silence.missed >= MISSED) await tell(deps, host, silence.since, problem);
}

async function problemOf({ patience }: PeerDeps, peer: string): Promise<string | null> {
  try {
    await call({ url: heartbeatOf(peer), method: 'GET', sayings: ({ problem }) => [problem], patience });
    return null;
  } catch (error) {
    return wordsOf(error);
  }
}

export const heartbeatOf = (peer: string): string => `${peer.replace(/\/+$/, '')}/heartbeat`;

async function tell({ store, now }: PeerDeps, host: string, since: Ms, problem: string): Promise<void> {
  await setCursor(store, noteOf(host), SILENT, now());
  const { kind, incident, key } = peerIncident(host, since);
  const detail = `The daemon at ${host}: ${problem} (since ${timeWords(since)}).`;
  await raise(store, { item_key: key, incident, kind, at: now(), detail });
}

/** How a daemon was seen last after a silence, by any of those who watch it. */
const noteOf = (host: string): string => incidentName(`peer:${host}`);
const [SILENT, WELL] = ['silent', 'well'];

/** Where one of two that watch it can't reach it, it is not back. */
const AGREED: Ms = 3 * MINUTE;

async function isBack({ store, now }: PeerDeps, host: string): Promise<boolean> {
  const seen = await cursor(store, noteOf(host));
  if (seen?.value !== SILENT || Math.abs(now() - seen.at) < AGREED) return false;
  await setCursor(store, noteOf(host), WELL, now());
  return true;
}

/** What nobody has seen silent for so long is watched no more. */
const LOOKED_AT: Ms = 6 * HOUR;

/** Since when a daemon that was told of at that moment is well, or is watched by nobody; null while it is silent. */
export async function peerBackSince(store: Store, host: string, toldAt: Ms, now: Ms): Promise<Ms | null> {
  const { value, at } = (await cursor(store, noteOf(host))) ?? { value: SILENT, at: toldAt };
  if (value !== SILENT) return at;
  return Math.abs(now - at) > LOOKED_AT ? now : null;
}
