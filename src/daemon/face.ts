import type { AppDeps } from '../http/app.ts';
import { limitsOf } from '../http/limits/limits.ts';
import type { Place } from '../http/server.ts';
import { tellOfStale } from '../reconcile/tell-of-clock.ts';
import type { Inside } from './inside.ts';

/** What the HTTP side is called with. */
export const appDeps = (inside: Inside): AppDeps => ({
  store: inside.store,
  settings: inside.settings,
  tokens: inside.config.API_TOKENS,
  webhooks: inside.providers.all.flatMap(({ name, webhook }) => (webhook ? [{ provider: name, ...webhook }] : [])),
  onKept: () => inside.wake('digest'),
  onStale: (signedAt) =>
    void tellOfStale(inside.store, { signedAt, now: inside.now() }).catch((error) =>
      inside.log.error({ error }, 'it could not be noted that every webhook is stale'),
    ),
  onTold: () => inside.wake('told'),
  first: (work) => inside.rightOfWay.first(work),
  onQueued: () => inside.wake('dispatch'),
  encryptionKey: inside.encryptionKeys[0] ?? null,
  domains: inside.config.MAILGUN_DOMAIN,
  memory: limitsOf(inside.config).memory,
  now: inside.now,
  signal: inside.signal,
  log: inside.log,
});

/** Where it is called. */
export const placeOf = ({ config, monotonic }: Inside): Place => ({
  host: config.HOST,
  port: config.PORT,
  limits: limitsOf(config),
  monotonic,
});
