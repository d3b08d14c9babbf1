import { newId } from '../base/ids.ts';
import type { Job } from '../base/job.ts';
import type { Log } from '../base/log.ts';
import { type Clock, DAY, HOUR, MINUTE, type Ms } from '../core/time.ts';
import { domainsIn, type MailgunSettings } from '../providers/mailgun/settings.ts';
import type { Provider } from '../providers/provider.ts';
import type { Store } from '../store/db/open.ts';
import { giveUpTurn, takeTurn } from '../store/notes/turns.ts';
import { lookAtAccount } from './look-at-account.ts';
import { lookAtBlocklists } from './look-at-blocklists.ts';
import { lookAtDns } from './look-at-dns.ts';
import { type CareSettings, isInWorld, isWatching } from './settings.ts';

export type CareInside = {
  store: Store;
  config: CareSettings & MailgunSettings & { BOUNCE_DOMAIN?: string | undefined };
  providers: { readonly all: readonly Provider[]; named(name: string): Provider | null };
  now: Clock;
  log: Log;
  signal: AbortSignal;
};

/** Looks once a day, whichever daemon does it; an hour after one that failed. */
const EVERY: Ms = DAY;
const AGAIN: Ms = HOUR;

export const depsOf = ({ config, providers, ...rest }: Omit<CareInside, 'signal'> & { signal?: AbortSignal }) => ({
  ...rest,
  config,
  reputation: providers.named('mailgun')?.reputation,
  sending: providers.named('mailgun')?.sending,
  domains: domainsIn(config),
  secondaries: providers.all.map(({ name }) => name).filter((name) => name !== 'mailgun'),
});

type Daily = {
  name: string /** How long after the very first start. */;
  first: Ms;
  every?: Ms;
  isWanted?(config: CareInside['config']): boolean;
  look(inside: CareInside): Promise<unknown>;
};

const daily = ({ name, first, every = EVERY, isWanted = isWatching, look }: Daily): Job<CareInside> => ({
  name,
  pause: () => MINUTE,
  start(inside) {
    const { store, config, now, log, signal } = inside;
    if (!isWanted(config)) return { run: async () => 0 };
    return {
      async run() {
        const [turn, who, at] = [`care:${name}`, newId(now()), now()];
        if (!(await takeTurn(store, turn, who, { now: at, until: at + every, first: at + first }))) return 0;
        try {
          await look(inside);
        } catch (error) {
          // What a stop broke off is for another daemon, or for this one when it is there again.
          await giveUpTurn(store, turn, who, signal.aborted ? now() : now() + AGAIN);
          if (signal.aborted) return 0;
          log.error(
            { error },
            'a look at the DNS, at blocklists or at the account came to no end, and is made again in an hour',
          );
        }
        return 0;
      },
    };
  },
});

/** Not both at once, and not while a daemon is starting. */
export const CARE_JOBS = [
  daily({ name: 'dns', first: 10 * MINUTE, look: (inside) => lookAtDns(depsOf(inside)) }),
  daily({ name: 'blocklists', first: 25 * MINUTE, look: (inside) => lookAtBlocklists(depsOf(inside)) }),
  // Mailgun's stages have limits of an hour.
  daily({
    ...{ name: 'account', first: 5 * MINUTE, every: 15 * MINUTE, isWanted: isInWorld },
    look: (inside) => lookAtAccount(depsOf(inside)),
  }),
];
