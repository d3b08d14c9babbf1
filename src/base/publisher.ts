import type { ConfirmChannel, Message, Options } from 'amqplib';
import { type Ms, SECOND } from '../core/time.ts';
import { type Broker, closeBroker, connectToBroker } from './broker.ts';
import { within } from './wait.ts';

/** `fallback` is published in place of `options` where these can't be written. The message id tells letters apart. */
export type Letter = {
  exchange: string;
  key: string;
  content: Buffer;
  options: Options.Publish;
  fallback?: Options.Publish;
};

export type Publisher = {
  /**
   * Resolves when a queue of the broker has it for good, or when the broker has said that no queue takes it. Rejects when
   * neither is known in time: then it may have been taken all the same.
   */
  publish(letter: Letter): Promise<'taken' | 'returned'>;
  close(): Promise<void>;
};

/** For what a letter takes, from the connection to the confirm. */
const PATIENCE: Ms = 15 * SECOND;

type OnTheWay = { id: string; isReturned: boolean; reject(error: Error): void };
type Open = { broker: Broker; channel: ConfirmChannel; onTheWay: Set<OnTheWay> };

/**
 * Publishes on a connection of its own, made when it is needed: a broker that is short of memory or room stops reading from
 * whoever has published. `prepare` makes what has to be there.
 */
export function createPublisher(about: {
  url: string;
  name: string;
  prepare(broker: Broker): Promise<void>;
  patience?: Ms;
}): Publisher {
  const { url, name, prepare, patience = PATIENCE } = about;
  let opened: Promise<Open> | null = null;

  /** A connection that is there, or one that is made now: whoever publishes comes again when that fails. */
  function open(): Promise<Open> {
    if (opened !== null) return opened;
    const opening = connect(() => forget(opening));
    opened = opening;
    return opening;
  }

  function forget(opening: Promise<Open>): void {
    if (opened === opening) opened = null;
  }

  async function connect(onClose: () => void): Promise<Open> {
    const broker = await connectToBroker(url, name);
    try {
      await prepare(broker);
      const channel = await broker.createConfirmChannel();
      const onTheWay = new Set<OnTheWay>();
      channel.on('error', () => {});
      channel.on('return', ({ properties }: Message) => {
        for (const one of onTheWay) if (one.id === String(properties.messageId)) one.isReturned = true;
      });
      broker.on('blocked', (reason: string) => {
        for (const { reject } of onTheWay) reject(new Error(`the broker takes nothing now: ${reason}`));
      });
      channel.on('close', () => {
        onClose();
        // Without its channel the connection is of no use.
        void closeBroker(broker);
      });
      return { broker, channel, onTheWay };
    } catch (error) {
      await closeBroker(broker);
      throw error;
    }
  }

  /** What was sent on it and not confirmed may yet come to be taken. */
  async function end(opening: Promise<Open>): Promise<void> {
    forget(opening);
    const one = await opening.catch(() => null);
    if (one) await closeBroker(one.broker);
  }

  return {
    async publish(letter) {
      const opening = open();
      try {
        const published = await within(
          opening.then((one) => publishOn(one, letter)),
          patience,
          null,
        );
        if (published === null) throw new Error('the broker did not confirm it in time');
        return published;
      } catch (error) {
        void end(opening);
        throw error;
      }
    },
    async close() {
      if (opened) await end(opened);
    },
  };
}

function publishOn({ channel, onTheWay }: Open, letter: Letter): Promise<'taken' | 'returned'> {
  const { exchange, key, content, options, fallback = options } = letter;
  return new Promise((resolve, reject) => {
    const one: OnTheWay = { id: '', isReturned: false, reject };
    const write = (some: Options.Publish) => {
      one.id = String(some.messageId);
      onTheWay.add(one);
      const how = { ...some, persistent: true, mandatory: true };
      channel.publish(exchange, key, content, how, (error: unknown) => {
        onTheWay.delete(one);
        // What no queue takes is told before it is confirmed (RabbitMQ, "Consumer Acknowledgements and Publisher Confirms").
        if (!error) return resolve(one.isReturned ? 'returned' : 'taken');
        reject(error instanceof Error ? error : new Error('the broker did not take it'));
      });
    };
    try {
      write(options);
    } catch {
      write(fallback);
    }
  });
}
