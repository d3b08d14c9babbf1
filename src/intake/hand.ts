import type { Channel, Message } from 'amqplib';
import { sleep } from '../base/wait.ts';
import { type Ms, SECOND } from '../core/time.ts';

/** What a session has in its hand. */
export type Hand = {
  /** What the broker has pushed. */
  take(message: Message): void;
  /** From now on nothing is fetched. Resolves when all of it is worked off. */
  empty(): Promise<unknown>;
};

/**
 * Bytes. Brokers count messages and not their size: as many as they push may each be as large as any. So few are pushed,
 * and the others are fetched one by one as long as what is in the hand is smaller than this.
 */
const ROOM = 64 * 1024 * 1024;
const PUSHED = 2;
const LOOK: Ms = SECOND;

/** How many of so many messages the broker may push. */
export const pushedOf = (most: number): number => Math.min(PUSHED, most);

type About = {
  channel: Pick<Channel, 'get'>;
  queue: string;
  /** Messages in the hand at once. */
  most: number;
  room?: number | undefined;
  /** Never rejects. */
  work(message: Message): Promise<void>;
  /** Nothing can be fetched from this queue; the channel is closed for it. */
  onBarred(): void;
};

export function createHand({ channel, queue, most, room = ROOM, work, onBarred }: About): Hand {
  const inHand = new Set<Promise<void>>();
  let bytes = 0;
  let fetched = 0;
  let isFetching = false;
  let looking: Promise<void> | null = null;
  const closing = new AbortController();

  function hold(message: Message, count: 0 | 1): void {
    bytes += message.content.length;
    fetched += count;
    const one = work(message).finally(() => {
      inHand.delete(one);
      bytes -= message.content.length;
      fetched -= count;
      void fetch();
    });
    inHand.add(one);
  }

  /** While it has not pushed all that it may, the broker pushes by itself what comes. */
  const isAllPushed = () => inHand.size - fetched >= pushedOf(most);

  /** Ends when there is no room, or nothing to fetch: what is pushed next, or worked off, begins it again. */
  async function fetch(): Promise<void> {
    if (isFetching) return;
    isFetching = true;
    try {
      while (!closing.signal.aborted && isAllPushed() && fetched < most - pushedOf(most) && bytes < room) {
        const message = await channel.get(queue);
        // One that comes too late goes back with the channel.
        if (message === false || closing.signal.aborted) return;
        hold(message, 1);
      }
    } catch (error) {
      closing.abort();
      // RESOURCE_LOCKED: it has one consumer at a time.
      if ((error as { code?: unknown }).code === 405) onBarred();
    } finally {
      isFetching = false;
    }
  }

  /** While what was pushed takes long, the broker pushes nothing, and says nothing of what comes. */
  async function look(): Promise<void> {
    for (; !closing.signal.aborted; await sleep(LOOK, closing.signal)) await fetch();
  }

  return {
    take(message) {
      hold(message, 0);
      void fetch();
      looking ??= look();
    },
    empty() {
      closing.abort();
      return Promise.all([...inHand, looking]);
    },
  };
}
