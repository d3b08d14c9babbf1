import type { Config } from '../../config/config.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../../store/db/open.ts';
import { withStore } from './database.ts';
import { durationIn } from './duration.ts';
import type { Terminal } from './terminal.ts';

export type Patience = { patience: string };

/** All that a look at the DNS or at blocklists is made with. It looks whether daemons do so by themselves or not. */
export type CareLook = Awaited<ReturnType<typeof depsFor>>;

/** Looks from here, with the providers that are configured. */
export async function withCare<T>(
  terminal: Terminal,
  { patience }: Patience,
  work: (deps: CareLook) => Promise<T>,
): Promise<T> {
  const timeout = durationIn('--patience', patience);
  const { readConfig } = await import('../../config/config.ts');
  const config = readConfig(terminal.env, 'daemon');
  return withStore(terminal, async (store) => {
    const { connectProviders } = await import('../../providers/registry/registry.ts');
    const providers = connectProviders(config, { now: terminal.now, monotonic: terminal.now });
    try {
      return await work(await depsFor({ terminal, config, store, providers, timeout }));
    } finally {
      await providers.close();
    }
  });
}

type Given = {
  terminal: Terminal;
  config: Config;
  store: Store;
  providers: import('../../providers/registry/registry.ts').Providers;
  timeout: Ms;
};

async function depsFor({ terminal, config, store, providers, timeout }: Given) {
  const { depsOf } = await import('../../care/jobs.ts');
  const { createLog } = await import('../../base/log.ts');
  const log = createLog('error', 'pretty', terminal.err);
  return { ...depsOf({ store, config, providers, now: terminal.now, log }), timeout };
}
