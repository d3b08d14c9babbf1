import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { peerIncident } from '../core/alerting.ts';
import type { Clock, Ms } from '../core/time.ts';
import { timeWords } from '../core/words/numbers.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
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
  const { now, log, patience } = deps;
  const { host } = new URL(peer);
  const before = silences.get(peer);
  try {
    await call({ url: heartbeatOf(peer), method: 'GET', sayings: ({ problem }) => [problem], patience });
    silences.delete(peer);
    if (before && before.missed >= MISSED) log.info({ peer: host }, 'the other daemon is well again');
  } catch (error) {
    const silence = { since: before?.since ?? now(), missed: (before?.missed ?? 0) + 1 };
    silences.set(peer, silence);
    if (silence.missed === MISSED) log.error({ peer: host, problem: wordsOf(error) }, 'another daemon is silent');
    if (silence.missed >= MISSED) await tell(deps, host, `${wordsOf(error)} (since ${timeWords(silence.since)})`);
  }
}

export const heartbeatOf = (peer: string): string => `${peer.replace(/\/+$/, '')}/heartbeat`;

async function tell({ store, now }: PeerDeps, host: string, problem: string): Promise<void> {
  const { kind, incident, key } = peerIncident(host, now());
  await raise(store, { item_key: key, incident, kind, at: now(), detail: `The daemon at ${host}: ${problem}.` });
}
