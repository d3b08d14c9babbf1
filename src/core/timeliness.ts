import { MINUTE, type Ms } from './time.ts';

export type Timeliness = 'on_time' | 'delayed' | 'backup' | 'down';

/** What is known of how the mail of one class flows. */
export type Flow = {
  /** How long the oldest mail is late: it was due and not looked at, held back, or its provider did not take it. */
  late: Ms;
  /** Since when something is late, or else since when mail goes out through a secondary; null when neither is so. */
  since: Ms | null;
  /** How long ago the newest mail was made that went out through a secondary within the last minutes; null when none did. */
  backup: Ms | null;
  /** Mail of the last minutes is with the provider, or has arrived. */
  moving: boolean;
  /** There is mail of the last minutes that left, or is to. */
  traffic: boolean;
  /** How long the mail of the last minutes took that has arrived, half of it no longer; null when none has. */
  took: Ms | null;
};

/** The providers that are down: since when the first of them is, and whether nobody else is there to take mail. */
export type Trouble = { since: Ms; everywhere: boolean };

/** How people are told of the mail of one class; `quiet` when there is none of which anything could be said. */
export type Shown = {
  state: Timeliness | 'quiet';
  /** Since when it has not been on time; null when it is. */
  since: Ms | null;
  /** How long the oldest late mail is late, or else how long mail takes; null when nothing tells. */
  delay: Ms | null;
};

/** Shorter delays are not told: a step of the daemon and the pause after a busy provider take that long. */
const TOLERATED: Ms = MINUTE;
const STANDSTILL: Ms = 15 * MINUTE;

/** Mail that is late and was made after the last one that a secondary took is not being taken by it. */
export function timeliness({ late, backup, moving }: Pick<Flow, 'late' | 'backup' | 'moving'>): Timeliness {
  if (backup !== null && (late <= TOLERATED || late >= backup)) return 'backup';
  if (late <= TOLERATED) return 'on_time';
  return moving || late < STANDSTILL ? 'delayed' : 'down';
}

export function shownOf(flow: Flow, trouble: Trouble | null): Shown {
  const state = trouble?.everywhere ? 'down' : timeliness(flow);
  const delay = flow.late > TOLERATED ? flow.late : flow.took;
  if (state !== 'on_time') return { state, since: trouble?.since ?? flow.since, delay };
  return { state: flow.traffic || flow.late > 0 ? 'on_time' : 'quiet', since: null, delay };
}
