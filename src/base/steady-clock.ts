import { type Clock, MINUTE, type Ms, SECOND } from '../core/time.ts';

export type SteadyClock = {
  /** The time, without the steps of the machine's clock that nobody else confirms. */
  now: Clock;
  /** What somebody else's clock says at this moment, to the second. */
  heard(theirs: Ms): void;
  /** By how much the machine's clock was behind theirs when it was last heard; null when it never was. */
  behindBy(): Ms | null;
  /** By how much this clock was behind theirs then; null when it never was heard. */
  slowBy(): Ms | null;
};

export type Clocks = {
  /** The machine's clock, which somebody may set. */
  wall: Clock;
  /** Goes on whatever is set, but not while the machine sleeps. */
  monotonic: Clock;
  /** The same, while the machine sleeps as well; may be coarse. */
  uptime: Clock;
};

/** Small corrections of the machine's clock are followed at once. */
const STEP: Ms = 2 * SECOND;
/** When nobody says which of the two is right, the machine's clock is followed after this time. */
const DOUBT: Ms = 10 * MINUTE;
/** Clocks that differ by less than this agree. */
const AGREES: Ms = MINUTE;

/**
 * A clock for due times and leases. When the machine's clock is set by more than a little, this one goes on as before until
 * somebody else's time shows which is right, for ten minutes at the most. It is then set forward at once, and back by
 * going at half its speed, so that nothing that is due stands still.
 */
export function createSteadyClock({ wall, monotonic, uptime }: Clocks): SteadyClock {
  let time = wall();
  let passed = monotonic();
  let up = { at: uptime(), passed };
  let drift: Ms = 0;
  let doubt: { since: Ms; right: 'wall' | 'course' | null } | null = null;
  let behind: Ms | null = null;
  let slow: Ms | null = null;

  function follow(to: Ms): void {
    time = to;
    drift = 0;
    doubt = null;
    if (passed - up.passed >= SECOND || passed < up.passed) up = { at: uptime(), passed };
  }

  /** How long the machine slept since the clocks last agreed. */
  const slept = (): Ms => uptime() - up.at - (passed - up.passed);

  /** Whether the machine's clock was set, so that it is not known which of the two is right. */
  function isDoubtful(machine: Ms): boolean {
    const off = machine - time;
    if (Math.abs(off) <= STEP) return false;
    if (Math.abs(off - drift) <= STEP) return true;
    if (off > 0 && Math.abs(off - slept()) <= STEP) return false;
    doubt = { since: passed, right: null };
    return true;
  }

  /** The machine is believed: forward at once, back at half the speed. */
  function approach(machine: Ms, gone: Ms): void {
    if (machine > time) follow(machine);
    else time -= Math.min(gone / 2, time - machine);
  }

  function advance(): void {
    const at = monotonic();
    const gone = at - passed;
    passed = at;
    time += gone;
    const machine = wall();
    if (isDoubtful(machine)) {
      const isOver = doubt !== null && doubt.right === null && at - doubt.since > DOUBT;
      if (doubt?.right === 'wall' || isOver) approach(machine, gone);
      drift = machine - time;
    } else follow(machine);
  }

  return {
    now() {
      advance();
      return Math.round(time);
    },
    heard(theirs) {
      advance();
      behind = theirs - wall();
      slow = theirs - time;
      if (!doubt) return;
      const [fromWall, fromCourse] = [Math.abs(behind), Math.abs(theirs - time)];
      if (Math.min(fromWall, fromCourse) <= AGREES) doubt.right = fromWall <= fromCourse ? 'wall' : 'course';
    },
    behindBy: () => behind,
    slowBy: () => slow,
  };
}
