import { tookOf } from '../core/latency.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import type { Ended } from './record.ts';

/** How many hand-overs may be under way on a lane: as a rule, and when all goes well and more mail waits. */
export type Width = { usual: number; most: number };

export type Widths = {
  /** How many may be under way on this lane now. */
  of(lane: string): number;
  /** As much mail was taken for this lane as it had room for: more may wait. */
  want(lane: string): void;
  /** How a hand-over on this lane ended. */
  note(lane: string, ended: Told): void;
};

type Told = Pick<Ended, 'fact' | 'took' | 'isToldBefore'>;

/** So long after the last mail that found no room a lane keeps the places that it has gained. */
const KEEP: Ms = SECOND;

/**
 * While mail waits for a place on a lane, each quick hand-over makes room for one more. All that was gained is lost at the
 * first sign of trouble, and when nothing waits any more: the fewer are under way when a provider begins to hang, the less
 * mail is in doubt.
 */
export function createWidths(lanes: ReadonlyMap<string, Width>, monotonic: Clock): Widths {
  const gained = new Map<string, { places: number; wantedAt: Ms }>();
  const gainedBy = (lane: string) => {
    const found = gained.get(lane);
    return found && monotonic() - found.wantedAt < KEEP ? found : null;
  };
  return {
    of: (lane) => (lanes.get(lane)?.usual ?? 0) + (gainedBy(lane)?.places ?? 0),
    want(lane) {
      gained.set(lane, { places: gainedBy(lane)?.places ?? 0, wantedAt: monotonic() });
    },
    note(lane, ended) {
      const { usual, most } = lanes.get(lane) ?? { usual: 0, most: 0 };
      const own = gainedBy(lane);
      if (own === null || ended.isToldBefore) return;
      if (isTrouble(ended)) own.places = 0;
      else if (isQuick(ended)) own.places = Math.min(own.places + 1, most - usual);
    },
  };
}

/** Of a large mail it is not known. */
const isQuick = ({ fact, took = null }: Told): boolean =>
  fact.kind === 'accepted' && took !== null && tookOf(took) === 'took1';

const isTrouble = ({ fact, took = null }: Told): boolean =>
  fact.kind === 'unanswered' ||
  (fact.kind === 'refused' && (fact.why === 'busy' || fact.why === 'account')) ||
  (took !== null && tookOf(took) !== 'took1');
