import { sleep } from '../../base/wait.ts';
import { CLASSES } from '../../core/message-class.ts';
import type { Clock, Ms } from '../../core/time.ts';
import type { Look, Standing, Turn } from '../judge/seen.ts';
import { saysCalm } from '../judge/status.ts';
import { type Queue, readOutages, readQueue, readStatus } from './application.ts';
import type { Cast } from './cast.ts';

export type Watch = {
  looks: readonly Look[];
  /** The last look that was begun at or after a moment. */
  last(since?: Ms): Look | null;
  standing(): Standing | null;
  /** All that became of the provider, as the daemon tells it, oldest first; null when it does not tell. */
  turns(): Promise<Turn[] | null>;
  stop(): Promise<void>;
};

type Watching = { every: Ms; patience: Ms; now: Clock; tell(who: string, says: string): void };

/** Looks again and again at what the daemon tells, and tells of what changes. */
export function startWatch(cast: Cast, { every, patience, now, tell }: Watching): Watch {
  const looks: Look[] = [];
  const stopping = new AbortController();
  const last = (since = 0) => looks.findLast(({ askedAt }) => askedAt >= since) ?? null;
  const history = followHistory(() => turnsIn(cast, patience), tell);
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      const before = last()?.status ?? null;
      const look = await lookAt(cast, patience, now);
      looks.push(look);
      if (look.standing) await history.goOnTo(look.standing);
      if (before && look.status && before.sentence !== look.status.sentence)
        tell('status', `says: ${look.status.sentence}`);
      await sleep(every, stopping.signal);
    }
  })();
  return {
    ...{ looks, last, turns: history.turns },
    standing: () => last()?.standing ?? null,
    async stop() {
      stopping.abort();
      await watching;
    },
  };
}

const HEALTHY: Standing = { state: 'healthy', share: 100 };

async function lookAt(cast: Cast, patience: Ms, now: Clock): Promise<Look> {
  const askedAt = now();
  const [status, queue] = await Promise.all([
    readStatus(cast, patience).catch(() => null),
    readQueue(cast, patience).catch(() => null),
  ]);
  return { askedAt, at: now(), status, waiting: queue && waitingIn(queue), standing: queue && standingIn(queue) };
}

const waitingIn = ({ classes }: Queue): number => CLASSES.reduce((sum, name) => sum + (classes[name]?.waiting ?? 0), 0);

const standingIn = ({ providers }: Queue): Standing => providers.find(({ name }) => name === 'mailgun') ?? HEALTHY;

/** Tells of each turn once. Between two looks there may be several, so they are read from what the daemon keeps of them. */
function followHistory(read: () => Promise<Turn[]>, tell: Watching['tell']) {
  let told: Standing = HEALTHY;
  let toldOf = 0;
  const tellOf = (standing: Standing) => {
    told = standing;
    tell('Homing', standingWords(standing));
  };
  const turns = async () => {
    const all = await read().catch(() => null);
    for (const turn of all?.slice(toldOf) ?? []) tellOf(turn);
    toldOf = Math.max(toldOf, all?.length ?? 0);
    return all;
  };
  return {
    turns,
    async goOnTo(standing: Standing) {
      if (isSame(standing, told)) return;
      const before = toldOf;
      await turns();
      // The daemon keeps nothing of a suspicion.
      if (toldOf === before) tellOf(standing);
    },
  };
}

const isSame = (one: Standing, other: Standing): boolean => one.state === other.state && one.share === other.share;

async function turnsIn(cast: Cast, patience: Ms): Promise<Turn[]> {
  return (await readOutages(cast, patience))
    .filter(({ provider }) => provider === 'mailgun')
    .flatMap(({ evidence }) => evidence.map(({ at, state, share }) => ({ at: Date.parse(at), state, share })))
    .sort((a, b) => a.at - b.at);
}

function standingWords({ state, share }: Standing): string {
  if (state === 'recovering') return `gives Mailgun ${share} of 100 mails`;
  if (state === 'healthy') return 'gives Mailgun all mail';
  return state === 'down' ? 'takes Mailgun to be down' : `takes Mailgun for ${state}`;
}

/** Whether the provider has all mail: it has while it is but suspected. */
export const hasAllMail = (look: Look | null): boolean =>
  look?.standing?.state === 'healthy' || look?.standing?.state === 'suspect';

export const isCalm = (look: Look | null): boolean =>
  look?.status != null && saysCalm(look.status) && look.waiting === 0 && look.standing?.state === 'healthy';
