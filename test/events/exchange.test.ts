import assert from 'node:assert/strict';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { endpointHistories } from '../../src/contract/event.ts';
import { EVENT_KINDS } from '../../src/core/outgoing.ts';
import { DAY, MINUTE, SECOND } from '../../src/core/time.ts';
import { exchangeOf } from '../../src/events/exchange.ts';
import { createPoster } from '../../src/events/poster.ts';
import { targetsOf } from '../../src/events/target.ts';
import { channelTo, eventually, lengthOf, withBroker } from '../support/broker.ts';
import { clockAt, MORNING } from '../support/clock.ts';
import { say, startScript } from '../support/http-script.ts';
import { testStore } from '../support/stores.ts';
import { hear, mail, QUIET, SECRET, typesIn } from './support.ts';

const EXCHANGE = 'homing.events';

const shown = ({ content, fields, properties }: ConsumeMessage) => {
  const { id, data } = JSON.parse(String(content)) as { id: string; data: { recipient: string } };
  assert.deepEqual([properties.messageId, properties.deliveryMode], [id, 2]);
  return `${data.recipient.split('@', 1)[0]} ${fields.routingKey}`;
};

/** What an application does before it is told of anything. */
async function bound(channel: ConfirmChannel, queue: string, exchange: string, key = 'delivery.#'): Promise<void> {
  await channel.assertExchange(exchange, 'topic', { durable: true });
  await channel.assertQueue(queue, { durable: true });
  await channel.bindQueue(queue, exchange, key);
}

withBroker(
  'a broker that is killed is told later, in the order of each delivery, and holds up no webhook',
  async (t, broker) => {
    const { store } = await testStore(t, 'sqlite');
    const hook = await startScript(t, say(204, ''));
    const clock = clockAt();
    const stopping = new AbortController();
    const webhook = {
      EVENTS_WEBHOOK_URL: [hook.url],
      EVENTS_WEBHOOK_SECRET: [SECRET],
      EVENTS_WEBHOOK_ALLOW_PRIVATE: 'on',
    } as const;
    const targets = [...targetsOf(webhook), ...exchangeOf({ EVENTS_URL: broker.url, EVENTS_EXCHANGE: EXCHANGE }, 2)];
    const poster = createPoster({
      ...{
        store,
        targets,
        kinds: EVENT_KINDS,
        retry: 3 * DAY,
        now: clock,
        signal: stopping.signal,
        log: QUIET,
        onFree() {},
      },
    });
    t.after(async () => {
      stopping.abort();
      await poster.idle();
    });
    const all = async () => {
      while ((await poster.run()) > 0) await poster.idle();
    };
    await all();
    const channel = await channelTo(t, broker);
    await bound(channel, 'told', EXCHANGE);
    const ann = await mail(store, 'ann', MORNING);
    await all();
    await broker.kill();
    await hear(store, ann, 'delivered', MORNING + SECOND);
    await hear(store, ann, 'complained', MORNING + 2 * SECOND);
    clock.advance(3 * SECOND);
    await all();
    assert.deepEqual(typesIn(hook.seen), ['ann accepted', 'ann delivered', 'ann complained']);
    const [, down] = await endpointHistories(store, 1);
    assert.deepEqual([down?.state, down?.waiting.n, down?.endpoint.place], ['failing', 2, 2]);
    assert.match(down?.tries[0]?.detail ?? '', /^no answer: /);
    await broker.restart();
    const again = await channelTo(t, broker);
    // RabbitMQ writes down what is bound to what some two seconds late.
    await bound(again, 'told', EXCHANGE);
    const seen: ConsumeMessage[] = [];
    await again.consume('told', (message) => void (message && seen.push(message)), { noAck: true });
    await eventually(async () => {
      clock.advance(MINUTE);
      await all();
      return seen.length >= 3;
    });
    assert.deepEqual(seen.map(shown), [
      ...['ann delivery.accepted.notice', 'ann delivery.delivered.notice', 'ann delivery.complained.notice'],
    ]);
    assert.equal((await endpointHistories(store, 1))[1]?.state, 'well');
  },
);

withBroker(
  'an event that no queue is bound for waits, with those after it, and is told when one is',
  async (t, broker) => {
    const { store } = await testStore(t, 'sqlite');
    const exchange = 'unbound.events';
    const clock = clockAt();
    const targets = exchangeOf({ EVENTS_URL: broker.url, EVENTS_EXCHANGE: exchange }, 1);
    const { signal } = new AbortController();
    const said: unknown[] = [];
    const log = { ...QUIET, warn: (...words: unknown[]) => void said.push(words[1]) };
    const poster = createPoster({
      ...{ store, targets, kinds: EVENT_KINDS, retry: 3 * DAY, now: clock, signal, log, onFree() {} },
    });
    t.after(() => targets[0]?.close());
    const all = async () => {
      while ((await poster.run()) > 0) await poster.idle();
    };
    await all();
    const channel = await channelTo(t, broker);
    await bound(channel, 'some', exchange, 'delivery.delivered.*');
    const ann = await mail(store, 'ann', MORNING);
    await all();
    await hear(store, ann, 'delivered', MORNING + SECOND);
    await all();
    const [waits] = await endpointHistories(store, 1);
    assert.equal(waits?.waiting.n, 2, 'what is bound does not overtake what is not');
    const detail = 'no queue is bound to the exchange unbound.events for delivery.accepted.notice';
    assert.equal(waits?.tries[0]?.detail, detail);
    assert.deepEqual(said, ['an event has nobody to go to: it waits']);
    const told = await store.db('alert_items').pluck('detail');
    assert.ok(told.length === 1 && String(told[0]).includes(detail), String(told));
    await bound(channel, 'some', exchange);
    await eventually(async () => {
      clock.advance(MINUTE);
      await all();
      return (await lengthOf(channel, 'some')) === 2;
    });
    const keys: string[] = [];
    for (let n = 0; n < 2; n++) {
      const message = await channel.get('some', { noAck: true });
      if (message) keys.push(message.fields.routingKey);
    }
    assert.deepEqual(keys, ['delivery.accepted.notice', 'delivery.delivered.notice']);
    assert.equal((await endpointHistories(store, 1))[0]?.waiting.n, 0);
  },
);

withBroker('an event that was confirmed while the process stops is not told again', async (t, broker) => {
  await bound(await channelTo(t, broker), 'told', EXCHANGE);
  const { url } = broker;
  const { store } = await testStore(t, 'sqlite');
  const stopping = new AbortController();
  const targets = exchangeOf({ EVENTS_URL: url, EVENTS_EXCHANGE: EXCHANGE }, 1).map((target) => ({
    ...target,
    async post(letter: Parameters<typeof target.post>[0]) {
      const answer = await target.post(letter);
      stopping.abort();
      return answer;
    },
  }));
  const { signal } = stopping;
  const deps = { store, targets, kinds: EVENT_KINDS, retry: 3 * DAY, now: clockAt(), signal, log: QUIET, onFree() {} };
  const poster = createPoster(deps);
  await poster.run();
  await mail(store, 'ann', MORNING);
  await poster.run();
  await poster.idle();
  const [told] = await endpointHistories(store, 1);
  assert.deepEqual([told?.waiting.n, told?.tries.length], [0, 1]);
});

withBroker('many events are told on one connection', async (t, broker) => {
  await bound(await channelTo(t, broker), 'told', EXCHANGE);
  const { url } = broker;
  const [target] = exchangeOf({ EVENTS_URL: url, EVENTS_EXCHANGE: EXCHANGE }, 1);
  t.after(() => target?.close());
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  t.after(() => process.off('warning', onWarning));
  for (let n = 0; n < 20; n++) {
    const answer = await target?.post({ id: `event-${n}`, body: '{}', topic: 'delivery.accepted.notice', now: 0 });
    assert.deepEqual([answer?.isTaken, answer?.detail], [true, null]);
  }
  assert.deepEqual(warnings, []);
});
