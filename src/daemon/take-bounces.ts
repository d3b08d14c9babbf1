import type { BounceListener } from '../bounces/listener.ts';
import { ConfigError } from '../config/config.ts';
import { createFiling, keepIn } from '../store/inbox/filing.ts';
import type { Face } from './face.ts';

/** Listens for mail that comes back, where a port is set for that; null where none is. */
export async function takeBounces({
  config,
  store,
  providers,
  now,
  log,
  onKept,
}: Face): Promise<BounceListener | null> {
  const { BOUNCE_SMTP_PORT: port, BOUNCE_SMTP_HOST: host, BOUNCE_DOMAIN: name } = config;
  if (port === undefined || name === undefined) return null;
  const { listenForBounces } = await import('../bounces/listener.ts');
  const { isSynchronous } = store;
  const file = createFiling({ keep: keepIn({ store, log }), isSynchronous, onKept, log });
  try {
    return await listenForBounces({ providers: providers.all, file, now, log }, { host, port, name });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no address';
    throw new ConfigError([`BOUNCE_SMTP_HOST and BOUNCE_SMTP_PORT name a place where it can't listen: ${code}`]);
  }
}
