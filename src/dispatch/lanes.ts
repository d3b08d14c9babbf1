import { createSlots, type Slots } from '../base/slots.ts';
import type { HandOver } from '../core/decision/world.ts';
import type { Providers } from '../providers/registry/registry.ts';
import { DRAINING, HELD, type Room } from '../store/ledger/due.ts';
import type { Due } from './look.ts';
import type { Pace } from './pace.ts';

/**
 * The ways on which mail leaves, none of which waits for another. By each provider: what we hold a copy of, what has to be
 * fetched first, and what the provider sends from its own copy.
 */
const WAYS = ['whole', 'fetched', 'stored'] as const;

export type Lanes = Slots & {
  readonly names: readonly string[];
  /** How many deliveries of each lane can be looked at and begun now. */
  rooms(limit: number, pace: Pace): Room[];
};

export function createLanes(providers: Providers, onFree: () => void): Lanes {
  const lanes = new Map<string, number>();
  for (const { name, slots } of providers.all) for (const way of WAYS) lanes.set(`${way} ${name}`, slots);
  const slots = createSlots((name) => lanes.get(name) ?? 0, onFree);
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
    // Claims come in this order, and of a class the first get the places: what waits on a lane has waited for longer.
    rooms: (limit, pace) => [
      ...names.map((lane) => roomIn(lane, slots.free(lane), pace.leftFor(providerOf(lane)))),
      roomIn(DRAINING, limit),
      roomIn(HELD, limit),
      roomIn('', limit),
    ],
  };
}

const providerOf = (lane: string): string => lane.slice(lane.indexOf(' ') + 1);

/** The lane by which a hand-over leaves. */
export function laneOf({ provider, way }: HandOver, { circumstances }: Pick<Due, 'circumstances'>): string {
  const how = way === 'stored' ? way : circumstances.hasBody ? 'whole' : 'fetched';
  return `${how} ${provider}`;
}
