import { timesOf } from '../../base/times.ts';
import type { Config } from '../../config/config.ts';
import { DRILL_GRACE, oldAfter } from '../../core/backups.ts';
import { ROLES } from '../../core/roles.ts';
import { DAY, MINUTE, type Ms } from '../../core/time.ts';
import { lastBackupWords, lastRestoreDrillWords } from '../../core/words/backups.ts';
import { isLost, LONG_AGO, lastDrillWords } from '../../core/words/drills.ts';
import { lengthWords, timeWords } from '../../core/words/numbers.ts';
import { unwellWords } from '../../core/words/outages.ts';
import { putOffWords } from '../../core/words/receivers.ts';
import { termsIn } from '../../intake/terms.ts';
import { domainsIn } from '../../providers/mailgun/settings.ts';
import { backupState, lastRestoreDrill } from '../../store/backups.ts';
import type { Store } from '../../store/db/open.ts';
import { lastDrill } from '../../store/drills.ts';
import { inboxWaitsSince, setAside } from '../../store/inbox/oldest.ts';
import { forgotten, toldOtherwise, unsentAlerts } from '../../store/inspect.ts';
import { backlog } from '../../store/ledger/due.ts';
import { domains } from '../../store/messages/domains.ts';
import { cursor, RECONCILED } from '../../store/notes/cursors.ts';
import { daemonsSince } from '../../store/notes/daemons.ts';
import { unwell } from '../../store/notes/health.ts';
import { activeHolds } from '../../store/notes/holds.ts';
import { putOffsNow } from '../../store/notes/receivers.ts';
import { plural } from '../common/terminal.ts';
import { checkCare } from './care.ts';
import { checkEndpoints } from './endpoints.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { checkUnsubscribing } from './unsubscribing.ts';

const MOST = 1000;

/** Whether everything that is to be done will be done. */
export async function checkWork(store: Store, config: Config, now: Ms): Promise<Finding[]> {
  return [
    ...(await daemons(store, now)),
    await reconciler(store, config, now),
    await unattended(store),
    await overdue(store, config, now),
    ...(await held(store, now)),
    ...(await health(store)),
    ...(await receivers(store, config, now)),
    await inbox(store, config, now),
    await alerts(store, now),
    ...(await checkEndpoints(store, config.EVENTS_KEPT, now)),
    ...(await drills(store, now)),
    ...(await checkCare(store, config, now)),
    ...(await checkUnsubscribing(store, now)),
    ...(await backups(store, config, now)),
    ...(await schedules(store, config)),
  ];
}

/** So long after its last sign a daemon is taken to be gone. */
const SEEN: Ms = MINUTE;

/** Where daemons divide the work, what none of them does would be missed by nobody. */
async function daemons(store: Store, now: Ms): Promise<Finding[]> {
  const there = await daemonsSince(store, now - SEEN);
  if (there.length === 0) return [];
  const names = there.map(({ name, roles }) => (roles.length < ROLES.length ? `${name} (${roles.join(', ')})` : name));
  const says = `${plural(there.length, 'daemon works', 'daemons work')} on this database: ${names.join(', ')}`;
  const undone = ROLES.filter((role) => !there.some(({ roles }) => roles.includes(role)));
  if (undone.length === 0) return [ok('daemons', says)];
  const mend = `start one with HOMING_ROLES=${undone.join()}, or without HOMING_ROLES`;
  return [problem('daemons', `${says}, and none does what is of ${undone.join(', ')}`, mend)];
}

async function reconciler(store: Store, config: Config, now: Ms): Promise<Finding> {
  const last = await cursor(store, RECONCILED);
  if (!last) return warning('reconciler', 'has never run', 'run "homing start"');
  const ago = `last finished at ${timeWords(last.at)}, ${lengthWords(Math.max(0, now - last.at))} ago`;
  if (last.at >= timesOf(config.RECONCILE_CRON).last(now - config.RECONCILE_SILENCE)) return ok('reconciler', ago);
  return problem('reconciler', ago, 'start the daemon, or look at its log');
}

/** An open delivery that nobody will act on is a bug of ours; opening it anew puts it back to work. */
async function unattended(store: Store): Promise<Finding> {
  const ids = await forgotten(store, MOST);
  if (ids.length === 0) return ok('deliveries', 'each open one will be acted on');
  const says = `${plural(ids.length, 'open delivery', 'open deliveries')} that nobody will act on: ${ids.slice(0, 3).join(' ')}`;
  const mend = `look with "homing explain", put it back to work with "homing cancel ${ids[0]}" and "homing retry ${ids[0]}", and report it: it is a bug`;
  return problem('deliveries', says, mend);
}

async function overdue(store: Store, config: Config, now: Ms): Promise<Finding> {
  const { open, due, late } = await backlog(store, now);
  const says = `${open} open, ${due} due now`;
  if (late < config.RECONCILE_SILENCE + config.LEASE) return ok('backlog', says);
  return problem('backlog', `${says}, the oldest ${lengthWords(late)} late`, 'start the daemon, or look at its log');
}

/** An operator may have forgotten it. */
async function held(store: Store, now: Ms): Promise<Finding[]> {
  return (await activeHolds(store, now)).map(({ id, provider, class: kind, at, who }) => {
    const what = `${kind ?? 'all'} mail${provider === null ? '' : ` through ${provider}`}`;
    return warning(
      'holds',
      `${what} is held since ${timeWords(at)} by ${who}`,
      `let it go with "homing release ${id}"`,
    );
  });
}

async function health(store: Store): Promise<Finding[]> {
  const { providers } = await termsIn(store);
  return (await unwell(store, providers)).map((one) =>
    warning('providers', unwellWords(one), 'look at its own pages; "homing outages" tells what was seen'),
  );
}

async function receivers(store: Store, { OUTAGE_WINDOW: window }: Config, now: Ms): Promise<Finding[]> {
  return (await putOffsNow(store, { now, window })).map((one) =>
    warning(
      'receivers',
      `${one.provider}: ${putOffWords(one, window)}`,
      'nothing has to be done if it ends; "homing report" tells what the servers say',
    ),
  );
}

async function inbox(store: Store, config: Config, now: Ms): Promise<Finding> {
  const since = await inboxWaitsSince(store);
  if (since !== null && now - since > config.RECONCILE_SILENCE + config.LEASE)
    return problem(
      'inbox',
      `an event has waited for ${lengthWords(now - since)}`,
      'start the daemon, or look at its log',
    );
  const aside = await setAside(store, now - 7 * DAY, MOST);
  if (aside.length === 0) return ok('inbox', 'every event of the last 7 days was understood');
  const says = `${plural(aside.length, 'event', 'events')} of the last 7 days set aside: ${aside[0]?.error ?? 'no reason is kept'}`;
  return warning('inbox', says, `look at inbox row ${aside[0]?.id} and report it: every event should be understood`);
}

async function alerts(store: Store, now: Ms): Promise<Finding> {
  const unsent = await unsentAlerts(store, now - 10 * MINUTE);
  if (unsent.length === 0) return alertWays(store, now);
  const says = `${plural(unsent.length, 'alert', 'alerts')} could not be sent: ${unsent[0]?.error ?? 'nobody has tried'}`;
  return problem('alerts waiting', says, 'mend the way of the alerts, and look whether the daemon runs');
}

/** What was told by another way than it should. */
async function alertWays(store: Store, now: Ms): Promise<Finding> {
  const otherwise = await toldOtherwise(store, now - DAY);
  if (otherwise.length === 0) return ok('alerts waiting', 'none for long');
  const says = `${plural(otherwise.length, 'alert', 'alerts')} of the last day did not go by every way: ${otherwise[0]?.error ?? ''}`;
  return warning('alerts waiting', says, 'mend that way: others took them');
}

/** Nothing is said where none was ever made. */
async function drills(store: Store, now: Ms): Promise<Finding[]> {
  const drill = await lastDrill(store, now);
  if (!drill) return [];
  const says = lastDrillWords(drill, now);
  const isGood = drill.passed !== false && !isLost(drill, now) && now - drill.startedAt <= LONG_AGO;
  return [
    isGood
      ? ok('drill', says)
      : warning('drill', says, 'look at its report, and make another: "homing drill --demo --primary down"'),
  ];
}

/** Nothing is said where none are made. */
async function backups(
  store: Store,
  { BACKUP_DIR: folder, BACKUP_EVERY: every, ...rest }: Config,
  now: Ms,
): Promise<Finding[]> {
  const state = await backupState(store);
  if (folder === undefined && state.good === null) return [];
  const says = lastBackupWords(state, now).replace(/\.$/, '');
  const mend = 'see that the daemon runs and BACKUP_DIR is there; "homing backup" makes one at once';
  const isOld = state.good !== null && now - state.good.startedAt > oldAfter(every);
  const made =
    isOld || state.failure
      ? problem('backup', says, mend)
      : state.good === null
        ? warning('backup', says, mend)
        : ok('backup', says);
  return [made, await restoreDrill(store, rest.RESTORE_DRILL_CRON, now)];
}

async function restoreDrill(store: Store, cron: string, now: Ms): Promise<Finding> {
  const drill = await lastRestoreDrill(store);
  const mend = 'make one: "homing restore --drill"';
  if (!drill) return warning('restore drill', 'no backup was ever restored to the side', mend);
  const isGood = drill.passed !== false && drill.startedAt >= timesOf(cron).last(now - DRILL_GRACE);
  const says = lastRestoreDrillWords(drill, now).replace(/\.$/, '');
  return isGood ? ok('restore drill', says) : warning('restore drill', says, mend);
}

/** What was learnt of the domains, and is used for retries. */
async function schedules(store: Store, config: Config): Promise<Finding[]> {
  const known = await domains(store, domainsIn(config));
  return [...known.values()]
    .filter(({ schedule }) => schedule === 'local')
    .map((d) => ok('schedule', `the waits of ${d.domain} are kept here: ${d.schedule_why ?? 'no reason is kept'}`));
}
