import { sleep } from '../../base/wait.ts';
import { CLASSES } from '../../core/message-class.ts';
import type { Clock, Ms } from '../../core/time.ts';
import type { Look, Standing } from '../judge/seen.ts';
import { type Status, saysCalm } from '../judge/status.ts';
import { type Queue, readQueue, readStatus } from './application.ts';
import type { Cast } from './cast.ts';

export type Watch = {
  looks: readonly Look[] /** The last look at or after a moment. */;
  last(since?: Ms): Look | null;
  standing(): Standing | null;
  stop(): Promise<void>;
};

/** Looks again and again at what the daemon tells, and tells of what changes. */
export function startWatch(
  cast: Cast,
  { every, now, tell }: { every: Ms; now: Clock; tell(who: string, says: string): void },
): Watch {
  const looks: Look[] = [];
  const stopping = new AbortController();
  const last = (since = 0) => looks.findLast(({ at }) => at >= since) ?? null;
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      const before = last();
      const look = await lookAt(cast, now);
      looks.push(look);
      for (const [who, says] of news(before, look)) tell(who, says);
      await sleep(every, stopping.signal);
    }
  })();
  return {
    ...{ looks, last },
    standing: () => last()?.standing ?? null,
    async stop() {
      stopping.abort();
      await watching;
    },
  };
}

const HEALTHY: Standing = { state: 'healthy', share: 100 };

async function lookAt(cast: Cast, now: Clock): Promise<Look> {
  const [status, queue] = await Promise.all([readStatus(cast).catch(() => null), readQueue(cast).catch(() => null)]);
  return { at: now(), status, waiting: queue && waitingIn(queue), standing: queue && standingIn(queue) };
}

const waitingIn = ({ classes }: Queue): number => CLASSES.reduce((sum, name) => sum + (classes[name]?.waiting ?? 0), 0);

const standingIn = ({ providers }: Queue): Standing => providers.find(({ name }) => name === 'mailgun') ?? HEALTHY;

function news(before: Look | null, { status, standing }: Look): [who: string, says: string][] {
  const told: [string, string][] = [];
  const was = before?.standing ?? HEALTHY;
  if (standing && (standing.state !== was.state || standing.share !== was.share))
    told.push(['Homing', WORDS(standing)]);
  if (status && before?.status && bannerOf(status) !== bannerOf(before.status))
    told.push(['status', `says: ${bannerOf(status)}`]);
  return told;
}

const WORDS = ({ state, share }: Standing): string => {
  if (state === 'recovering') return `gives Mailgun ${share} of 100 mails`;
  if (state === 'healthy') return 'gives Mailgun all mail';
  return state === 'down' ? 'takes Mailgun to be down' : `takes Mailgun for ${state}`;
};

/** That nothing was sent for a while is no news. */
const bannerOf = ({ sentence }: Status): string => sentence;

/** Whether the provider has all mail. */
export const isWell = (look: Look | null): boolean =>
  look?.standing?.state === 'healthy' || look?.standing?.state === 'suspect';

export const isCalm = (look: Look | null): boolean =>
  look?.status != null && saysCalm(look.status) && look.waiting === 0 && look.standing?.state === 'healthy';
