import type { Unwell } from '../core/health.ts';

/** A provider that is not healthy, as the API and the commands show it. */
export const shownUnwell = ({ provider, state, since, share }: Unwell) => ({
  ...{ name: provider, state, share },
  since: new Date(since).toISOString(),
});
