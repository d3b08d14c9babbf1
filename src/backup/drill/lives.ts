// Two copies of a restored database, played with the real steps on a clock of their own against one simulated provider: the
// first lives on as the real one did after the backup was made, the second is what a restore finds.
import { stopwatch } from '../../base/wait.ts';
import type { Config } from '../../config/config.ts';
import { readConfig } from '../../config/config.ts';
import type { Env } from '../../config/env.ts';
import type { Candidate } from '../../core/capabilities.ts';
import { homesAmong } from '../../core/preference.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import { closeOutside, type Inside, insideOf } from '../../daemon/inside.ts';
import { createDispatcher } from '../../dispatch/dispatch.ts';
import { digest } from '../../inbox/digest.ts';
import { type SimMailgun, startSimMailgun } from '../../lab/sim/mailgun.ts';
import { type Sink, startSink } from '../../lab/sim/sink.ts';
import { doubtAll } from '../../operate/restored.ts';
import { domainsIn } from '../../providers/mailgun/settings.ts';
import { connectProviders, type OpenProvider, type Providers, SCHEMES } from '../../providers/registry/registry.ts';
import { createSmtp } from '../../providers/smtp/provider.ts';
import { createAsker } from '../../reconcile/asker.ts';
import { pollEvents } from '../../reconcile/poll.ts';
import { openStore, type Store } from '../../store/db/open.ts';
import { chunks } from '../../store/db/transact.ts';
import { backlog, openDeliveries } from '../../store/ledger/due.ts';
import { load } from '../../store/rows/rows.ts';

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
  /^(?:ENCRYPTION_KEY|SECONDARY(?:_SMTP_URL|_MODE|_WEIGHTS)?|PROVIDER_SHARE|RETRY_\w+|OUTAGE_(?!PROBE)\w+|ACCESS_\w+|NOTICE_\w+|BULK_\w+|DRAIN_RATE|EVENTS_SETTLE|ASK_PATIENCE|SILENCE_AFTER|LEASE|HOMING_(?:CLASSES|RULES))$/;

function configOf(env: Env, { sim }: Outside, url: string): Config {
  const plan = Object.fromEntries(Object.entries(env).filter(([name]) => OF_THE_PLAN.test(name)));
  return readConfig({ ...plan, ...sim.environment, DATABASE_URL: url }, 'database');
}

/** The simulated Mailgun, and each secondary under its own name: their mail goes into the sink, and none tells anything. */
function providersIn(config: Config, { sink, clock: now }: Outside): Providers {
  const intoSink =
    (open: OpenProvider): OpenProvider =>
    (url, options) => {
      const real = open(url, options);
      void real.close();
      return { ...createSmtp(sink.url, options), name: real.name };
    };
  const schemes = Object.entries(SCHEMES).map(([scheme, open]) => [scheme, intoSink(open)] as const);
  return connectProviders(config, { now, monotonic: now }, Object.fromEntries(schemes));
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
  /** Those of them that say that they may be second copies. */
  said: ReadonlySet<string>;
  /** Deliveries of which nobody can be asked whether they have left, and which are not sent again for that. */
  unasked: number;
  /** Whether it was played to its end. */
  isWhole: boolean;
};

/** Starts on a copy that was just restored: first with records that can't be read, then with all that they say. */
export const liveAgain = (life: Life, lasts: Ms): Promise<Afterlife> =>
  withSteps(life, async (inside, step) => {
    const { outside } = life;
    const { sim, clock } = outside;
    const { store, candidates, settings } = inside;
    const ids = await allOpen(store);
    const open = await doubtAll(store, homesAmong(candidates, settings.preference), 'a restore drill', clock.at);
    const { due } = await backlog(store, clock.at);
    const before = handedOver(outside).length;
    const mend = sim.misbehave(({ method, path }) => method === 'GET' || /\/analytics\//.test(path), { status: 500 });
    for (let n = 0; n < 3; n++, clock.at += SECOND) await step(inside);
    mend();
    const atOnce = handedOver(outside).slice(before);
    const isWhole = await goOn(life, lasts, () => step(inside));
    const later = handedOver(outside).slice(before + atOnce.length);
    return { open, due, atOnce, later, isWhole, ...(await whatIsSaid(store, ids, candidates)) };
  });

const PAGE = 200;

async function allOpen(store: Store): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const page = await openDeliveries(store, ids.at(-1) ?? '', PAGE);
    ids.push(...page);
    if (page.length < PAGE) return ids;
  }
}

/** What these deliveries say of themselves in the end. */
async function whatIsSaid(store: Store, ids: readonly string[], candidates: readonly Candidate[]) {
  const canBeAsked = new Set(candidates.flatMap(({ name, can }) => (can.lookUp ? [name] : [])));
  const said = new Set<string>();
  let unasked = 0;
  for (const part of chunks(ids, PAGE))
    for (const { delivery, rfcMessageId, recipient } of (await load(store.db, part)).values()) {
      if (delivery.attempts.some(({ claim }) => claim.double !== null)) said.add(nameOf(rfcMessageId, recipient));
      const last = delivery.attempts.at(-1);
      if (last?.outcome === 'unconfirmed' && !canBeAsked.has(last.claim.provider)) unasked++;
    }
  return { said, unasked };
}

type Step = (inside: Inside) => Promise<void>;

async function withSteps<T>(life: Life, play: (inside: Inside, step: Step) => Promise<T>): Promise<T> {
  const { url, env, outside, log, signal } = life;
  const store = openStore(url);
  const config = configOf(env, outside, url);
  const providers = providersIn(config, outside);
  const now = outside.clock;
  const inside = insideOf({ store, config, providers, now, monotonic: now, signal, log, wake: () => {} });
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
