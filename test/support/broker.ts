// A RabbitMQ for the tests of a file, and what an application does with it.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { type ConfirmChannel, type ConsumeMessage, connect, type Options } from 'amqplib';
import { closeBroker } from '../../src/base/broker.ts';
import { sleep, stopwatch } from '../../src/base/wait.ts';
import { MINUTE } from '../../src/core/time.ts';
import { type RabbitMq, startRabbitMq, withoutRabbitMq } from '../../src/lab/servers/rabbitmq.ts';

let shared: Promise<RabbitMq> | null = null;

/** The broker of this process, started at the first call and stopped after its last test. */
export function rabbitMq(): Promise<RabbitMq> {
  shared ??= startRabbitMq();
  return shared;
}

after(async () => {
  const server = await shared?.catch(() => null);
  await server?.stop();
});

/** Registers a test that needs a broker. */
export function withBroker(name: string, check: (t: TestContext, broker: RabbitMq) => Promise<void>): void {
  test(name, { skip: withoutRabbitMq() ?? false }, async (t) => check(t, await rabbitMq()));
}

/** A channel of an application, with confirms; it ends with the test, or with the broker. */
export async function channelTo(t: TestContext, { url }: RabbitMq): Promise<ConfirmChannel> {
  const connection = await connect(url);
  connection.on('error', () => {});
  t.after(() => closeBroker(connection));
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => {});
  return channel;
}

/** Resolves when the broker has it. */
export async function publish(channel: ConfirmChannel, queue: string, body: unknown, options: Options.Publish = {}) {
  const content = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  channel.sendToQueue(queue, content, { persistent: true, ...options });
  await channel.waitForConfirms();
}

const PATIENCE = 5 * MINUTE;

/** Asks until it holds, for as long as a busy machine may take. */
export async function eventually(what: () => Promise<boolean> | boolean): Promise<void> {
  const lasted = stopwatch();
  while (!(await what())) {
    if (lasted() > PATIENCE) throw new Error(`waited in vain for ${what}`);
    await sleep(50);
  }
}

/** The next message of a queue, which is taken out of it. */
export async function next(channel: ConfirmChannel, queue: string): Promise<Omit<ConsumeMessage, 'fields'>> {
  let taken: Omit<ConsumeMessage, 'fields'> | false = false;
  await eventually(async () => {
    taken = await channel.get(queue, { noAck: true });
    return taken !== false;
  });
  return taken || assert.fail();
}

export const lengthOf = async (channel: ConfirmChannel, queue: string): Promise<number> =>
  (await channel.checkQueue(queue)).messageCount;
