import type { Hold } from '../store/notes/holds.ts';

/** A hold as the API and the commands show it. */
export const shownHold = ({ id, provider, class: kind, until, reason, who, at }: Hold) => ({
  id,
  provider,
  class: kind,
  until: until === null ? null : new Date(until).toISOString(),
  reason,
  by: who,
  at: new Date(at).toISOString(),
});
