// A daemon's dispatcher, with a provider that takes each mail at once and needs no network.
import { createLog } from '../../src/base/log.ts';
import { createBell, every } from '../../src/base/loop.ts';
import { readConfig } from '../../src/config/config.ts';
import { closeOutside, type Inside, insideOf } from '../../src/daemon/inside.ts';
import { createDispatcher } from '../../src/dispatch/dispatch.ts';
import { connectProviders, type Providers } from '../../src/providers/registry/registry.ts';
import { openStore } from '../../src/store/db/open.ts';
import { DOMAIN, ENCRYPTION_KEY, TOKEN } from '../bench/daemon.ts';
import { type Drained, measure } from './contest.ts';

const PATIENCE = 120_000;

/** Hands all over that is due, as `homing start` does. */
export async function dispatchAll(url: string, count: number): Promise<Drained> {
  const handedOver = counter(count);
  const inside = assemble(url, handedOver.count);
  const bell = createBell();
  const stopping = new AbortController();
  const dispatcher = createDispatcher({ ...inside, onFree: bell.ring });
  const loop = { pause: inside.config.DUE_POLL, bell, signal: stopping.signal, log: inside.log };
  try {
    const done = measure();
    const looking = every('dispatch', () => dispatcher.run(), loop);
    await handedOver.all;
    stopping.abort();
    await looking;
    await dispatcher.idle();
    return done();
  } finally {
    stopping.abort();
    await closeOutside(inside);
    await inside.store.close();
  }
}

/** `all` resolves at the last one. */
function counter(count: number): { count(): void; all: Promise<void> } {
  let left = count;
  let last = () => {};
  const all = new Promise<void>((resolve, reject) => {
    const late = () => reject(new Error(`${left} of ${count} were not handed over in time`));
    const timer = setTimeout(late, PATIENCE);
    last = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  return { all, count: () => void (--left === 0 && last()) };
}

function assemble(url: string, onHandOver: () => void): Inside {
  const env = {
    ...{ DATABASE_URL: url, API_TOKENS: TOKEN, ENCRYPTION_KEY, MAILGUN_API_KEY: 'key-of-the-bench' },
    ...{ MAILGUN_DOMAIN: DOMAIN, MAILGUN_WEBHOOK_SIGNING_KEY: 'of-the-bench' },
  };
  const config = readConfig(env, 'daemon');
  const clocks = { now: Date.now, monotonic: () => performance.now() };
  return insideOf({
    ...{ store: openStore(url), config, ...clocks, wake: () => {}, signal: new AbortController().signal },
    log: createLog('error', 'pretty', process.stderr),
    providers: takingAll(connectProviders(config, clocks), onHandOver),
  });
}

function takingAll(providers: Providers, onHandOver: () => void): Providers {
  const all = providers.all.map((provider) => ({
    ...provider,
    async handOver({ rfcMessageId: messageId }: { rfcMessageId: string }) {
      onHandOver();
      return { kind: 'accepted', messageId, detail: 'Queued. Thank you.' } as const;
    },
  }));
  return { ...providers, all, named: (name) => all.find((provider) => provider.name === name) ?? null };
}
