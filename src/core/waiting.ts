// One message, as the person sees it who waits for it.
import type { State } from './delivery.ts';
import { MINUTE, type Ms } from './time.ts';

/** How a message stands; `replaced` by a newer one, or `stopped` because it is not needed. */
export type Stage = 'accepted' | 'delayed' | 'sent' | 'delivered' | 'failed' | 'replaced' | 'stopped';

/** As programs are told, who have a word less for what will not come. */
export type WaitingState = Exclude<Stage, 'replaced' | 'stopped'>;

export type Row = { state: State; reason: string | null; attempt: number };

/** What is to leave leaves within seconds. */
const TOLERATED: Ms = MINUTE;

/** Of several recipients the one counts who has to wait longest. `since` is from when on it could have left. */
export function stageOf(rows: readonly Row[], since: Ms, now: Ms): Stage {
  const stages = new Set(rows.map((row) => stageOfRow(row, now - since)));
  return ORDER.find((stage) => stages.has(stage)) ?? 'failed';
}

const ORDER: readonly Stage[] = ['delayed', 'accepted', 'sent', 'failed', 'delivered', 'stopped', 'replaced'];

function stageOfRow({ state, reason, attempt }: Row, waited: Ms): Stage {
  switch (state) {
    case 'queued':
      return (attempt > 0 && reason !== 'reopened') || waited > TOLERATED ? 'delayed' : 'accepted';
    case 'sending':
      return 'accepted';
    case 'unconfirmed':
    case 'deferred':
      return 'delayed';
    case 'accepted':
    case 'relayed':
      return 'sent';
    case 'delivered':
      return 'delivered';
    case 'cancelled':
      return reason === 'superseded' ? 'replaced' : 'stopped';
    default:
      return 'failed';
  }
}

export const waitingState = (stage: Stage): WaitingState =>
  stage === 'replaced' || stage === 'stopped' ? 'failed' : stage;

/**
 * From when on it can be sent again, of mail for which the wait ends at `from`; null where that is of no use: what arrived
 * or was cancelled, what failed for good, and what should have left by then and has not.
 */
export function resendableAt(rows: readonly Row[], from: Ms, now: Ms): Ms | null {
  const open = rows.filter(({ state }) => state !== 'delivered' && state !== 'cancelled' && state !== 'failed');
  const isOfUse = now < from ? open.length > 0 : open.some((row) => !isLeaving(row));
  return isOfUse ? from : null;
}

const isLeaving = ({ state, reason, attempt }: Row): boolean =>
  state === 'sending' || (state === 'queued' && (attempt === 0 || reason === 'reopened'));
