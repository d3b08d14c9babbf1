// What has to cost the same however many deliveries have ended.
import { DAY, MINUTE, type Ms } from '../../src/core/time.ts';
import { createStatus } from '../../src/http/status.ts';
import { digest } from '../../src/inbox/digest.ts';
import type { Store } from '../../src/store/db/open.ts';
import { keep } from '../../src/store/inbox/inbox.ts';
import { pruneInbox } from '../../src/store/inbox/oldest.ts';
import { claimDue } from '../../src/store/ledger/due.ts';
import { changeHeld } from '../../src/store/ledger/ledger.ts';
import { pruneCalls } from '../../src/store/messages/calls.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { type Search, searchMessages } from '../../src/store/messages/search.ts';
import { giveRoomBack, pruneMessages, pruneOperations } from '../../src/store/prune.ts';
import { waitingByClass } from '../../src/store/queue.ts';
import { periodOf } from '../../src/tell/summary/days.ts';
import { summaryText } from '../../src/tell/summary/text.ts';
import { summaryOf } from '../../src/tell/summary-of.ts';
import { arrivalOf, DOMAIN, digesting, recordMail } from '../bench/events.ts';
import { BUSY, type History, idAt, recipientAt, startOf, stepOf } from './fill.ts';

/** A database with its history. */
export type Place = { store: Store } & Pick<History, 'size' | 'now'>;
export type Goal = { ratio: number; ms?: number };

export type Work = {
  name: string;
  goal: Goal;
  /** How often it is done for one measurement. */
  times: number;
  /** Makes what is worked on, which is not measured; `round` tells the measurements apart. */
  prepare(place: Place, round: number): Promise<() => Promise<unknown>>;
};

const SAME: Goal = { ratio: 1.3 };
const DUE = 1000;
const BITE = 50;

/** Mail that is due, and mail that waits, beside the history. */
export async function addBacklog({ store, now }: Place): Promise<void> {
  for (let i = 0; i < DUE; i += 100) {
    const recipients = Array.from({ length: 100 }, (_, k) => `due${i + k}@inbox.example`);
    await recordMail(store, { messageId: `due${i}@${DOMAIN}`, recipients, at: now });
  }
}

/** Reads and changes nothing. */
const reading = (name: string, read: (place: Place) => Promise<unknown>, goal = SAME): Work => ({
  ...{ name, goal, times: 5 },
  prepare: async (place) => () => read(place),
});

const writing = (name: string, prepare: Work['prepare']): Work => ({ name, goal: SAME, times: 1, prepare });

/** All that is due is claimed in parts, and given back. */
async function claim({ store, now }: Place): Promise<void> {
  const later = now + 10 * DAY;
  for (let done = 0; done < DUE; done += 100) {
    const { lease, claimed } = await claimDue(store, [{ lane: '', most: 100 }], { now: later, lease: 1000 });
    if (claimed.length < 100) throw new Error(`only ${claimed.length} deliveries are due`);
    await changeHeld(store, { ids: claimed.map((c) => c.id), lease }, later, () => []);
  }
}

async function newMail({ store, now }: Place, round: number): Promise<() => Promise<unknown>> {
  const recipients = [BUSY, ...Array.from({ length: 99 }, (_, k) => `new${k}@inbox.example`)];
  const messageId = `new${round}@${DOMAIN}`;
  const id = await recordMail(store, { messageId, recipients, at: now });
  const told = recipients.map((recipient, k) => ({ name: `new${round}-${k}`, id, messageId, recipient, at: now }));
  await keep(store, told.map(arrivalOf));
  return () => digest(digesting(store, () => now));
}

/** Of mails all over the history it is told that they were opened. */
async function oldMail({ store, size, now }: Place, round: number): Promise<() => Promise<unknown>> {
  const some = Array.from({ length: 100 }, (_, k) => Math.floor(size / 100) * k + round);
  const told = some.map((n) => ({
    ...{ name: `open${round}-${n}`, id: idAt(n), messageId: `${idAt(n)}@${DOMAIN}`, recipient: recipientAt(n, size) },
    ...{ at: now, more: { event: 'opened' } },
  }));
  await keep(store, told.map(arrivalOf));
  return () => digest(digesting(store, () => now));
}

/** Events of mail that was never recorded: it may belong to a hand-over that is under way. */
async function strangeMail({ store, now }: Place, round: number): Promise<() => Promise<unknown>> {
  const told = Array.from({ length: 100 }, (_, k) => ({
    ...{ name: `strange${round}-${k}`, id: `strange${round}`, messageId: `strange${round}-${k}@${DOMAIN}` },
    ...{ recipient: BUSY, at: now },
  }));
  await keep(store, told.map(arrivalOf));
  return () => digest(digesting(store, () => now));
}

const search = (name: string, wanted: (place: Place) => Partial<Search>): Work =>
  reading(`search: ${name}`, (place) => searchMessages(place.store, { limit: 50, ...wanted(place) }));

/** The sixty days in the middle. */
const middle = ({ now }: Place) => ({ since: startOf({ now }) + 15 * DAY, until: now - 15 * DAY });
const somebody = ({ size }: Place) => ({ recipient: recipientAt(7, size) });
const busy = { recipient: BUSY };
const failed = { state: 'failed' as const };
const access = { class: 'access' as const };

const SEARCHES: readonly Work[] = [
  search('the newest', () => ({})),
  search('state', () => failed),
  search('a state of nothing', () => ({ state: 'sending' })),
  search('recipient', somebody),
  search('recipient of 1 % of all mail', () => busy),
  search('class', () => access),
  search('time', middle),
  search('state, recipient', (place) => ({ ...failed, ...somebody(place) })),
  search('state, recipient of 1 %: nothing', () => ({ ...failed, ...busy })),
  search('state, class', () => ({ ...failed, ...access })),
  search('state, time', (place) => ({ ...failed, ...middle(place) })),
  search('recipient, class', (place) => ({ ...somebody(place), ...access })),
  search('recipient of 1 %, class: nothing', () => ({ ...busy, ...access })),
  search('recipient of 1 %, time', (place) => ({ ...busy, ...middle(place) })),
  search('class, time', (place) => ({ ...access, ...middle(place) })),
  search('all of them: nothing', (place) => ({ ...busy, ...failed, ...access, ...middle(place) })),
];

/** All that `homing report` does but for opening the database. */
async function report({ store, now }: Place, details: 'summary' | 'full'): Promise<void> {
  const period = periodOf('2026-10-23', '2026-11-21', 'Europe/Zurich', now);
  summaryText(await summaryOf(store, period, { now, details }));
}

/** The oldest messages are old enough to go; each round takes the next of them. */
const pruneAt = ({ size, now }: Place): Ms => startOf({ now }) + stepOf({ size }) * 5000;

export const WORKS: readonly Work[] = [
  ...SEARCHES,
  reading('a message by its Message-Id', ({ store, size }) => findMessage(store, `${idAt(size / 2)}@${DOMAIN}`)),
  reading('status', async ({ store, now }) => createStatus({ store, now: () => now })()),
  reading('queue', ({ store, now }) => waitingByClass(store, now + MINUTE)),
  reading('30-day report', (place) => report(place, 'summary'), { ratio: 1.5, ms: 150 }),
  reading('30-day report with recipients', (place) => report(place, 'full'), { ratio: 1.5, ms: 150 }),
  writing(`claim of ${DUE} due deliveries`, async (place) => () => claim(place)),
  writing('digest of 100 events of new mail', newMail),
  writing('digest of 100 events of old mail', oldMail),
  writing('digest of 100 events of unknown mail', strangeMail),
  writing('prune: a bite of messages', async (place) => () => pruneMessages(place.store, pruneAt(place), BITE)),
  writing('prune: a bite of events', async (place) => () => pruneInbox(place.store, pruneAt(place), BITE)),
  writing('prune: room of a bite given back', async (place) => {
    await pruneMessages(place.store, pruneAt(place), BITE);
    return () => giveRoomBack(place.store);
  }),
  reading('prune: nothing to do', async ({ store }) => {
    for (const bite of [pruneMessages, pruneInbox, pruneOperations, pruneCalls]) await bite(store, 1000, BITE);
  }),
];
