import { asciiLower } from '../core/address.ts';
import type { Ms } from '../core/time.ts';
import type { Gate } from '../gate.ts';
import { standstillIn } from './answers.ts';
import type { Exchanged } from './exchange.ts';

/**
 * What a call is for. They are told apart because an account may have the right to one and not to another: a key that may
 * not read events must not stop the sending.
 */
export type Lane = 'send' | 'repost' | 'copy' | 'ask';
export type LaneOf = { lane: Lane; domain: string };

/** Which calls are not made because one before them was refused for a reason that holds for them as well. */
export type Standstills = {
  /** What that refusal said; null when the call may be made. */
  before(call: LaneOf): string | null;
  learn(call: LaneOf, reply: Extract<Exchanged, { kind: 'reply' }>): void;
  /** When such calls may be made again; null when they may be now. */
  until(lane: Lane, domain: string): Ms | null;
};

/**
 * Who sends too fast may neither send nor ask for a while; who asks too often may still send. The stored copy can always
 * be had: mail that can't wait leaves by another provider with it.
 */
const THROTTLED: Readonly<Record<Lane, readonly Lane[]>> = {
  send: ['send', 'repost', 'ask'],
  repost: ['send', 'repost', 'ask'],
  copy: ['copy'],
  ask: ['ask'],
};

export function createStandstills(gate: Gate): Standstills {
  const nameOf = (lane: Lane, domain: string) => `mailgun ${lane} ${asciiLower(domain)}`;
  return {
    before: ({ lane, domain }) => gate.closed(nameOf(lane, domain))?.why ?? null,
    until: (lane, domain) => gate.closed(nameOf(lane, domain))?.until ?? null,
    learn({ lane, domain }, reply) {
      const stop = standstillIn(reply);
      if (!stop) return gate.worked(nameOf(lane, domain));
      const lanes = stop.why === 'throttle' ? THROTTLED[lane] : [lane];
      for (const each of lanes) gate.refused(nameOf(each, domain), stop.detail, stop.wait);
    },
  };
}

/** Logs are asked for over all domains at once. */
const ALL = '*';

/** The kind and the domain of a call, by its path below the base of the API or of a storage host. */
export function callIn(method: string, path: string): LaneOf {
  const parts = path.split('/').map(decoded);
  const [version, first = '', second = '', third] = parts.slice(parts.findIndex((part) => /^v\d$/.test(part)));
  if (first === 'domains') {
    const stored = method === 'POST' ? 'repost' : 'copy';
    return { lane: third === 'messages' ? stored : 'ask', domain: second || ALL };
  }
  if (version !== 'v3' || second === '') return { lane: 'ask', domain: ALL };
  return { lane: /^messages(\.mime)?$/.test(second) ? 'send' : 'ask', domain: first };
}

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};
