import { stopwatch } from '../base/wait.ts';
import { ASKED_KEPT } from '../core/resend.ts';
import { type Clock, DAY, HOUR, type Ms } from '../core/time.ts';
import { pruneBulk } from '../store/bulk.ts';
import { pruneCare } from '../store/care.ts';
import type { Store } from '../store/db/open.ts';
import { pruneSendings } from '../store/figures/sendings.ts';
import { pruneInbox } from '../store/inbox/oldest.ts';
import { pruneCalls } from '../store/messages/calls.ts';
import { pruneResends } from '../store/messages/resends.ts';
import { forgetReceivers } from '../store/notes/receivers.ts';
import { forgetSigns } from '../store/notes/signs.ts';
import { forgetSetAside, forgetUnreturned } from '../store/projections/bodies.ts';
import { giveRoomBack, pruneMessages, pruneOperations } from '../store/prune.ts';
import { forgetMailSigns } from '../store/thresholds/mail-signs.ts';
import { forgetSent } from '../store/thresholds/sent.ts';
import { restAfter } from './rest.ts';

export type PruneDeps = { store: Store; retentionDays: number; now: Clock; signal?: AbortSignal };

/** For so long an operator can have mail tried again that was set aside. */
const SET_ASIDE_KEPT: Ms = 3 * DAY;

/** What a server can not deliver it returns within minutes; some say so only after their first tries. */
const UNRETURNED_KEPT: Ms = DAY;

/** A call may be made again for so long, however short everything else is kept. */
const CALLS_KEPT: Ms = 7 * DAY;

/** What is not looked at any more, such as an address that no mail leaves from, is of no use after so long. */
const CARE_KEPT: Ms = 30 * DAY;

/** What was seen of providers tells something for minutes. */
const SIGNS_KEPT: Ms = HOUR;

/**
 * Forgets what is older than the retention time, a small bite of each kind; says how many rows went. Open deliveries stay.
 * It rests after each bite: a database with one writer is nobody else's meanwhile.
 */
export async function prune({ store, retentionDays, now, signal }: PruneDeps, limit = 50): Promise<number> {
  const before = now() - retentionDays * DAY;
  const bites: [typeof pruneMessages, Ms][] = [
    [pruneMessages, before],
    [pruneInbox, before],
    [pruneOperations, before],
    [pruneBulk, before],
    [pruneCare, Math.max(before, now() - CARE_KEPT)],
    [pruneSendings, before],
    [pruneCalls, Math.min(before, now() - CALLS_KEPT)],
    [pruneResends, now() - ASKED_KEPT],
    [forgetSetAside, now() - SET_ASIDE_KEPT],
    [forgetUnreturned, now() - UNRETURNED_KEPT],
    [forgetSigns, now() - SIGNS_KEPT],
    [forgetReceivers, now() - SIGNS_KEPT],
    [forgetMailSigns, now()],
    [forgetSent, now()],
  ];
  let gone = 0;
  for (const [bite, until] of bites) {
    const spent = stopwatch();
    const here = await bite(store, until, limit);
    if (here > 0) await giveRoomBack(store);
    if (here > 0) await restAfter(spent(), signal);
    gone += here;
  }
  return gone;
}
