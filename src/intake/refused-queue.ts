import type { Message, MessageProperties } from 'amqplib';
import { type Broker, ensure } from '../base/broker.ts';
import type { AppError } from '../base/errors.ts';
import { createPublisher } from '../base/publisher.ts';
import type { Ms } from '../core/time.ts';
import { oneLine } from '../mail/line.ts';

/** Headers by which people find out why a message lies there. */
const REASON = 'homing-reason';
const CODE = 'homing-code';

/** Durable on a majority of the broker's nodes. */
export const QUORUM = { 'x-queue-type': 'quorum' };

export const refusedQueue = (queue: string): string => `${queue}.refused`;

/** Makes the queue of those that were refused where it is not there. */
export function ensureRefused(broker: Broker, queue: string): Promise<void> {
  const name = refusedQueue(queue);
  return ensure(broker, {
    check: (channel) => channel.checkQueue(name),
    make: (channel) => channel.assertQueue(name, { durable: true, arguments: QUORUM }),
  });
}

export type Refused = {
  /** Resolves when the broker has confirmed it there, as it came; rejects when it can't be put there now. */
  add(message: Message, why: AppError): Promise<void>;
  close(): Promise<void>;
};

/** The queue of those that were refused from another one. */
export function refusedFrom({ url, queue, patience }: { url: string; queue: string; patience?: Ms }): Refused {
  const publisher = createPublisher({
    ...{ url, name: 'homing refused', prepare: (broker: Broker) => ensureRefused(broker, queue) },
    ...(patience === undefined ? {} : { patience }),
  });
  const name = refusedQueue(queue);
  return {
    async add({ content, properties }, { code, message }) {
      // To all that a message is copied to it has come already.
      const { CC: _, ...others } = properties.headers ?? {};
      const why = { [REASON]: oneLine(message), [CODE]: code };
      const options = { ...keptOf(properties), headers: { ...others, ...why } };
      // Not all that can be read can be written again: numbers beyond those of JavaScript, or more than 64 KB.
      const letter = { exchange: '', key: name, content, options, fallback: { headers: why } };
      if ((await publisher.publish(letter)) === 'taken') return;
      // It was deleted: the next connection makes it.
      await publisher.close();
      throw new Error(`there is no queue ${name}`);
    },
    close: publisher.close,
  };
}

/** Not its user, which would have to be ours, and not its end, after which it would be gone. */
function keptOf(given: MessageProperties) {
  const { contentType, contentEncoding, correlationId, messageId, timestamp, type, appId } = given;
  const kept = Object.entries({ contentType, contentEncoding, correlationId, messageId, timestamp, type, appId });
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined));
}
