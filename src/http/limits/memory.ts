import { createTurns } from '../../base/turns.ts';
import { within } from '../../base/wait.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import { createPace } from './pace.ts';

/**
 * Room for the bodies of requests. It is divided, so that those who show no token can take nothing from those who do, and
 * large bodies nothing from small ones:
 *
 * - A body of a known sender, and a large one of anybody, is given the room for all of it. Who finds none waits for a
 *   while, with the body unread: that costs nothing, and a sender that is cut off would only come again.
 * - A small body of anybody gets room as the bytes come. When there is none, the one that has been coming for longest
 *   gives way: an honest one is here within milliseconds.
 */
export type Memory = {
  /** Room for a body of this length, or of a length that is not known; null when there is none for too long. */
  forKnown(length: number | null): Promise<Room | null>;
  /** The same for a sender without a token. `giveWay` is called when the room is taken away. */
  forAnybody(length: number | null, giveWay: () => void): Promise<Room | null>;
  /** Bytes of room that are taken now. */
  taken(): number;
};

/** The room of one body, until it is left. */
export type Room = {
  /** Room for a body that has become so long; false when there is none. */
  grow(length: number): boolean;
  /** The body is here. Of the large ones only one is worked on at a time: resolves when it is the turn of this one. */
  read(): Promise<void>;
  leave(): void;
};

const MB = 1024 * 1024;
/** The work on a body makes copies of it. One large body is worked on at a time, so these are counted for small ones. */
const LARGE = MB;
const COPIES = 3;
/** A body of unknown length begins with so much, and one that is not longer is small. */
const FIRST = 64 * 1024;
/** This part of the room of known senders is for small bodies alone. */
const FOR_SMALL = 1 / 8;
const OF_ANYBODY = { small: 1 / 8, large: 1 / 8 };
/** A burst of large mails is over by then. */
const WAIT: Ms = 15 * SECOND;

const costOf = (length: number): number => length + COPIES * Math.min(length, LARGE);

export function createMemory(bytes: number, wait: Ms = WAIT): Memory {
  const known = createLasting(bytes * (1 - OF_ANYBODY.small - OF_ANYBODY.large), wait);
  const large = createLasting(bytes * OF_ANYBODY.large, wait);
  const small = createYielding(bytes * OF_ANYBODY.small);
  return {
    forKnown: known.room,
    forAnybody: async (length, giveWay) => ((length ?? 0) > FIRST ? large.room(length) : small.room(giveWay)),
    taken: () => known.taken() + large.taken() + small.taken(),
  };
}

/** No two bodies that are not small are looked at in the same turn of the loop. */
const begin = createPace(1);

type Waiter = { cost: number; let: (isIn: boolean) => void };

function createLasting(most: number, wait: Ms) {
  const waiting = new Set<Waiter>();
  const turns = createTurns(1);
  let taken = 0;

  /** One body is always let in, however little room there is in all. */
  const fits = (cost: number): boolean =>
    taken === 0 || taken + cost <= (cost > costOf(FIRST) ? most * (1 - FOR_SMALL) : most);

  function take(cost: number): boolean {
    if (!fits(cost)) return false;
    taken += cost;
    return true;
  }

  function give(cost: number): void {
    taken -= cost;
    for (const waiter of waiting) {
      if (!take(waiter.cost)) return;
      waiting.delete(waiter);
      waiter.let(true);
    }
  }

  async function enter(cost: number): Promise<boolean> {
    const isSmall = cost <= costOf(FIRST);
    if ((isSmall || waiting.size === 0) && take(cost)) return true;
    return new Promise((resolve) => {
      const waiter: Waiter = { cost, let: resolve };
      waiting.add(waiter);
      void within(new Promise<never>(() => {}), wait, null).then(() => {
        if (waiting.delete(waiter)) resolve(false);
      });
    });
  }

  async function room(length: number | null): Promise<Room | null> {
    let size = length ?? FIRST;
    if (!(await enter(costOf(size)))) return null;
    let endTurn = () => {};
    return {
      grow(longer) {
        if (longer <= size) return true;
        if (!take(costOf(longer) - costOf(size))) return false;
        size = longer;
        return true;
      },
      async read() {
        if (size > LARGE) endTurn = await turns.next();
        if (size > FIRST) await new Promise<void>(begin);
      },
      leave() {
        endTurn();
        give(costOf(size));
      },
    };
  }
  return { room, taken: () => taken };
}

function createYielding(most: number) {
  /** Those whose body is not here yet, the oldest first. */
  const unfinished = new Map<object, () => void>();
  let taken = 0;

  function makeRoom(bytes: number): void {
    for (const [one, giveWay] of unfinished) {
      if (taken + bytes <= most) return;
      unfinished.delete(one);
      giveWay();
    }
  }

  function room(giveWay: () => void): Room {
    const me = {};
    let size = 0;
    let isIn = true;
    const leave = () => {
      unfinished.delete(me);
      if (isIn) taken -= size;
      isIn = false;
    };
    unfinished.set(me, () => {
      leave();
      giveWay();
    });
    return {
      grow(length) {
        const more = length - size;
        if (isIn && taken + more > most) makeRoom(more);
        if (!isIn || taken + more > most) return false;
        size = length;
        taken += more;
        return true;
      },
      async read() {
        unfinished.delete(me);
      },
      leave,
    };
  }
  return { room, taken: () => taken };
}
