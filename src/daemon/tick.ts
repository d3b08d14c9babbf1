import { renewing } from '../base/renewing.ts';
import { learnRetention } from '../reconcile/learn-retention.ts';
import { pollEvents } from '../reconcile/poll.ts';
import { tellOfClock } from '../reconcile/tell-of-clock.ts';
import { RECONCILED, setCursor } from '../store/notes/cursors.ts';
import { giveUpTurn, takeTurn } from '../store/notes/turns.ts';
import type { Inside } from './inside.ts';

/** By which the daemons on a database agree on who reconciles. */
const TURN = 'reconcile';

/**
 * What is done at the times of RECONCILE_CRON: one of the daemons reads the records of providers, and each looks at its own
 * clock and wakes its other jobs.
 */
export async function tick(inside: Inside): Promise<void> {
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
