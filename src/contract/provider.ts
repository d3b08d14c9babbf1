import type { Standing, Unwell } from '../core/health.ts';
import type { Rate } from '../core/pace.ts';
import { HOUR, SECOND } from '../core/time.ts';

/** A provider that is not healthy, as the API and the commands show it. */
export const shownUnwell = ({ provider, state, since, share }: Unwell) => ({
  ...{ name: provider, state, share },
  since: new Date(since).toISOString(),
});

/** Any provider. One of which nothing was ever noted is healthy, and nobody knows since when. */
export const shownStanding = (name: string, standing: Standing | undefined) => ({
  ...{ name, state: standing?.state ?? 'healthy', share: standing?.share ?? 100 },
  since: standing && standing.since > 0 ? new Date(standing.since).toISOString() : null,
});

/** How fast `bulk` leaves while addresses warm up; nothing when none does. */
export const shownWarmup = (rate: Rate | null) =>
  rate && {
    warmup: { provider: rate.provider, class: rate.class, perHour: Math.round((rate.perSecond * HOUR) / SECOND) },
  };
