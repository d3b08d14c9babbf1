import type { Answer } from '../../core/answer.ts';
import { createRelay, type Relay, type RelayMail, type RelayOptions } from './relay.ts';

/** Who answered; null when there was nobody to ask. */
export type Routed = {
  answer: Answer;
  via: string | null;
  /** The relays that were of no use before that one, in order. */
  passedOver: { via: string; answer: Answer }[];
};

export type Relays = {
  /** In the order in which they are tried. */
  readonly names: string[];
  /** Hands one mail to the first relay that takes it or decides about it. */
  send: (mail: RelayMail, options?: { skip?: readonly string[]; signal?: AbortSignal }) => Promise<Routed>;
  /** What each relay says to a login, in order. */
  verify: () => Promise<({ name: string } & Awaited<ReturnType<Relay['verify']>>)[]>;
  close: () => Promise<void>;
};

/** The secondary SMTP servers, in order of preference. */
export function createRelays(urls: readonly string[], options: RelayOptions): Relays {
  const relays = urls.map((url) => createRelay(url, options));
  return {
    names: relays.map(({ name }) => name),
    send: (mail, { skip = [], signal } = {}) =>
      sendBy(
        relays.filter(({ name }) => !skip.includes(name)),
        mail,
        signal,
      ),
    verify: () => Promise.all(relays.map(async (relay) => ({ name: relay.name, ...(await relay.verify()) }))),
    close: async () => {
      await Promise.all(relays.map((relay) => relay.close()));
    },
  };
}

async function sendBy(relays: Relay[], mail: RelayMail, signal: AbortSignal | undefined): Promise<Routed> {
  const passedOver: Routed['passedOver'] = [];
  for (const [index, relay] of relays.entries()) {
    const answer = await relay.send(mail, signal);
    const isLast = index === relays.length - 1 || (signal?.aborted ?? false);
    if (isLast || !isAboutRoute(answer)) return { answer, via: relay.name, passedOver };
    passedOver.push({ via: relay.name, answer });
  }
  return { answer: { kind: 'refused', why: 'busy', detail: 'no secondary SMTP to try' }, via: null, passedOver };
}

/**
 * Only a relay that took nothing for reasons of its own may be passed over. After a 4xx or 5xx about the mail another
 * route would be a second opinion, and after no answer a second copy.
 */
function isAboutRoute(answer: Answer): boolean {
  return answer.kind === 'refused' && (answer.why === 'busy' || answer.why === 'account');
}
