// Mail is sent, and daemons are killed and started again at random moments, until all has ended.
import { sleep } from '../../base/wait.ts';
import { seededRandom } from '../sim/random.ts';
import { open, type Recorded, sendAll, settled, until } from './application.ts';
import type { DaemonProcess } from './daemon.ts';
import { FATES, loseSome, mixOf, refuseSome } from './mix.ts';
import { alertsIn, verdict } from './verdict.ts';
import { createWorld, type World } from './world.ts';

export type Campaign = {
  messages: number;
  daemons: number;
  seed: number;
  /** A kill comes after a random time between these, so many in all; as a least number, it goes on until all mail is sent. */
  between: [number, number];
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

export async function campaign(c: Campaign): Promise<Outcome> {
  const began = Date.now();
  const random = seededRandom(c.seed);
  const world = await createWorld({
    ...(c.database === undefined ? {} : { database: c.database }),
    // A reset that nobody hears of expires while the test looks on.
    // More addresses than the usual cap a day land on the bounce list here.
    env: { ACCESS_LIFE: '12s', UNSUPPRESS_MAX_PER_DAY: '100000', ...c.env },
    sink: { refuse: refuseSome },
    sim: { quirks: { lose: loseSome }, otherwise: () => 'deliver' },
  });
  try {
    const mails = mixOf(c.messages);
    for (const { recipient } of mails) {
      const fate = FATES.find((f) => recipient.startsWith(`${f.name}.`));
      if (fate) world.sim.fate(recipient, fate.script);
    }
    const running: DaemonProcess[] = [];
    for (let n = 0; n < c.daemons; n++) running.push(await world.start());
    const state = { sent: 0, done: false };
    const sending = sendAll(world, mails, () => state.sent++).finally(() => {
      state.done = true;
    });
    const [recorded, kills] = await Promise.all([sending, killThem(world, running, c, random, () => state)]);
    c.say?.(`all sent and ${kills} kills done after ${seconds(began)} s; what is open now has to end by itself`);
    await settled(world.front.url, c.patience);
    await alertsOut(world);
    const { problems, doubles } = await verdict(world, recorded);
    return { problems, kills, recorded, doubles, seconds: seconds(began) };
  } finally {
    await world.close();
  }
}

const seconds = (since: number): number => Math.round((Date.now() - since) / 1000);

/** Kills one of them at a time, without a word, wherever it stands, even in the middle of its start. */
async function killThem(
  world: World,
  running: DaemonProcess[],
  { between: [least, most], kills: wanted, untilSent = false, say }: Campaign,
  random: () => number,
  state: () => { sent: number; done: boolean },
): Promise<number> {
  let kills = 0;
  while (kills < wanted || (untilSent && !state().done)) {
    await sleep(least + random() * (most - least));
    const n = Math.floor(random() * running.length);
    await running[n]?.kill();
    kills++;
    // One start in four is killed half way.
    const again = world.start();
    if (random() < 0.25) {
      again.catch(() => {});
      await sleep(200 + random() * 1200);
      await world.daemons.at(-1)?.kill();
      kills++;
      running[n] = await world.start();
    } else running[n] = await again;
    if (say) say(`${kills} kills, ${state().sent} sent, open: ${JSON.stringify(await open(world.front.url))}`);
  }
  return kills;
}

/** An alert is sent after its deliveries have ended. */
async function alertsOut(world: World): Promise<void> {
  const { front, sink } = world;
  let before = -1;
  await until('the last alert', async () => {
    const now = alertsIn(world).reduce((sum, a) => sum + a.count, 0);
    const quiet = now === before && sink.mails.length > 0;
    before = now;
    await sleep(1500);
    return quiet && Object.keys(await open(front.url)).length === 0;
  });
}
