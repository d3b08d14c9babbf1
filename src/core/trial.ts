import type { Sighting } from './sighting.ts';

/** A mail of our own that nobody gets, by which a provider is tried out: its events are about no mail of anybody. */
const TRIAL = 'homing-trial-';

/** The name of such a mail, as its events bear it; `id` is one that nothing else has. */
export const trialId = (id: string): string => `${TRIAL}${id}`;

export const isOfTrial = ({ homingId }: Pick<Sighting, 'homingId'>): boolean => homingId?.startsWith(TRIAL) === true;
