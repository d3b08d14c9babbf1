import { type Broker, brokerWords, closeBroker, connectToBroker, isNotFound } from '../../base/broker.ts';
import { within } from '../../base/wait.ts';
import type { Config } from '../../config/config.ts';
import type { Ms } from '../../core/time.ts';
import { refusedQueue } from '../../intake/refused-queue.ts';
import { plural } from '../common/terminal.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const CHECK = 'brokers';

/** Whether the brokers that mail comes from and events go to answer, and whether messages lie there that were refused. */
export async function checkBrokers(
  { INTAKE_URL, INTAKE_QUEUE, EVENTS_URL, ...rest }: Config,
  timeout: Ms,
): Promise<Finding[]> {
  const asked: Promise<Finding>[] = [];
  if (INTAKE_URL !== undefined)
    asked.push(asking('INTAKE_URL', INTAKE_URL, timeout, (broker) => atQueue(broker, INTAKE_QUEUE)));
  if (EVENTS_URL !== undefined)
    asked.push(asking('EVENTS_URL', EVENTS_URL, timeout, (broker) => atExchange(broker, rest.EVENTS_EXCHANGE)));
  return Promise.all(asked);
}

async function asking(
  setting: string,
  url: string,
  timeout: Ms,
  look: (broker: Broker) => Promise<Finding>,
): Promise<Finding> {
  const mend = `check ${setting}, its user and virtual host, and that the broker is up`;
  const failed = (why: string) => problem(CHECK, `${setting}: ${why}`, mend);
  const looked = async () => {
    const broker = await connectToBroker(url, 'homing doctor');
    try {
      return await look(broker);
    } finally {
      await closeBroker(broker);
    }
  };
  return within(
    looked().catch((error: unknown) => failed(brokerWords(error))),
    timeout,
    failed('no answer in time'),
  );
}

async function atQueue(broker: Broker, queue: string): Promise<Finding> {
  const waiting = await lengthOf(broker, queue);
  if (waiting === null)
    return warning(CHECK, `INTAKE_URL answers, and has no queue ${queue} yet`, 'start the daemon: it makes it');
  const refused = (await lengthOf(broker, refusedQueue(queue))) ?? 0;
  const says = `INTAKE_URL answers, and ${plural(waiting, 'message waits', 'messages wait')} in ${queue}`;
  if (refused === 0) return ok(CHECK, says);
  const lie = `${plural(refused, 'message lies', 'messages lie')} in ${refusedQueue(queue)}`;
  return warning(CHECK, `${says}; ${lie}`, 'look at the header homing-reason of each, and move or delete them');
}

async function atExchange(broker: Broker, exchange: string): Promise<Finding> {
  const channel = await quietChannel(broker);
  const found = await orNull(channel.checkExchange(exchange));
  if (found !== null) return ok(CHECK, `EVENTS_URL answers, and has the exchange ${exchange}`);
  return warning(CHECK, `EVENTS_URL answers, and has no exchange ${exchange} yet`, 'start the daemon: it makes it');
}

/** Messages of a queue; null when it is not there. */
async function lengthOf(broker: Broker, queue: string): Promise<number | null> {
  const channel = await quietChannel(broker);
  const found = await orNull(channel.checkQueue(queue));
  return found === null ? null : found.messageCount;
}

/** Null when there is no such thing. */
const orNull = <T>(check: Promise<T>): Promise<T | null> =>
  check.catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    return null;
  });

async function quietChannel(broker: Broker) {
  const channel = await broker.createChannel();
  channel.on('error', () => {});
  return channel;
}
