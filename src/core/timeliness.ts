import { MINUTE, type Ms } from './time.ts';

export type Timeliness = 'on_time' | 'delayed' | 'backup' | 'down';

/** What is known of how the mail of one class flows. */
export type Flow = {
  /** How long the oldest mail is late: it was due and not looked at, or its provider did not take it. */
  late: Ms;
  /** Mail of the last minutes went out through a secondary. */
  backup: boolean;
  /** Mail of the last minutes is with the provider, or has arrived. */
  moving: boolean;
};

/** Shorter delays are not told: a step of the daemon and the pause after a busy provider take that long. */
const TOLERATED: Ms = MINUTE;
const STANDSTILL: Ms = 15 * MINUTE;

export function timeliness({ late, backup, moving }: Flow): Timeliness {
  if (backup) return 'backup';
  if (late <= TOLERATED) return 'on_time';
  return moving || late < STANDSTILL ? 'delayed' : 'down';
}
