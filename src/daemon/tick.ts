import { renewing } from '../base/renewing.ts';
import { timesOf } from '../base/times.ts';
import { timeWords } from '../core/words/numbers.ts';
import { learnRetention } from '../reconcile/learn-retention.ts';
import { pollEvents } from '../reconcile/poll.ts';
import { tellOfClock } from '../reconcile/tell-of-clock.ts';
import { cursor, RECONCILED, setCursor } from '../store/notes/cursors.ts';
import { giveUpTurn, takeTurn } from '../store/notes/turns.ts';
import { withHeartbeat } from '../tell/heartbeat.ts';
import { standsStill } from '../tell/watch.ts';
import type { Inside } from './inside.ts';

/** By which the daemons on a database agree on who reconciles. */
const TURN = 'turn:reconcile';

/** A tick of which a dead man's service is told. `reconciled` is told when this process has come to the end of it. */
export const tickWithHeartbeat = (inside: Inside, reconciled: () => void): Promise<void> =>
  withHeartbeat({ url: inside.config.HEARTBEAT_URL ?? null, now: inside.now, log: inside.log }, async () => {
    await tick(inside);
    reconciled();
    await expectReconciled(inside);
  });

/** Who did not have the turn has read nothing: it says that all is well only while whoever has it comes to an end. */
async function expectReconciled({ store, config, now, startedAt = 0 }: Inside): Promise<void> {
  const since = Math.max((await cursor(store, RECONCILED))?.at ?? 0, startedAt);
  const expected = { times: timesOf(config.RECONCILE_CRON), silence: config.RECONCILE_SILENCE };
  if (standsStill(expected, since, now())) throw new Error(`no daemon has finished a run since ${timeWords(since)}`);
}

/**
 * What is done at the times of RECONCILE_CRON: one of the daemons reads the records of providers, and each looks at its own
 * clock and wakes its other jobs.
 */
async function tick(inside: Inside): Promise<void> {
  const { store, presence, lease, now } = inside;
  await tellOfClock(store, { behindBy: inside.behindBy?.() ?? null, now: now() });
  const take = () => takeTurn(store, TURN, presence.id, { now: now(), until: now() + lease });
  if (await take()) await renewing({ lease, renew: take }, () => reconcile(inside));
  inside.wake('dispatch');
  inside.wake('ask');
}

/** Another daemon need not wait until the turn of this one is over by itself. */
export const leaveTurn = ({ store, presence }: Inside): Promise<void> => giveUpTurn(store, TURN, presence.id);

async function reconcile(inside: Inside): Promise<void> {
  if ((await pollEvents(inside)) > 0) inside.wake('digest');
  const account = inside.providers.all[0]?.account;
  if (account) await learnRetention({ ...inside, retention: account.retention });
  await setCursor(inside.store, RECONCILED, '', inside.now());
}
