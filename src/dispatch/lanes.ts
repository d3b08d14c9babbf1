import { createSlots, type Slots } from '../base/slots.ts';
import type { HandOver } from '../core/decision/world.ts';
import { groupBy } from '../core/group.ts';
import type { Clock } from '../core/time.ts';
import type { Providers } from '../providers/registry/registry.ts';
import { type Claimed, DRAINING, HELD, type Room } from '../store/ledger/due.ts';
import type { Due } from './look.ts';
import type { Pace } from './pace.ts';
import { createWidths, type Width, type Widths } from './widths.ts';

/**
 * The ways on which mail leaves, none of which waits for another. By each provider: what we hold a copy of, what has to be
 * fetched first, and what the provider sends from its own copy.
 */
const WAYS = ['whole', 'fetched', 'stored'] as const;

export type Lanes = Slots & {
  readonly names: readonly string[];
  /** How many deliveries of each lane can be looked at and begun now. */
  rooms(limit: number, pace: Pace): Room[];
  /** What was claimed for these rooms. */
  claimed(rooms: readonly Room[], claimed: readonly Pick<Claimed, 'lane'>[]): void;
  /** How a hand-over on this lane ended. */
  note: Widths['note'];
};

export function createLanes(providers: Providers, onFree: () => void, monotonic: Clock): Lanes {
  const lanes = new Map<string, Width>();
  for (const { name, slots: usual, mostSlots: most = usual } of providers.all)
    for (const way of WAYS) lanes.set(`${way} ${name}`, { usual, most });
  const widths = createWidths(lanes, monotonic);
  const slots = createSlots(widths.of, onFree);
  const names = [...lanes.keys()];
  const turns = new Map<string, number>();
  /** The places that it may give away are counted as given: what is left over is the turn of somebody else. */
  const roomIn = (lane: string, most: number, each?: readonly number[]): Room => {
    const turn = turns.get(lane) ?? 0;
    turns.set(lane, turn + Math.max(0, most));
    return { lane, most, turn, ...(each ? { each } : {}) };
  };
  return {
    ...slots,
    names,
    // What waits on a lane has waited for longer than what is new.
    rooms: (limit, pace) => [
      ...names.map((lane) => roomIn(lane, slots.free(lane), pace.leftFor(providerOf(lane)))),
      roomIn(DRAINING, limit),
      roomIn(HELD, limit),
      roomIn('', limit),
    ],
    claimed(rooms, claimed) {
      const by = groupBy(claimed, ({ lane }) => lane);
      for (const { lane, most } of rooms) if (most > 0 && (by.get(lane)?.length ?? 0) >= most) widths.want(lane);
    },
    note: widths.note,
  };
}

const providerOf = (lane: string): string => lane.slice(lane.indexOf(' ') + 1);

/** The lane by which a hand-over leaves. */
export function laneOf({ provider, way }: HandOver, { circumstances }: Pick<Due, 'circumstances'>): string {
  const how = way === 'stored' ? way : circumstances.hasBody ? 'whole' : 'fetched';
  return `${how} ${provider}`;
}
