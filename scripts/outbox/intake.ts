// How fast mail is taken in while Mailgun hangs, beside a healthy one.
import { type SimMailgun, startSimMailgun } from '../../src/lab/sim/mailgun.ts';
import { DOMAIN, TOKEN, withDaemon } from '../bench/daemon.ts';
import { type Load, middle, post } from '../bench/loads.ts';

const CONNECTIONS = 32;
/** Seconds at a pace. */
const PACED = 10;

/** As fast as it is answered, and at a pace. */
export type Taken = { full: Load; paced: Load };
export type Intake = { healthy: Taken; hanging: Taken };
type How = { mails: number; pace: number; rounds: number; databaseFor(): Promise<string> };

/** Each in turn, several times, with a new daemon and a new database. */
export async function benchIntake({ rounds, ...how }: How): Promise<Intake> {
  const all = { healthy: [] as Taken[], hanging: [] as Taken[] };
  for (let round = 0; round < rounds; round++) {
    all.healthy.push(await take(how, () => {}));
    all.hanging.push(await take(how, (sim) => void sim.misbehave(() => true, 'hang')));
  }
  return { healthy: middleOf(all.healthy), hanging: middleOf(all.hanging) };
}

async function take(
  { mails, pace, databaseFor }: Omit<How, 'rounds'>,
  spoil: (sim: SimMailgun) => void,
): Promise<Taken> {
  const sim = await startSimMailgun({ apiKey: 'key-of-the-bench', signingKey: 'of-the-bench', domains: [DOMAIN] });
  try {
    const env = { ...sim.environment, DATABASE_URL: await databaseFor() };
    return await withDaemon(env, async ({ url }) => {
      const what = { what: 'mail', url: `${url}/v3/${DOMAIN}/messages`, secret: TOKEN } as const;
      // For the compilers.
      await post({ ...what, connections: CONNECTIONS }, Math.ceil(mails / 4));
      spoil(sim);
      const paced = await post({ ...what, connections: CONNECTIONS }, Math.min(mails, PACED * pace), pace);
      return { paced, full: await post({ ...what, connections: CONNECTIONS }, mails) };
    });
  } finally {
    await sim.close();
  }
}

const middleOf = (all: readonly Taken[]): Taken => ({
  full: middle(
    all.map(({ full }) => full),
    (load) => load.perSecond,
  ),
  paced: middle(
    all.map(({ paced }) => paced),
    (load) => load.p99,
  ),
});
