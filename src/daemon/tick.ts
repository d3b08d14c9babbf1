import { learnRetention } from '../reconcile/learn-retention.ts';
import { pollEvents } from '../reconcile/poll.ts';
import { tellOfClock } from '../reconcile/tell-of-clock.ts';
import { RECONCILED, setCursor } from '../store/notes/cursors.ts';
import type { Inside } from './inside.ts';

/** What is done at the times of RECONCILE_CRON: read the records of providers, and wake the other jobs. */
export async function tick(inside: Inside): Promise<void> {
  if ((await pollEvents(inside)) > 0) inside.wake('digest');
  await tellOfClock(inside.store, { behindBy: inside.behindBy?.() ?? null, now: inside.now() });
  const account = inside.providers.all[0]?.account;
  if (account) await learnRetention({ ...inside, retention: account.retention });
  inside.wake('dispatch');
  inside.wake('ask');
  await setCursor(inside.store, RECONCILED, '', inside.now());
}
