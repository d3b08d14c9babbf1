import type { Job } from '../base/job.ts';
import type { Log } from '../base/log.ts';
import { timesOf } from '../base/times.ts';
import { failedIn } from '../core/drills.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import { failedWords } from '../core/words/drills.ts';
import type { Store } from '../store/db/open.ts';
import { beginDrill, endDrill, forgetDrill } from '../store/drills.ts';
import { drillInChild, type Ended } from './child.ts';
import type { DrillSettings } from './settings.ts';

export type DrillInside = { store: Store; now: Clock; signal: AbortSignal; log: Log; config: DrillSettings };

const PAUSE: Ms = 5 * SECOND;

const drillJob: Job<DrillInside> = {
  name: 'drill',
  pause: () => PAUSE,
  start(inside) {
    const { DRILL_CRON: cron } = inside.config;
    if (cron === undefined) return { run: async () => 0 };
    return { run: drillsFrom(inside, timesOf(cron), inside.now()) };
  },
};

export const DRILL_JOBS = [drillJob];

type Play = (signal: AbortSignal) => Promise<Ended>;

/** Makes the drill that is due. One that was due while no daemon ran is left out. */
export function drillsFrom(
  inside: DrillInside,
  times: { last(at: Ms): Ms },
  startedAt: Ms,
  play: Play = drillInChild,
): () => Promise<number> {
  let done = startedAt;
  let unwritten: WriteEnd | null = null;
  return async () => {
    if (unwritten === null) {
      const due = times.last(inside.now());
      if (due <= done) return 0;
      unwritten = await playOnce(inside, due, play);
      done = due;
    }
    if (unwritten === null) return 0;
    await unwritten();
    unwritten = null;
    return 1;
  };
}

/** Writes down how a drill ended. Where it fails it can be done again. */
type WriteEnd = () => Promise<void>;

/** The drill of one time of the schedule, made by the first daemon that asks; null where it was another one. */
export async function playOnce(inside: DrillInside, due: Ms, play: Play): Promise<WriteEnd | null> {
  const { store, now, signal, log, config } = inside;
  const { DRILL_PRIMARY: fault, DRILL_AGAINST: ground = 'demo' } = config;
  const id = await beginDrill(store, { turn: `cron:${due}`, fault, ground }, now());
  if (id === null) return null;
  log.info({ fault, ground }, 'a drill has begun');
  const ended = await play(signal).catch((error: unknown) => ({ report: null, says: String(error) }));
  if (signal.aborted) {
    log.info({ fault, ground }, 'a drill was ended with its daemon');
    return () => forgetDrill(store, id);
  }
  const failed = failedOf(ended);
  const passed = ended.report?.passed === true;
  log.info({ fault, ground, passed, failed }, 'a drill has ended');
  const end = { endedAt: now(), passed, failed };
  return () => endDrill(store, id, end, passed ? null : alertOf(ended, config));
}

function failedOf({ report, says }: Ended): string[] {
  if (report === null) return [says];
  return report.endedEarly ? ['it was ended early'] : failedIn(report);
}

function alertOf(ended: Ended, { DRILL_PRIMARY: fault, DRILL_AGAINST: ground, DRILL_REPORTS: folder }: DrillSettings) {
  const words = failedWords(failedOf(ended));
  return ended.report === null
    ? `A drill (${fault}, ${ground}) broke off: ${words}.`
    : `A drill (${fault}, ${ground}) failed: ${words}. Its reports are in ${folder}.`;
}
