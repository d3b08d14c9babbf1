import type { Channel, Message } from 'amqplib';
import { type Broker, ensure, stayConnected } from '../base/broker.ts';
import { AppError, wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { createTurns } from '../base/turns.ts';
import { inBackground, sleep, stopwatch, within } from '../base/wait.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../core/time.ts';
import { isDatabaseTrouble, TooLarge } from '../store/db/trouble.ts';
import { callIn } from './brokered.ts';
import { createHand, pushedOf } from './hand.ts';
import { ensureRefused, QUORUM, type Refused, refusedFrom, refusedQueue } from './refused-queue.ts';
import type { TakeIn } from './take-in.ts';

/** What became of a delivery: `returned` ones come again. */
export type Outcome = 'taken' | 'repeated' | 'refused' | 'returned';
export const OUTCOMES: readonly Outcome[] = ['taken', 'repeated', 'refused', 'returned'];

export type FromBrokerDeps = {
  url: string;
  queue: string;
  /** Deliveries in the hand at once. */
  prefetch: number;
  /** For what is refused to be confirmed by the broker. */
  patience?: Ms;
  /** Bytes in the hand, up to which more is fetched. */
  room?: number;
  takeIn: TakeIn;
  /** Whether the database takes writes now. */
  isReady(): Promise<boolean>;
  /** What the database does not take for so long stays with the broker until it does. */
  away?: Ms;
  onQueued(): void;
  onOutcome(outcome: Outcome): void;
  now: Clock;
  signal: AbortSignal;
  log: Log;
};

const AWAY: Ms = MINUTE;
/** How often the database is tried then, and how long that may take. */
const LOOK: Ms = 5 * SECOND;
const LOOK_PATIENCE: Ms = 10 * SECOND;
/** What can't be put aside is held for so long: brokers take one back after half an hour, with the connection. */
const HOLD: Ms = 20 * MINUTE;
/** What fails for a reason that is none of these is put aside after this time, so that others go on. */
const UNKNOWN: Ms = MINUTE;
/** A session that has lasted for so long works, though nothing came. */
const STEADY: Ms = 30 * SECOND;
const LONGEST_WAIT: Ms = 15 * SECOND;
/** How long a stop waits for what is in the hand. */
const LAST_WAIT: Ms = 10 * SECOND;
/** Bytes. Of larger ones one is worked on at a time, as the work makes copies. */
const LARGE = 1024 * 1024;

/**
 * Takes the messages of a queue in, as if they had come by HTTP. Each is acknowledged when it is durable here, or durable among
 * those that were refused. Resolves when the signal is aborted and what was in the hand is written down or given back.
 */
export async function takeFromBroker(deps: FromBrokerDeps): Promise<void> {
  const { url, signal, log } = deps;
  const onTrouble = (why: string) => log.warn({ why }, 'the broker of INTAKE_URL is away: it is tried again');
  const refused = refusedFrom(deps);
  const barred = new Set<string>();
  try {
    await stayConnected({ url, name: 'homing intake', signal, onTrouble }, async (broker, isWell) => {
      await ensureQueues(broker, deps.queue);
      for (await untilReady(deps); !signal.aborted; await untilReady(deps))
        await consume(deps, broker, { refused, barred }, isWell);
    });
  } finally {
    await refused.close();
  }
}

/** Nothing is in the hand meanwhile: others can take it, and the broker counts no return of it. */
async function untilReady({ isReady, away = AWAY, signal, log }: FromBrokerDeps): Promise<void> {
  const fails = (error: unknown) => {
    log.warn({ error }, 'the database could not be tried');
    return false;
  };
  const look = () => within(isReady().catch(fails), LOOK_PATIENCE, false);
  while (!signal.aborted && !(await look())) await sleep(Math.min(LOOK, away), signal);
}

/** How often a broker delivers a message that ends whoever takes it, or is given back again and again. */
const DELIVERIES = 50;

/** Durable ones on a majority of the broker's nodes. What is refused, or was delivered too often, goes to the second one. */
async function ensureQueues(broker: Broker, queue: string): Promise<void> {
  await ensureRefused(broker, queue);
  const beyond = {
    ...{
      'x-delivery-limit': DELIVERIES,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': refusedQueue(queue),
    },
    // Without both a broker may lose what it moves.
    ...{ 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish' },
  };
  await ensure(broker, {
    check: (channel) => channel.checkQueue(queue),
    make: (channel) => channel.assertQueue(queue, { durable: true, arguments: { ...QUORUM, ...beyond } }),
  });
}

/** `barred`: queues from which nothing can be fetched, as they have one consumer at a time. */
type Lasting = { refused: Refused; barred: Set<string> };

/** Resolves when the signal is aborted, or the database is away; rejects when the connection has ended. */
async function consume(
  deps: FromBrokerDeps,
  broker: Broker,
  { refused, barred }: Lasting,
  isWell: () => void,
): Promise<void> {
  const { queue, prefetch, room, signal, log } = deps;
  const channel = await broker.createChannel();
  const [over, left] = [new AbortController(), new AbortController()];
  const ended = AbortSignal.any([signal, over.signal, left.signal]);
  channel.on('error', () => {});
  channel.on('close', () => over.abort());
  const leave = () => {
    if (!ended.aborted) log.warn({ queue }, 'the database is away: mail stays with the broker until it is back');
    left.abort();
  };
  const session: Session = {
    ...{ channel, isWell, ended, over: over.signal, refuse: refused.add, leave },
  };
  const turns = createTurns(1);
  const work = (message: Message) =>
    inTurn(turns, message, handle(deps, session, message)).catch((error: unknown) => {
      if (!over.signal.aborted) log.warn({ error }, 'a message of the broker is not acknowledged: it comes again');
      over.abort();
    });
  const onBarred = () => void barred.add(queue);
  const most = barred.has(queue) ? pushedOf(prefetch) : prefetch;
  const hand = createHand({ channel, queue, most, room, work, onBarred });
  await channel.prefetch(pushedOf(prefetch));
  const { consumerTag } = await channel.consume(queue, (message) => {
    // The queue was deleted.
    if (message === null) return over.abort();
    hand.take(message);
  });
  log.info({ queue }, 'mail is taken from the broker');
  const cancel = inBackground(STEADY, isWell);
  await until(ended);
  cancel();
  if (!over.signal.aborted) await shortly(channel.cancel(consumerTag));
  // What hangs must not keep the process from its end, nor from the next session: what is still in the hand comes again.
  await within(hand.empty(), LAST_WAIT, undefined);
  if (over.signal.aborted && !signal.aborted) throw new Error('the connection was closed');
  // The end of the connection may overtake what was acknowledged; that of the channel does not.
  if (!over.signal.aborted) await shortly(channel.close());
}

const shortly = (work: Promise<unknown>): Promise<unknown> =>
  within(
    work.catch(() => {}),
    SECOND,
    undefined,
  );

async function inTurn(turns: ReturnType<typeof createTurns>, { content }: Message, work: () => Promise<void>) {
  if (content.length <= LARGE) return work();
  const end = await turns.next();
  return work().finally(end);
}

const until = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

type Session = {
  channel: Channel;
  /** Aborted when nothing can be acknowledged on it any more. */
  over: AbortSignal;
  /** Aborted when it has ended, or is about to. */
  ended: AbortSignal;
  /** Ends it, as the database is away. */
  leave(): void;
  isWell(): void;
  refuse(message: Message, why: AppError): Promise<void>;
};

/** What is to be done with a message; its time in the hand begins now. */
function handle(deps: FromBrokerDeps, session: Session, message: Message): () => Promise<void> {
  const { channel, over, isWell } = session;
  const inHand = stopwatch();
  return async () => {
    const outcome = await outcomeOf(deps, session, message, inHand);
    if (over.aborted) return deps.onOutcome('returned');
    if (outcome === 'returned') channel.nack(message, false, true);
    else {
      channel.ack(message);
      isWell();
    }
    deps.onOutcome(outcome);
  };
}

/** Tries until it is clear what becomes of it: taken, refused, or given back because the trouble is ours and lasts. */
async function outcomeOf(deps: FromBrokerDeps, session: Session, message: Message, inHand: () => Ms): Promise<Outcome> {
  const { log, away = AWAY } = deps;
  const { ended } = session;
  const tried = stopwatch();
  for (let tries = 1; !ended.aborted; tries++) {
    try {
      return await takeOrRefuse(deps, session, message, tried());
    } catch (error) {
      if (tries === 1) log.warn({ error }, 'a message of the broker can not be taken now: it is tried again');
      if (isDatabaseTrouble(error) && tried() > away) session.leave();
      if (inHand() > HOLD) return 'returned';
    }
    await sleep(Math.min(LONGEST_WAIT, (SECOND / 4) * 2 ** Math.min(tries, 8)), ended);
  }
  return 'returned';
}

/** Rejects when neither can be done now. `held`: for how long it has been tried. */
async function takeOrRefuse(
  { takeIn, now, log, onQueued }: FromBrokerDeps,
  session: Session,
  message: Message,
  held: Ms,
): Promise<Outcome> {
  try {
    const { isRepeat } = await takeIn(callIn(message), now());
    if (!isRepeat) onQueued();
    return isRepeat ? 'repeated' : 'taken';
  } catch (error) {
    const refusal = refusalIn(error, held);
    if (refusal === null) throw error;
    await session.refuse(message, refusal);
    log.warn({ why: refusal.message, code: refusal.code }, 'a message of the broker is refused');
    return 'refused';
  }
}

/** Why a message will never be taken; null when it may be taken later. `held`: for how long it has been tried. */
function refusalIn(error: unknown, held: Ms): AppError | null {
  if (error instanceof AppError) return ['unavailable', 'in_progress'].includes(error.code) ? null : error;
  if (error instanceof TooLarge) return new AppError('too_large', 'the message is too large for the database');
  if (isDatabaseTrouble(error) || held < UNKNOWN) return null;
  return new AppError('unsupported', `it could not be taken: ${wordsOf(error)}`);
}
