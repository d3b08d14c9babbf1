import type { ConfirmChannel, ConsumeMessage, MessageProperties } from 'amqplib';
import type { AppError } from '../base/errors.ts';
import { oneLine } from '../mail/line.ts';

/** Headers by which people find out why a message lies there. */
const REASON = 'homing-reason';
const CODE = 'homing-code';

/** Puts a message into the queue of those that were refused, as it came. Resolves when the broker has confirmed it. */
export function refuseTo(channel: ConfirmChannel, queue: string) {
  let isMissing = false;
  // Told before the message is confirmed (RabbitMQ, "Consumer Acknowledgements and Publisher Confirms").
  channel.on('return', () => {
    isMissing = true;
  });
  return ({ content, properties }: ConsumeMessage, { code, message }: AppError): Promise<void> =>
    new Promise((resolve, reject) => {
      // To all that a message is copied to it has come already.
      const { CC: _, ...others } = properties.headers ?? {};
      const headers = { ...others, [REASON]: oneLine(message), [CODE]: code };
      const kept = { ...keptOf(properties), headers, persistent: true, mandatory: true };
      channel.sendToQueue(queue, content, kept, (error: unknown) => {
        if (error)
          return reject(error instanceof Error ? error : new Error('the broker did not take what was refused'));
        if (isMissing) return reject(new Error(`there is no queue ${queue}`));
        resolve();
      });
    });
}

/** Not its user, which would have to be ours, and not its end, after which it would be gone. */
function keptOf(given: MessageProperties) {
  const { contentType, contentEncoding, correlationId, messageId, timestamp, type, appId } = given;
  const kept = Object.entries({ contentType, contentEncoding, correlationId, messageId, timestamp, type, appId });
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined));
}
