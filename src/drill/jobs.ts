import type { Job } from '../base/job.ts';
import type { Log } from '../base/log.ts';
import { timesOf } from '../base/times.ts';
import { failedIn } from '../core/drills.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import { failedWords } from '../core/words/drills.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import { beginDrill, endDrill } from '../store/drills.ts';
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

/** Makes the drill that is due. One that was due while no daemon ran is left out. */
function drillsFrom(inside: DrillInside, times: { last(at: Ms): Ms }, startedAt: Ms): () => Promise<number> {
  let done = startedAt;
  return async () => {
    const due = times.last(inside.now());
    if (due <= done) return 0;
    const made = await drillOnce(inside, due, drillInChild);
    done = due;
    return made ? 1 : 0;
  };
}

/** The drill of one time of the schedule, made by the first daemon that asks; says whether it was this one. */
export async function drillOnce(
  { store, now, signal, log, config }: DrillInside,
  due: Ms,
  play: (config: DrillSettings, signal: AbortSignal) => Promise<Ended>,
): Promise<boolean> {
  const { DRILL_PRIMARY: fault, DRILL_AGAINST: ground = 'demo' } = config;
  const id = await beginDrill(store, { turn: `cron:${due}`, fault, ground }, now());
  if (id === null) return false;
  log.info({ fault, ground }, 'a drill has begun');
  const ended = await play(config, signal);
  const { report } = ended;
  const failed = signal.aborted ? ['it was ended with its daemon'] : report ? failedIn(report) : [ended.says];
  const passed = !signal.aborted && report?.passed === true;
  await endDrill(store, id, { endedAt: now(), passed, failed });
  log.info({ fault, ground, passed, failed }, 'a drill has ended');
  if (passed || signal.aborted) return true;
  const detail = `A drill (${fault}, ${ground}) failed: ${failedWords(failed)}. Its reports are in ${config.DRILL_REPORTS}.`;
  await raise(store, {
    item_key: `drill_failed:${id}`,
    incident: 'drill_failed',
    kind: 'drill_failed',
    at: now(),
    detail,
  });
  return true;
}
