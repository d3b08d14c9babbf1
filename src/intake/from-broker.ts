import type { Channel, ConsumeMessage } from 'amqplib';
import { type Broker, ensure, stayConnected } from '../base/broker.ts';
import { AppError, wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { createTurns } from '../base/turns.ts';
import { inBackground, sleep, stopwatch, within } from '../base/wait.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../core/time.ts';
import { isDatabaseTrouble, TooLarge } from '../store/db/trouble.ts';
import { callIn } from './brokered.ts';
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
  takeIn: TakeIn;
  onQueued(): void;
  onOutcome(outcome: Outcome): void;
  now: Clock;
  signal: AbortSignal;
  log: Log;
};

/** While the database is away a delivery is held for so long: brokers take one back after half an hour, with the connection. */
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
  try {
    await stayConnected({ url, name: 'homing intake', signal, onTrouble }, async (broker, isWell) => {
      await ensureQueues(broker, deps.queue);
      await consume(deps, broker, refused, isWell);
    });
  } finally {
    await refused.close();
  }
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

async function consume(deps: FromBrokerDeps, broker: Broker, refused: Refused, isWell: () => void): Promise<void> {
  const { queue, prefetch, signal, log } = deps;
  const channel = await broker.createChannel();
  const over = new AbortController();
  channel.on('error', () => {});
  channel.on('close', () => over.abort());
  const inHand = new Set<Promise<void>>();
  const session: Session = { channel, over: over.signal, isWell, refuse: refused.add };
  const turns = createTurns(1);
  await channel.prefetch(prefetch);
  const { consumerTag } = await channel.consume(queue, (message) => {
    // The queue was deleted.
    if (message === null) return over.abort();
    const work = inTurn(turns, message, () => handle(deps, session, message))
      .catch((error: unknown) => {
        if (!over.signal.aborted) log.warn({ error }, 'a message of the broker is not acknowledged: it comes again');
        over.abort();
      })
      .finally(() => inHand.delete(work));
    inHand.add(work);
  });
  log.info({ queue }, 'mail is taken from the broker');
  const cancel = inBackground(STEADY, isWell);
  await until(AbortSignal.any([signal, over.signal]));
  cancel();
  if (!over.signal.aborted)
    await within(
      channel.cancel(consumerTag).catch(() => {}),
      SECOND,
      undefined,
    );
  const all = Promise.all(inHand);
  // A broker that confirms nothing must not keep the process from its end: what is still in the hand comes again.
  await (signal.aborted ? within(all, LAST_WAIT, undefined) : all);
  if (!signal.aborted) throw new Error('the connection was closed');
  // The end of the connection may overtake what was acknowledged; that of the channel does not.
  const closed = channel.close().catch(() => {});
  if (!over.signal.aborted) await within(closed, SECOND, undefined);
}

async function inTurn(turns: ReturnType<typeof createTurns>, { content }: ConsumeMessage, work: () => Promise<void>) {
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
  isWell(): void;
  refuse(message: ConsumeMessage, why: AppError): Promise<void>;
};

async function handle(deps: FromBrokerDeps, session: Session, message: ConsumeMessage): Promise<void> {
  const { channel, over, isWell } = session;
  const outcome = await outcomeOf(deps, session, message);
  if (over.aborted) return deps.onOutcome('returned');
  if (outcome === 'returned') channel.nack(message, false, true);
  else {
    channel.ack(message);
    isWell();
  }
  deps.onOutcome(outcome);
}

/** Tries until it is clear what becomes of it: taken, refused, or given back because the trouble is ours and lasts. */
async function outcomeOf(deps: FromBrokerDeps, session: Session, message: ConsumeMessage): Promise<Outcome> {
  const { signal, log } = deps;
  const ended = AbortSignal.any([signal, session.over]);
  const held = stopwatch();
  for (let tries = 1; ; tries++) {
    try {
      return await takeOrRefuse(deps, session, message, held());
    } catch (error) {
      if (tries === 1) log.warn({ error }, 'a message of the broker can not be taken now: it is tried again');
      if (held() > HOLD) return 'returned';
    }
    await sleep(Math.min(LONGEST_WAIT, (SECOND / 4) * 2 ** Math.min(tries, 8)), ended);
    if (ended.aborted) return 'returned';
  }
}

/** Rejects when neither can be done now. `held`: for how long it has been tried. */
async function takeOrRefuse(
  { takeIn, now, log, onQueued }: FromBrokerDeps,
  session: Session,
  message: ConsumeMessage,
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
