// Mail is sent, and daemons are killed and started again at random moments, until all has ended.
import { seededRandom } from '../sim/random.ts';
import { open, type Recorded, sendAll, settled, until } from './application.ts';
import type { DaemonProcess } from './daemon.ts';
import { FATES, loseSome, mixOf, refuseSome } from './mix.ts';
import { allTold, verdict } from './verdict.ts';
import { createWorld, type World } from './world.ts';

export type Campaign = {
  messages: number;
  daemons: number;
  seed: number;
  /** A kill comes when so many requests and webhooks more have passed, a random number between these. */
  between: [number, number];
  /** So many kills; as a least number, it goes on until all mail is sent. */
  kills: number;
  untilSent?: boolean;
  patience: number;
  database?: string;
  env?: Record<string, string>;
  say?: (line: string) => void;
};

export type Outcome = {
  problems: string[];
  kills: number;
  recorded: readonly Recorded[];
  /** Attempts that are written down as possible doubles. */
  doubles: number;
  seconds: number;
};

export async function campaign(plan: Campaign): Promise<Outcome> {
  const began = Date.now();
  const world = await createWorld({
    ...(plan.database === undefined ? {} : { database: plan.database }),
    // A reset that nobody hears of expires while the test looks on.
    // More addresses than the usual cap a day land on the bounce list here.
    env: { ACCESS_LIFE: '12s', UNSUPPRESS_MAX_PER_DAY: '100000', ...plan.env },
    sink: { refuse: refuseSome },
    sim: { quirks: { lose: loseSome }, otherwise: () => 'deliver' },
  });
  try {
    const { recorded, kills } = await sendAndKill(world, plan);
    plan.say?.(
      `all sent and ${kills} kills done after ${secondsSince(began)} s; what is open now has to end by itself`,
    );
    await settled(world.front.url, plan.patience);
    await until('the last alert', () => allTold(world));
    const { problems, doubles } = await verdict(world, recorded);
    return { problems, kills, recorded, doubles, seconds: secondsSince(began) };
  } finally {
    await world.close();
  }
}

const secondsSince = (at: number): number => Math.round((Date.now() - at) / 1000);

type Sending = { sent: number; done: boolean };

async function sendAndKill(world: World, plan: Campaign): Promise<{ recorded: Recorded[]; kills: number }> {
  const mails = mixOf(plan.messages);
  for (const { recipient } of mails) {
    const fate = FATES.find((f) => recipient.startsWith(`${f.name}.`));
    if (fate) world.sim.fate(recipient, fate.script);
  }
  const running: DaemonProcess[] = [];
  for (let n = 0; n < plan.daemons; n++) running.push(await world.start());
  const state = { sent: 0, done: false };
  const sending = sendAll(world, mails, () => state.sent++).finally(() => {
    state.done = true;
  });
  const [recorded, kills] = await Promise.all([sending, killThem(world, running, plan, state)]);
  return { recorded, kills };
}

/** Kills one of them at a time, without a word, wherever it stands, even in the middle of its start. */
async function killThem(world: World, running: DaemonProcess[], plan: Campaign, state: Sending): Promise<number> {
  const random = seededRandom(plan.seed);
  const [least, most] = plan.between;
  let kills = 0;
  while (kills < plan.kills || (plan.untilSent === true && !state.done)) {
    await passed(world, least + random() * (most - least));
    const n = Math.floor(random() * running.length);
    await running[n]?.kill();
    kills++;
    // One start in four is killed half way.
    if (random() < 0.25) {
      await killHalfWay(world, 1 + Math.floor(random() * QUERIES_OF_A_START));
      kills++;
    }
    running[n] = await world.start();
    plan.say?.(`${kills} kills, ${state.sent} sent, open: ${JSON.stringify(await open(world.front.url))}`);
  }
  return kills;
}

/** Waits until so many requests to Mailgun and webhooks from it more have passed. */
function passed({ sim }: World, count: number): Promise<void> {
  const seen = () => sim.requests.length + sim.webhooks.length;
  const target = seen() + count;
  return until('more to happen', () => seen() >= target);
}

/** About as many as there are until it says that it is up. */
const QUERIES_OF_A_START = 45;

/** Starts a daemon, and kills it as soon as it has asked the database so many things. */
async function killHalfWay(world: World, queries: number): Promise<void> {
  const up = world.start({ DEBUG: 'knex:query' }).catch(() => {});
  const daemon = world.daemons.at(-1);
  await daemon?.wrote(queries);
  await daemon?.kill();
  await up;
}
