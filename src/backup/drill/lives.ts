// Two copies of a restored database, played with the real steps on a clock of their own against one simulated provider: the
// first lives on as the real one did after the backup was made, the second is what a restore finds.
import { stopwatch } from '../../base/wait.ts';
import type { Config } from '../../config/config.ts';
import { readConfig } from '../../config/config.ts';
import type { Env } from '../../config/env.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import { closeOutside, type Inside, insideOf } from '../../daemon/inside.ts';
import { createDispatcher } from '../../dispatch/dispatch.ts';
import { digest } from '../../inbox/digest.ts';
import { type SimMailgun, startSimMailgun } from '../../lab/sim/mailgun.ts';
import { type Sink, startSink } from '../../lab/sim/sink.ts';
import { doubtAll } from '../../operate/restored.ts';
import { domainsIn } from '../../providers/mailgun/settings.ts';
import { createAsker } from '../../reconcile/asker.ts';
import { pollEvents } from '../../reconcile/poll.ts';
import { openStore } from '../../store/db/open.ts';
import { backlog } from '../../store/ledger/due.ts';

/** Where mail goes in the play, and what it was. */
export type Outside = { sim: SimMailgun; sink: Sink; clock: SetClock; close(): Promise<void> };

type SetClock = (() => Ms) & { at: Ms };

export async function openOutside(config: Config, at: Ms): Promise<Outside> {
  const clock: SetClock = Object.assign(() => clock.at, { at });
  const quirks = { deliveryLatency: 800 };
  const domains = domainsIn(config);
  const sim = await startSimMailgun({
    apiKey: 'key-of-the-drill',
    signingKey: 'sign-of-the-drill',
    domains,
    clock,
    quirks,
  });
  const sink = await startSink({ clock });
  return { sim, sink, clock, close: async () => void (await Promise.all([sim.close(), sink.close()])) };
}

/** What decides when mail is sent. Nothing that leads outside, and nobody who could be alerted. */
const OF_THE_PLAN =
  /^(?:ENCRYPTION_KEY|RETRY_\w+|OUTAGE_(?!PROBE)\w+|ACCESS_\w+|NOTICE_\w+|BULK_\w+|DRAIN_RATE|EVENTS_SETTLE|ASK_PATIENCE|SILENCE_AFTER|LEASE|HOMING_(?:CLASSES|RULES))$/;

function configOf(env: Env, { sim, sink }: Outside, url: string): Config {
  const plan = Object.fromEntries(Object.entries(env).filter(([name]) => OF_THE_PLAN.test(name)));
  const hasSecondary = Boolean(env['SECONDARY'] || env['SECONDARY_SMTP_URL']);
  const secondary = hasSecondary ? { SECONDARY_SMTP_URL: sink.url } : {};
  return readConfig({ ...plan, ...sim.environment, ...secondary, DATABASE_URL: url }, 'database');
}

/** Mails that were handed over, by the Message-Id and the recipient of each. */
export function handedOver({ sim, sink }: Outside): string[] {
  const bySim = sim.handovers.map(({ messageId, recipient }) => nameOf(messageId, recipient));
  const bySink = sink.mails.flatMap(({ raw, to }) => to.map((recipient) => nameOf(idIn(raw), recipient)));
  return [...bySim, ...bySink];
}

const nameOf = (messageId: string, recipient: string): string =>
  `${messageId.replace(/^<|>$/g, '')} ${recipient.toLowerCase()}`;
const idIn = (raw: string): string => /^message-id:\s*(\S+)/im.exec(raw)?.[1] ?? '';

type Life = {
  url: string;
  env: Env;
  outside: Outside;
  log: Inside['log'];
  signal: AbortSignal;
  /** How long it is played at most, by the clock on the wall. */
  patience: Ms;
};

const STEP: Ms = 30 * SECOND;
const ROUNDS = 50;

/** Goes on with a copy for some time, as if nothing had happened. */
export const liveOn = (life: Life, lasts: Ms): Promise<boolean> =>
  withSteps(life, (inside, step) => goOn(life, lasts, () => step(inside)));

/** Says whether the end was reached. */
async function goOn({ outside: { clock }, patience }: Life, lasts: Ms, step: () => Promise<void>): Promise<boolean> {
  const spent = stopwatch();
  const end = clock.at + lasts;
  for (; clock.at < end && spent() < patience; clock.at += STEP) await step();
  return clock.at >= end;
}

export type Afterlife = {
  /** Deliveries that were open, and those of them that were due. */
  open: number;
  due: number;
  /** What was handed over before anything could be read. */
  atOnce: string[];
  /** What was handed over afterwards. */
  later: string[];
  /** Whether it was played to its end. */
  isWhole: boolean;
};

/** Starts on a copy that was just restored: first with records that can't be read, then with all that they say. */
export const liveAgain = (life: Life, lasts: Ms): Promise<Afterlife> =>
  withSteps(life, async (inside, step) => {
    const { outside } = life;
    const { sim, clock } = outside;
    const open = await doubtAll(inside.store, 'a restore drill', clock.at);
    const { due } = await backlog(inside.store, clock.at);
    const before = handedOver(outside).length;
    const mend = sim.misbehave(({ method, path }) => method === 'GET' || /\/analytics\//.test(path), { status: 500 });
    for (let n = 0; n < 3; n++, clock.at += SECOND) await step(inside);
    mend();
    const atOnce = handedOver(outside).slice(before);
    const isWhole = await goOn(life, lasts, () => step(inside));
    return { open, due, atOnce, later: handedOver(outside).slice(before + atOnce.length), isWhole };
  });

type Step = (inside: Inside) => Promise<void>;

async function withSteps<T>(life: Life, play: (inside: Inside, step: Step) => Promise<T>): Promise<T> {
  const { url, env, outside, log, signal } = life;
  const store = openStore(url);
  const config = configOf(env, outside, url);
  const now = outside.clock;
  const inside = insideOf({ store, config, now, monotonic: now, signal, log, wake: () => {} });
  const dispatcher = createDispatcher({ ...inside, onFree: () => {} });
  const asker = createAsker({ ...inside, onAnswer: () => {} });
  const step: Step = async () => {
    for (let round = 0; round < ROUNDS; round++) {
      signal.throwIfAborted();
      await outside.sim.runDue();
      const read = (await pollEvents(inside)) + (await digest(inside));
      const looked = await dispatcher.run();
      await dispatcher.idle();
      const asked = await asker.run();
      await asker.idle();
      if (read + looked + asked === 0) return;
    }
  };
  try {
    return await play(inside, step);
  } finally {
    await Promise.all([dispatcher.idle(), asker.idle()]);
    await closeOutside(inside);
    await store.close();
  }
}
