import type { Answer } from '../core/answer.ts';
import type { Ms } from '../core/time.ts';
import type { Down, Gate } from '../gate.ts';
import { createRelay, type Relay, type RelayMail, type RelayOptions } from './relay.ts';

/** Who answered; null when there was nobody to ask. */
export type Routed = {
  answer: Answer;
  via: string | null;
  /** The relays that were of no use before that one, in order. */
  passedOver: { via: string; answer: Answer }[];
};

/** `down` is undefined for a relay that nothing is known of yet. */
export type RelayState = { name: string; down: Down | null | undefined };

export type Relays = {
  /** In the order in which they are tried. */
  readonly names: string[];
  /** Hands one mail to the first relay that takes it or decides about it. */
  send: (mail: RelayMail, options?: { skip?: readonly string[]; signal?: AbortSignal }) => Promise<Routed>;
  /** What each relay says to a login, in order. */
  verify: () => Promise<({ name: string } & Awaited<ReturnType<Relay['verify']>>)[]>;
  /** Logs in to those that were of no use and have been left alone for long enough, and learns from it. */
  tryAgain: () => Promise<void>;
  /** When the first of them may be tried again; null when one may be tried now. */
  closedUntil: () => Ms | null;
  states: () => RelayState[];
  close: () => Promise<void>;
};

/** For a command, which uses each relay once. */
const OPEN: Gate = { refused: () => {}, worked: () => {}, closed: () => null, standing: () => undefined };

/** The secondary SMTP servers, in order of preference. One that is of no use is left alone for a while (`gate`). */
export function createRelays(urls: readonly string[], options: RelayOptions, gate = OPEN): Relays {
  const relays = urls.map((url) => createRelay(url, options));
  return {
    names: relays.map(({ name }) => name),
    send: (mail, { skip = [], signal } = {}) =>
      sendBy(
        relays.filter(({ name }) => !skip.includes(name)),
        gate,
        mail,
        signal,
      ),
    verify: () => Promise.all(relays.map(async (relay) => ({ name: relay.name, ...(await relay.verify()) }))),
    tryAgain: async () => {
      const due = relays.filter(({ name }) => gate.standing(name) && !gate.closed(name));
      await Promise.all(due.map((relay) => tryOne(relay, gate)));
    },
    closedUntil: () => {
      const times = relays.map(({ name }) => gate.closed(name)?.until ?? 0);
      return times.includes(0) ? null : Math.min(...times);
    },
    states: () => relays.map(({ name }) => ({ name, down: gate.standing(name) })),
    close: async () => {
      await Promise.all(relays.map((relay) => relay.close()));
    },
  };
}

async function tryOne(relay: Relay, gate: Gate): Promise<void> {
  const said = await relay.verify();
  if (said.ok) gate.worked(relay.name);
  else gate.refused(relay.name, said.detail);
}

async function sendBy(relays: Relay[], gate: Gate, mail: RelayMail, signal: AbortSignal | undefined): Promise<Routed> {
  const passedOver: Routed['passedOver'] = [];
  for (const [index, relay] of relays.entries()) {
    const answer = await sendThrough(relay, gate, mail, signal);
    const isLast = index === relays.length - 1 || (signal?.aborted ?? false);
    if (isLast || !isAboutRoute(answer)) return { answer, via: relay.name, passedOver };
    passedOver.push({ via: relay.name, answer });
  }
  return { answer: { kind: 'refused', why: 'busy', detail: 'no secondary SMTP to try' }, via: null, passedOver };
}

async function sendThrough(
  relay: Relay,
  gate: Gate,
  mail: RelayMail,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const closed = gate.closed(relay.name);
  if (closed)
    return { kind: 'refused', why: 'busy', detail: `left alone for now, after: ${closed.why}`, unreached: true };
  const answer = await relay.send(mail, signal);
  if (signal?.aborted) return answer;
  if (answer.kind === 'refused' && answer.unreached) gate.refused(relay.name, answer.detail);
  else if (isServers(answer)) gate.worked(relay.name);
  return answer;
}

/** No answer shows nothing, and what we refuse ourselves never got there. */
const isServers = (answer: Answer): boolean =>
  answer.kind === 'accepted' ||
  (answer.kind === 'refused' && (answer.why === 'temporary' || answer.why === 'permanent'));

/**
 * Only a relay that took nothing for reasons of its own may be passed over. After a 4xx or 5xx about the mail another
 * route would be a second opinion, and after no answer a second copy.
 */
function isAboutRoute(answer: Answer): boolean {
  return answer.kind === 'refused' && (answer.why === 'busy' || answer.why === 'account');
}
