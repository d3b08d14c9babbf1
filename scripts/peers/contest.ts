// Queues that do the same work, each in turn, several times.
import { middle } from '../bench/loads.ts';
import { smallMail } from '../bench/postings.ts';

/** How long it took, in ms, and what this process spent on it, in ms of a core. */
export type Drained = { ms: number; cpu: number };

/** One queue, worked in one way. */
export type Entrant = {
  queue: string;
  way: string;
  /** Takes one job after the other: it gets fewer of them, or it would take minutes. */
  isSingle?: boolean;
  /** Puts so many jobs into it, which is not measured. */
  fill(count: number): Promise<void>;
  /** Claims and completes all of them, durably. */
  drain(count: number): Promise<Drained>;
};

export type Field = { entrants: readonly Entrant[]; close(): Promise<void> };

/** Opens what works with a server, which is stopped with it, or when it can not be opened. */
export async function onServer(server: { stop(): Promise<void> }, open: () => Promise<Field>): Promise<Field> {
  try {
    const { entrants, close } = await open();
    const closeBoth = async () => {
      await close();
      await server.stop();
    };
    return { entrants, close: closeBoth };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Jobs a second, and µs of a core of this process for each job. */
export type Result = Pick<Entrant, 'queue' | 'way'> & { rate: number; low: number; high: number; cpu: number };
type How = { jobs: number; rounds: number; progress(line: string): void };

/** What a job is about: the same mail for all. */
export const payloadOf = (n: number): object => Object.fromEntries(smallMail(n));

/** So many times fewer jobs where they are taken one by one. */
const FEWER = 10;

/** Starts a measurement; the answer ends it. */
export function measure(): () => Drained {
  const began = performance.now();
  const spent = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(spent);
    return { ms: performance.now() - began, cpu: (user + system) / 1000 };
  };
}

/** Medians of the rounds. One more, before them, is for the compilers and caches. */
export async function contest(entrants: readonly Entrant[], { jobs, rounds, progress }: How): Promise<Result[]> {
  const all = new Map<Entrant, { rate: number; cpu: number }[]>(entrants.map((entrant) => [entrant, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [entrant, seen] of all) {
      progress(`round ${round} of ${rounds}: ${entrant.queue}, ${entrant.way}`);
      const count = Math.ceil(entrant.isSingle ? jobs / FEWER : jobs);
      await entrant.fill(count);
      const { ms, cpu } = await entrant.drain(count);
      if (round > 0) seen.push({ rate: (count * 1000) / ms, cpu: (cpu * 1000) / count });
    }
  }
  return [...all].map(([{ queue, way }, seen]) => {
    const rates = seen.map(({ rate }) => rate);
    const [low, high] = [Math.min(...rates), Math.max(...rates)];
    return { queue, way, low, high, rate: middle(rates, (r) => r), cpu: middle(seen, (s) => s.cpu).cpu };
  });
}
