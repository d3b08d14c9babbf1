import { groupBy } from '../core/group.ts';
import { type Treatment, treatmentOf, usualTreatment, watchOnly } from '../core/policy.ts';
import { handedOver } from '../core/sent.ts';
import type { Settings } from '../core/settings.ts';
import type { Sighting } from '../core/sighting.ts';
import { type Clock, DAY, type Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { erasedAmong } from '../store/erased.ts';
import type { EventRow, Settled } from '../store/inbox/inbox.ts';
import { inFlight, type Match } from '../store/inbox/match.ts';
import { messageNamed } from '../store/inbox/news.ts';
import { rememberDomains } from '../store/messages/domains.ts';
import type { Draft } from '../store/messages/messages.ts';
import { recordMany } from '../store/messages/record-many.ts';
import { recipientKey } from '../store/rows/rows.ts';

type AdoptSettings = Pick<Settings, 'adopt' | 'adoptAfter' | 'pause' | 'policies'>;
type Deps = { store: Store; settings: AdoptSettings; now: Clock };

/** An event of a message that we do not know. */
export type Unknown = { row: EventRow; sighting: Sighting; found: Match };

/** Decides about events of messages that we do not know. Our own record may simply come later than the event. */
export async function fileUnknown(deps: Deps, unknown: readonly Unknown[]): Promise<Settled[]> {
  const now = deps.now();
  const recipients = unknown.flatMap(({ sighting: { recipient } }) => recipient ?? []);
  const busy = await inFlight(deps.store, recipients);
  const erasedAt = await erasedAmong(deps.store, recipients);
  const results: Settled[] = [];
  const strange: Unknown[] = [];
  for (const event of unknown) {
    const settled =
      ofErased(event, erasedAt) ?? waiting(deps.settings, event, busy, now) ?? hopeless(deps.settings, event, now);
    if (settled) results.push(settled);
    else strange.push(event);
  }
  await adopt(deps, strange, now);
  // The message is known now, so its events are matched at the next look.
  return [...results, ...strange.map((event) => wait(event, now))];
}

/** Mail that was sent before somebody was erased may still be on its way for so long. */
export const ON_ITS_WAY: Ms = 4 * DAY;

/** What is told of earlier mail to somebody who was erased is thrown away. */
function ofErased({ row, sighting }: Unknown, erasedAt: (address: string) => Ms | null): Settled | null {
  const since = sighting.recipient === null ? null : erasedAt(sighting.recipient);
  return since !== null && sighting.at < since + ON_ITS_WAY ? { id: row.id, outcome: 'filed' } : null;
}

const wait = ({ row }: Unknown, dueAt: Ms): Settled => ({
  id: row.id,
  outcome: 'waiting',
  tries: row.tries + 1,
  dueAt,
});

/** Lets an event wait while our own record, or the answer to a hand-over, may still come. */
function waiting(settings: AdoptSettings, event: Unknown, busy: ReadonlySet<string>, now: Ms): Settled | null {
  const { row, sighting, found } = event;
  const { adoptAfter } = settings;
  const patience = row.received_at + adoptAfter;
  if (now < patience && found.kind !== 'adopted') {
    const pause = Math.min((adoptAfter / 30) * 2 ** row.tries, adoptAfter / 4);
    return wait(event, Math.min(patience, now + pause));
  }
  const isBusy = sighting.recipient !== null && busy.has(recipientKey(sighting.recipient));
  return isBusy ? wait(event, now + Math.max(adoptAfter, settings.pause)) : null;
}

const MISSING = [
  ['recipient', 'recipient'],
  ['messageId', 'message'],
  ['domain', 'domain'],
] as const;

/** Gives up events from which no message can be tracked, until somebody records it. */
function hopeless({ adopt: adopts }: AdoptSettings, { row, sighting: s, found }: Unknown, now: Ms): Settled | null {
  const aside = (outcome: 'set_aside' | 'unmatched', error: string): Settled => {
    return { id: row.id, outcome, error, tries: row.tries + 1, dueAt: now, keptFor: messageNamed(s) };
  };
  if (found.kind === 'stranger') return aside('set_aside', 'the message is ours, this recipient is not');
  if (s.report === 'other') return aside('unmatched', 'it is about no message that we know');
  if (s.inbound) return aside('unmatched', 'it is about mail that came in');
  if (adopts === 'off') return aside('unmatched', 'no message is known under its ids');
  const missing = MISSING.flatMap(([name, word]) => (s[name] ? [] : [word]));
  return missing.length === 0 ? null : aside('unmatched', `it names no ${missing.join(' and no ')}`);
}

/** Tracks messages that we know from their events alone. */
async function adopt({ store, settings }: Deps, events: readonly Unknown[], now: Ms): Promise<void> {
  if (events.length === 0) return;
  const each = events.map((event) => draftOf(settings, event, now));
  const byMessage = groupBy(each, (draft) => `${draft.domain}\n${draft.messageId}`);
  const drafts = [...byMessage.values()].map((same) => ({ ...same[0], recipients: same.flatMap((d) => d.recipients) }));
  await rememberDomains(store, [...new Set(drafts.map((d) => d.domain))]);
  await recordMany(store, drafts, now);
}

function draftOf(settings: AdoptSettings, { row, sighting: s }: Unknown, now: Ms): Draft {
  const { class: kind, policy } = treatmentFor(settings, s);
  const at = Math.min(s.at, now);
  return {
    messageId: s.messageId ?? '',
    domain: s.domain ?? '',
    from: s.from ?? '',
    subject: s.subject,
    class: kind,
    key: null,
    tags: s.tags,
    template: s.template,
    origin: 'adopted',
    policy: settings.adopt === 'retry' ? policy : watchOnly(policy),
    recipients: [s.recipient ?? ''],
    facts: handedOver(at, s.messageId, row.provider),
    createdAt: at,
  };
}

function treatmentFor({ policies }: AdoptSettings, s: Sighting): Treatment {
  const traits = { tags: s.tags, template: s.template, subject: s.subject, sender: s.from };
  return (
    treatmentOf(s.homingClass, traits, policies) ?? treatmentOf(null, traits, policies) ?? usualTreatment(policies)
  );
}
