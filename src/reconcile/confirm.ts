import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Settings } from '../core/settings.ts';
import type { Sighting } from '../core/sighting.ts';
import type { Clock, Ms } from '../core/time.ts';
import { type Doubted, type Judgement, judgeDoubted } from '../store/inbox/doubts.ts';
import { match } from '../store/inbox/match.ts';
import { load, type View } from '../store/rows/rows.ts';
import { type AskDeps, ask } from './ask.ts';

export type ConfirmDeps = AskDeps & {
  settings: Pick<Settings, 'eventsSettle' | 'askPatience' | 'pause'>;
  read(row: Doubted): Sighting | null;
  now: Clock;
  log: Log;
};

/**
 * Asks the provider whether it knows of an event that would do harm if it were forged. It counts when the records hold it,
 * when they hold nothing at all of that mail, and when they can't be asked for too long: then there is nothing better.
 */
export async function confirm(deps: ConfirmDeps, row: Doubted): Promise<void> {
  try {
    await judgeDoubted(deps.store, row, await judgementOf(deps, row));
  } catch (error) {
    // It is asked about again when its lease ends.
    deps.log.error({ inbox: row.id, error }, 'an event could not be confirmed');
  }
}

async function judgementOf(deps: ConfirmDeps, row: Doubted): Promise<Judgement> {
  const view = await viewOf(deps, row);
  if (view === null) return { is: 'believed' };
  try {
    const { known, traced, complete } = await ask(deps, view, deps.now());
    if (!known && !traced) return { is: 'believed' };
    return complete ? notOnRecord(deps, row) : again(deps, row);
  } catch (error) {
    if (deps.now() < row.received_at + deps.settings.askPatience) return again(deps, row);
    deps.log.warn({ inbox: row.id, problem: wordsOf(error) }, 'an event is believed that could not be confirmed');
    return { is: 'believed' };
  }
}

async function viewOf({ store, read }: ConfirmDeps, row: Doubted): Promise<View | null> {
  const sighting = read(row);
  const [found] = sighting ? await match(store, [{ provider: row.provider, sighting }]) : [];
  const [id] = found?.kind === 'deliveries' ? found.ids : [];
  return id === undefined ? null : ((await load(store.db, [id])).get(id) ?? null);
}

/** The records may be late; when they are final, the event is none of the provider's. */
function notOnRecord(deps: ConfirmDeps, row: Doubted): Judgement {
  const now = deps.now();
  if (now < row.received_at + deps.settings.eventsSettle) return again(deps, row);
  deps.log.warn({ inbox: row.id }, 'an event was set aside because the provider has no record of it');
  return { is: 'forged', now, error: 'the provider has no record of it, although it knows the mail' };
}

const again = ({ settings, now }: ConfirmDeps, { tries }: Doubted): Judgement => ({
  is: 'doubted',
  dueAt: now() + wait(settings.pause, tries),
});

const wait = (pause: Ms, tries: number): Ms => pause * 2 ** Math.min(tries, 5);
