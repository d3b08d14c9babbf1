import type { ConfirmChannel } from 'amqplib';
import { type Broker, brokerWords, closeBroker, connectToBroker, ensure } from '../base/broker.ts';
import { sha256 } from '../base/ids.ts';
import { within } from '../base/wait.ts';
import { SECOND } from '../core/time.ts';
import type { EventsSettings } from './settings.ts';
import { type Answer, PATIENCE, silent, type Target } from './target.ts';

type Open = { broker: Broker; channel: ConfirmChannel };

/** An exchange of a broker as an endpoint: what it confirms is taken. */
export function exchangeOf(settings: Pick<EventsSettings, 'EVENTS_URL' | 'EVENTS_EXCHANGE'>, place: number): Target[] {
  const { EVENTS_URL: url, EVENTS_EXCHANGE: exchange } = settings;
  if (url === undefined) return [];
  const { host, pathname } = new URL(url);
  let opened: Promise<Open> | null = null;

  /** A connection that is there, or one that is made now: whoever posts comes again when that fails. */
  function open(): Promise<Open> {
    const opening = opened ?? connect();
    opened = opening;
    const forget = () => {
      if (opened === opening) opened = null;
    };
    void opening.then(({ channel }) => channel.on('close', forget), forget);
    return opening;
  }

  async function connect(): Promise<Open> {
    const broker = await connectToBroker(url ?? '', 'homing events');
    try {
      await ensure(broker, {
        check: (channel) => channel.checkExchange(exchange),
        make: (channel) => channel.assertExchange(exchange, 'topic', { durable: true }),
      });
      const channel = await broker.createConfirmChannel();
      channel.on('error', () => {});
      // Without its channel the connection is of no use.
      channel.on('close', () => void closeBroker(broker));
      return { broker, channel };
    } catch (error) {
      await closeBroker(broker);
      throw error;
    }
  }

  const publish = async ({ id, body, topic, now }: Parameters<Target['post']>[0]): Promise<Answer> => {
    const { channel } = await open();
    const about = {
      messageId: id,
      contentType: 'application/json',
      timestamp: Math.floor(now / SECOND),
      appId: 'homing',
    };
    return new Promise((resolve) => {
      channel.publish(exchange, topic, Buffer.from(body), { ...about, persistent: true }, (error: unknown) =>
        resolve(error ? silent(brokerWords(error)) : TAKEN),
      );
    });
  };

  return [
    {
      // By the login alone it is no other one.
      id: sha256(`exchange\n${host}${pathname}\n${exchange}`).slice(0, 16),
      ...{ place, host: `${host} ${exchange}` },
      post: (letter) => {
        const published = publish(letter).catch((error: unknown) => silent(brokerWords(error)));
        return within(published, PATIENCE, silent('the broker did not confirm it in time'));
      },
      async close() {
        const one = await opened?.catch(() => null);
        if (one) await closeBroker(one.broker);
      },
    },
  ];
}

const TAKEN: Answer = { isTaken: true, status: null, detail: null, retryAfter: null };
