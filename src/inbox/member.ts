import type { Fact } from '../core/delivery.ts';
import { replyWords } from '../core/reply-words.ts';
import type { Sighting } from '../core/sighting.ts';
import { maskReply } from '../core/words/mask.ts';
import type { EventRow } from '../store/inbox/inbox.ts';
import type { View } from '../store/rows/rows.ts';

/** So many failures of members are told of one delivery; a list may have thousands. */
const MOST = 20;

/**
 * What an event about a member of a mailing list says of the delivery to the list: that the provider sent it on, which is
 * all that can be known of the list itself, and what became of members who did not get it. Nothing is sent again for
 * them, because the list as a whole would get it.
 */
export function memberFacts({ row, sighting }: { row: EventRow; sighting: Sighting }, view: View): Fact[] {
  const at = Math.min(sighting.at, row.received_at);
  const expanded: Fact = {
    ...{ key: 'reported:expanded', at, kind: 'reported', provider: row.provider, report: 'expanded' },
    ...{ messageId: sighting.messageId, bounce: null, verdict: null, plan: null, storage: null },
    ...{ sendingIp: sighting.sendingIp, foundBy: row.source },
  };
  return [expanded, ...failureNote(sighting, view, at)];
}

const NOTE = 'noted:member:';

/** The facts without those notes that are too many for one delivery. */
export function fewNotes(facts: readonly Fact[], view: View): Fact[] {
  const isNote = ({ key }: Fact) => key.startsWith(NOTE);
  const room = MOST - view.facts.filter(isNote).length;
  return [...facts.filter((f) => !isNote(f)), ...facts.filter(isNote).slice(0, Math.max(0, room))];
}

function failureNote({ report, bounce, eventKey, recipient }: Sighting, view: View, at: number): Fact[] {
  if (report !== 'failed') return [];
  const what = `A member of the list did not get it: ${maskReply(replyWords(bounce), recipient ?? '', null)}`;
  return [{ key: NOTE + eventKey, at, kind: 'noted', attempt: view.delivery.attempt, what }];
}
