import { type Broker, brokerWords, ensure } from '../base/broker.ts';
import { sha256 } from '../base/ids.ts';
import { createPublisher } from '../base/publisher.ts';
import { SECOND } from '../core/time.ts';
import type { EventsSettings } from './settings.ts';
import { type Answer, silent, type Target } from './target.ts';

/** An exchange of a broker as an endpoint: what it confirms and a queue takes is taken. */
export function exchangeOf(settings: Pick<EventsSettings, 'EVENTS_URL' | 'EVENTS_EXCHANGE'>, place: number): Target[] {
  const { EVENTS_URL: url, EVENTS_EXCHANGE: exchange } = settings;
  if (url === undefined) return [];
  const { host, pathname } = new URL(url);
  const prepare = (broker: Broker) =>
    ensure(broker, {
      check: (channel) => channel.checkExchange(exchange),
      make: (channel) => channel.assertExchange(exchange, 'topic', { durable: true }),
    });
  const publisher = createPublisher({ url, name: 'homing events', prepare });
  return [
    {
      // By the login alone it is no other one.
      id: sha256(`exchange\n${host}${pathname}\n${exchange}`).slice(0, 16),
      ...{ place, host: `${host} ${exchange}` },
      async post({ id, body, topic, now }) {
        const timestamp = Math.floor(now / SECOND);
        const options = { messageId: id, contentType: 'application/json', timestamp, appId: 'homing' };
        try {
          const came = await publisher.publish({ exchange, key: topic, content: Buffer.from(body), options });
          return came === 'taken' ? TAKEN : unbound(exchange, topic);
        } catch (error) {
          return silent(brokerWords(error));
        }
      },
      close: publisher.close,
    },
  ];
}

const TAKEN: Answer = { isTaken: true, status: null, detail: null, retryAfter: null };

const unbound = (exchange: string, topic: string): Answer => ({
  ...{ isTaken: false, status: null, retryAfter: null, isUnbound: true },
  detail: `no queue is bound to the exchange ${exchange} for ${topic}`,
});
