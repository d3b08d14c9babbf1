import type { ConfirmChannel, Message } from 'amqplib';
import { type Broker, brokerWords, closeBroker, connectToBroker, ensure } from '../base/broker.ts';
import { sha256 } from '../base/ids.ts';
import { within } from '../base/wait.ts';
import { SECOND } from '../core/time.ts';
import type { EventsSettings } from './settings.ts';
import { type Answer, PATIENCE, silent, type Target } from './target.ts';

/** `returned`: the events that no queue takes; a broker tells of that before it confirms them. */
type Open = { broker: Broker; channel: ConfirmChannel; returned: Set<string> };

/** An exchange of a broker as an endpoint: what it confirms and a queue takes is taken. */
export function exchangeOf(settings: Pick<EventsSettings, 'EVENTS_URL' | 'EVENTS_EXCHANGE'>, place: number): Target[] {
  const { EVENTS_URL: url, EVENTS_EXCHANGE: exchange } = settings;
  if (url === undefined) return [];
  const { host, pathname } = new URL(url);
  let opened: Promise<Open> | null = null;

  /** A connection that is there, or one that is made now: whoever posts comes again when that fails. */
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
    const broker = await connectToBroker(url ?? '', 'homing events');
    try {
      await ensure(broker, {
        check: (channel) => channel.checkExchange(exchange),
        make: (channel) => channel.assertExchange(exchange, 'topic', { durable: true }),
      });
      const channel = await broker.createConfirmChannel();
      const returned = new Set<string>();
      channel.on('return', ({ properties }: Message) => void returned.add(String(properties.messageId)));
      channel.on('error', () => {});
      channel.on('close', () => {
        onClose();
        // Without its channel the connection is of no use.
        void closeBroker(broker);
      });
      return { broker, channel, returned };
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

  async function publish({ channel, returned }: Open, { id, body, topic, now }: Letter): Promise<Answer> {
    const about = {
      messageId: id,
      contentType: 'application/json',
      timestamp: Math.floor(now / SECOND),
      appId: 'homing',
    };
    return new Promise((resolve) => {
      const how = { ...about, persistent: true, mandatory: true };
      channel.publish(exchange, topic, Buffer.from(body), how, (error: unknown) => {
        const isReturned = returned.delete(id);
        if (error) return resolve(silent(brokerWords(error)));
        resolve(isReturned ? unbound(exchange, topic) : TAKEN);
      });
    });
  }

  return [
    {
      // By the login alone it is no other one.
      id: sha256(`exchange\n${host}${pathname}\n${exchange}`).slice(0, 16),
      ...{ place, host: `${host} ${exchange}` },
      async post(letter) {
        const opening = open();
        const failed = (why: string): Answer => {
          void end(opening);
          return silent(why);
        };
        const published = opening
          .then((one) => publish(one, letter))
          .catch((error: unknown) => failed(brokerWords(error)));
        return (await within(published, PATIENCE, null)) ?? failed('the broker did not confirm it in time');
      },
      async close() {
        if (opened) await end(opened);
      },
    },
  ];
}

type Letter = Parameters<Target['post']>[0];

const TAKEN: Answer = { isTaken: true, status: null, detail: null, retryAfter: null };

const unbound = (exchange: string, topic: string): Answer => ({
  ...{ isTaken: false, status: null, retryAfter: null, isUnbound: true },
  detail: `no queue is bound to the exchange ${exchange} for ${topic}`,
});
