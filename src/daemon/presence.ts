import { hostname } from 'node:os';
import type { Job } from '../base/job.ts';
import { ALONE, type Role, type Share, shareAmong } from '../core/roles.ts';
import { type Clock, DAY, type Ms, SECOND } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import {
  daemonsSince,
  forgetDaemon,
  forgetDaemonsBefore,
  noteDaemon,
  type SeenDaemon,
} from '../store/notes/daemons.ts';

/** Which of the daemons on this database this one is. */
export type Presence = {
  id: string;
  /** Its share of what those that dispatch divide among them, as of the last look. */
  share(): Share;
  look(): Promise<void>;
  leave(): Promise<void>;
};

export type PresenceDeps = { id: string; store: Store; roles: readonly Role[]; startedAt?: Ms; now: Clock };

const PAUSE: Ms = 5 * SECOND;
/** Who was not seen for so long is gone, or stands still: the others have its share. */
const GONE: Ms = 4 * PAUSE;

export function createPresence({ id, store, roles, now, startedAt = now() }: PresenceDeps): Presence {
  let share = ALONE;
  return {
    id,
    share: () => share,
    async look() {
      const name = `${hostname()}:${process.pid}`;
      await noteDaemon(store, { id, name, roles, startedAt, seenAt: now() });
      const there = await daemonsSince(store, now() - GONE);
      // One that has died with a clock that was ahead would seem to be there until that time has come.
      const isNow = ({ seenAt }: SeenDaemon) => seenAt <= now() + GONE;
      const sharing = there.filter((one) => isNow(one) && one.roles.includes('dispatch'));
      share = shareAmong(
        sharing.map((one) => one.id),
        id,
      );
      await forgetDaemonsBefore(store, now() - DAY);
    },
    leave: () => forgetDaemon(store, id),
  };
}

export const presenceJob: Job<{ presence: Presence }> = {
  name: 'presence',
  pause: () => PAUSE,
  start: ({ presence }) => ({
    async run() {
      await presence.look();
      return 0;
    },
  }),
};
