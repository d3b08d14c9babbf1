import type { ConfirmChannel, ConsumeMessage, MessageProperties } from 'amqplib';
import type { AppError } from '../base/errors.ts';
import { oneLine } from '../mail/line.ts';

/** Headers by which people find out why a message lies there. */
const REASON = 'homing-reason';
const CODE = 'homing-code';

/**
 * Puts a message into the queue of those that were refused, as it came. Resolves when the broker has confirmed it; rejects when
 * it can't be put there now. A queue that is gone ends the channel: it is made before the next one is used.
 */
export function refuseTo(channel: ConfirmChannel, queue: string) {
  let isMissing = false;
  // Told before the message is confirmed (RabbitMQ, "Consumer Acknowledgements and Publisher Confirms").
  channel.on('return', () => {
    isMissing = true;
    channel.close().catch(() => {});
  });
  return ({ content, properties }: ConsumeMessage, { code, message }: AppError): Promise<void> =>
    new Promise((resolve, reject) => {
      const onAnswer = (error: unknown) => {
        if (error)
          return reject(error instanceof Error ? error : new Error('the broker did not take what was refused'));
        if (isMissing) return reject(new Error(`there is no queue ${queue}`));
        resolve();
      };
      // To all that a message is copied to it has come already.
      const { CC: _, ...others } = properties.headers ?? {};
      const why = { [REASON]: oneLine(message), [CODE]: code };
      const how = { persistent: true, mandatory: true };
      try {
        const kept = { ...keptOf(properties), headers: { ...others, ...why } };
        channel.sendToQueue(queue, content, { ...kept, ...how }, onAnswer);
      } catch {
        // Not all that can be read can be written again: numbers beyond those of JavaScript, or more than 64 KB.
        channel.sendToQueue(queue, content, { headers: why, ...how }, onAnswer);
      }
    });
}

/** Not its user, which would have to be ours, and not its end, after which it would be gone. */
function keptOf(given: MessageProperties) {
  const { contentType, contentEncoding, correlationId, messageId, timestamp, type, appId } = given;
  const kept = Object.entries({ contentType, contentEncoding, correlationId, messageId, timestamp, type, appId });
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined));
}
