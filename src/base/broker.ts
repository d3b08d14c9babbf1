import type { Duplex } from 'node:stream';
import type { Channel, ChannelModel } from 'amqplib';
import { type Ms, SECOND } from '../core/time.ts';
import { wordsOf } from './errors.ts';
import { sleep, within } from './wait.ts';

/** A connection to a broker that speaks AMQP 0-9-1, such as RabbitMQ. */
export type Broker = ChannelModel;

const PACKAGE = 'amqplib';

/** Says what is missing on this machine for speaking to a broker, or null: its package is optional, and loaded when it is used. */
export async function brokerTrouble(): Promise<string | null> {
  try {
    await import('amqplib');
    return null;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return `the package ${PACKAGE} is not installed: run "npm install ${PACKAGE}@2"`;
  }
}

/** For a connection to be made. */
const PATIENCE: Ms = 10 * SECOND;

/** Rejects when it can't be had. Whoever has it hears of its end by `close`. */
export async function connectToBroker(url: string, name: string): Promise<Broker> {
  const trouble = await brokerTrouble();
  if (trouble !== null) throw new Error(trouble);
  const { connect } = await import('amqplib');
  const how = { timeout: PATIENCE, noDelay: true, clientProperties: { connection_name: name } };
  const broker = await connect(url, how);
  // What ends it is told by `close` as well.
  broker.on('error', () => {});
  return broker;
}

/** What ended a connection, or kept it from being made. */
export function brokerWords(error: unknown): string {
  const { code, reason } = (error ?? {}) as { code?: unknown; reason?: unknown };
  // OpenSSL's message is a line of its source.
  if (typeof reason === 'string') return `TLS: ${reason}`;
  const words = error === undefined ? '' : wordsOf(error);
  if (/ConnectionOpenOk; got <ConnectionClose/.test(words)) return NO_VHOST;
  return words || (typeof code === 'string' ? code : 'the connection was closed');
}

const NO_VHOST = 'there is no such virtual host, or its user may not use it';

/** Something that the broker is to have, with what it is made of where it is not there. */
export type Wanted = { check(channel: Channel): Promise<unknown>; make(channel: Channel): Promise<unknown> };

/** Whether a check failed because there is no such thing. */
export const isNotFound = (error: unknown): boolean => (error as { code?: unknown }).code === 404;

/** Leaves alone what is there: its operators may have made it otherwise than we would. */
export async function ensure(broker: Broker, { check, make }: Wanted): Promise<void> {
  const isThere = await tried(broker, check).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    return false;
  });
  if (!isThere) await tried(broker, make);
}

/** The broker closes a channel on which something fails. */
async function tried(broker: Broker, work: (channel: Channel) => Promise<unknown>): Promise<true> {
  const channel = await broker.createChannel();
  channel.on('error', () => {});
  await work(channel);
  await channel.close();
  return true;
}

/** Closes a connection, whatever state it is in, and does not wait for a broker that hangs. */
export async function closeBroker(broker: Broker): Promise<void> {
  const closed = broker.close().catch(() => {});
  await within(closed, SECOND, undefined);
  // One that reads nothing would keep it, and all that was written to it.
  (broker.connection as { stream?: Duplex }).stream?.destroy();
}

const WAITS = { first: SECOND / 4, longest: 30 * SECOND };

/** How long to wait after so many failures on end. */
const waitAfter = (failures: number): Ms => Math.min(WAITS.longest, WAITS.first * 2 ** Math.min(failures, 10));

type Session = { url: string; name: string; signal: AbortSignal; onTrouble(why: string): void };

/**
 * Calls `session` with a connection, and again with another one when that one has ended, until the signal is aborted.
 * `session` resolves when it is over, or rejects; it says that it works by calling `isWell`.
 */
export async function stayConnected(
  { url, name, signal, onTrouble }: Session,
  session: (broker: Broker, isWell: () => void) => Promise<void>,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      const broker = await connectToBroker(url, name);
      try {
        await session(broker, () => {
          failures = 0;
        });
      } finally {
        await closeBroker(broker);
      }
    } catch (error) {
      if (!signal.aborted) onTrouble(brokerWords(error));
    }
    await sleep(waitAfter(failures), signal);
  }
}
