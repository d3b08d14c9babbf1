// What holds for everything that writes: it waits for others, and comes to the same when its COMMIT gets no reply.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, MINUTE } from '../../../src/core/time.ts';
import { cancelMessage, reopenMessage } from '../../../src/operate/operate.ts';
import { alertFailed, alertSent, holdAlert, raise, takeAlert } from '../../../src/store/alerts.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { foldPending } from '../../../src/store/figures/pending.ts';
import { rebuild } from '../../../src/store/figures/rebuild.ts';
import { type InboxRow, keep, settle, takePending } from '../../../src/store/inbox/inbox.ts';
import { addHandles } from '../../../src/store/inbox/match.ts';
import { pruneInbox } from '../../../src/store/inbox/oldest.ts';
import {
  type ClaimedQuestion,
  claimQuestions,
  holdQuestion,
  leaveLanes,
  lookAgain,
  park,
  wantAnswers,
} from '../../../src/store/ledger/due.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { cancelByKey } from '../../../src/store/messages/cancel.ts';
import {
  rememberDomains,
  retentionUnanswered,
  setRetention,
  switchToLocal,
} from '../../../src/store/messages/domains.ts';
import { enqueue } from '../../../src/store/messages/enqueue.ts';
import { record } from '../../../src/store/messages/messages.ts';
import { recordMany } from '../../../src/store/messages/record-many.ts';
import { auditWithin } from '../../../src/store/notes/audit.ts';
import { setCursor } from '../../../src/store/notes/cursors.ts';
import { takeTurns } from '../../../src/store/notes/paces.ts';
import { addSuppression, removeSuppression } from '../../../src/store/projections/suppressions.ts';
import { pruneMessages, pruneOperations } from '../../../src/store/prune.ts';
import { keepSummary, summaryFailed, summarySent, summaryTold, takeSummary } from '../../../src/store/summaries.ts';
import { MORNING } from '../../support/clock.ts';
import { arrival, claimAny, draft, failed, queueDraft, seed } from '../../support/factory.ts';
import { bundle } from '../../support/incidents.ts';
import { lossyStore } from '../../support/lossy-proxy.ts';
import { onMariaDb, testStore } from '../../support/stores.ts';

const at = (minutes: number) => MORNING + minutes * MINUTE;
const INCIDENT = 'webhooks_silent';
const during = { now: at(5), until: at(6) };
const none = () => {};

/** What the last step of its kind has taken. */
type Taken = {
  row: InboxRow[] | null;
  due: Awaited<ReturnType<typeof claimAny>> | null;
  questions: ClaimedQuestion[] | null;
  alert: Awaited<ReturnType<typeof takeAlert>>;
  summary: Awaited<ReturnType<typeof takeSummary>>;
};

type Step = [name: string, run: (store: Store) => Promise<unknown>, answer?: unknown];

/** One after the other, each on what the ones before have left. With what it must answer, where it answers something. */
async function steps(store: Store): Promise<Step[]> {
  const [ann, bob] = await seed(store, { recipients: ['ann@x.test', 'bob@x.test'], key: 'reset:1' });
  assert.ok(ann && bob);
  const message = { message: ann.messageId, who: 'ops', reason: 'by_operator' as const };
  const item = { item_key: 'i', incident: INCIDENT, kind: 'webhooks_silent' as const, at: at(1), detail: null };
  const budget = { most: 1, since: MORNING - DAY };
  const act = { who: 'homing', what: 'act', subject: null, detail: null };
  const words = () => ({ subject: 's', body: 'b', avoid: [] });
  const domain = 'mg.example.com';
  const due = { domain, tries: 0 };
  const taking = { now: at(1), limit: 5, lease: MINUTE };
  const taken: Taken = { row: null, due: null, questions: null, alert: null, summary: null };
  const take = async <K extends keyof Taken>(kind: K, found: Promise<Taken[K]>): Promise<Taken[K]> => {
    taken[kind] = await found;
    return taken[kind];
  };
  const claimOf = (kind: 'alert' | 'summary') => {
    const claim = taken[kind]?.claim;
    assert.ok(claim);
    return claim;
  };
  const claimed = () => {
    assert.ok(taken.due);
    return taken.due;
  };
  const parked = () => [0, 3].map((n) => ({ id: claimed().ids[n] ?? '', at: at(500 + n) }));
  const question = () => {
    const [first] = taken.questions ?? [];
    assert.ok(first);
    return first;
  };
  const wanted = { at: at(500), by: at(510), unsuppress: false };
  return [
    ['record', async (s) => (await record(s, draft({ messageId: 'two' }), at(1))).created, true],
    ['recordMany', async (s) => (await recordMany(s, [draft({ messageId: 'three' })], at(1))).size, 0],
    ['enqueue', async (s) => (await enqueue(s, queueDraft({ messageId: 'four' }), null, at(1))).messageId, 'four'],
    ['keep', (s) => keep(s, [arrival('one')])],
    ['takePending', async (s) => (await take('row', takePending(s, 'events', taking)))?.length, 1],
    ['settle', (s) => settle(s, taken.row?.[0]?.lease ?? null, [{ id: taken.row?.[0]?.id ?? '', outcome: 'done' }])],
    ['addHandles', (s) => addHandles(s, [{ hash: 'h', message_id: ann.messageId }])],
    ['claimDue', async (s) => (await take('due', claimAny(s, at(500), 10, MINUTE)))?.ids.length, 5],
    ['park', (s) => park(s, claimed().lease, 'full', parked())],
    ['lookAgain', (s) => lookAgain(s, claimed().lease, claimed().ids.slice(1, 2), at(501))],
    ['takeTurns', async (s) => void (await takeTurns(s, 'draining:mailgun', { count: 2, apart: 20_000 }, at(1)))],
    ['wantAnswers', (s) => wantAnswers(s, claimed().lease, [{ ...wanted, id: claimed().ids[2] ?? '' }])],
    ['claimQuestions', async (s) => (await take('questions', claimQuestions(s, at(500), 5, MINUTE)))?.length, 1],
    ['holdQuestion', (s) => holdQuestion(s, question(), at(505)), true],
    ['leaveLanes', (s) => leaveLanes(s, [])],
    ['change', async (s) => (await change(s, [ann.id], at(2), () => [failed(at(2))]))[0]?.delivery.state, 'queued'],
    ['rememberDomains', (s) => rememberDomains(s, [domain])],
    ['setRetention', (s) => setRetention(s, domain, { retention: DAY, now: at(1), askAgainAt: at(9) })],
    ['retentionUnanswered', (s) => retentionUnanswered(s, due, at(9))],
    ['switchToLocal', (s) => switchToLocal(s, domain, 'it was early', at(1)), true],
    ['setCursor', (s) => setCursor(s, 'here', '1', at(1))],
    ['auditWithin', (s) => auditWithin(s, at(1), act, budget), true],
    ['auditWithin, once more', (s) => auditWithin(s, at(1), act, budget), false],
    ['addSuppression', (s) => addSuppression(s, { address: 'eve@x.test', who: 'ops', reason: null }, at(1)), true],
    ['removeSuppression', async (s) => (await removeSuppression(s, 'eve@x.test', 'ops', at(2)))?.cause, 'operator'],
    ['raise', (s) => raise(s, item)],
    ['bundle', (s) => bundle(s, INCIDENT, at(4), words), 1],
    ['takeAlert', async (s) => (await take('alert', takeAlert(s, during)))?.subject, 's'],
    ['holdAlert', (s) => holdAlert(s, claimOf('alert'), at(6)), true],
    ['alertFailed', (s) => alertFailed(s, { claim: claimOf('alert'), tries: 0 }, at(5), 'no'), true],
    ['takeAlert, once more', async (s) => (await take('alert', takeAlert(s, during)))?.tries, 1],
    ['alertSent', (s) => alertSent(s, claimOf('alert'), at(6)), true],
    ['keepSummary', (s) => keepSummary(s, { day: '2026-11-25', subject: 's', body: '{}' }, at(1))],
    ['takeSummary', async (s) => (await take('summary', takeSummary(s, during)))?.day, '2026-11-25'],
    ['summaryTold', (s) => summaryTold(s, claimOf('summary'), ['a']), true],
    ['summaryFailed', (s) => summaryFailed(s, { claim: claimOf('summary'), tries: 0 }, at(5), 'no'), true],
    ['takeSummary, once more', async (s) => (await take('summary', takeSummary(s, during)))?.told, ['a']],
    ['summarySent', (s) => summarySent(s, claimOf('summary'), at(6)), true],
    [
      'cancelMessage',
      async (s) => (await cancelMessage(s, { ...message, recipient: 'bob@x.test' }, at(3))).cancelled,
      1,
    ],
    ['reopenMessage', (s) => reopenMessage(s, { ...message, what: 'retry' }, at(4)), { reopened: 1 }],
    ['cancelByKey', async (s) => (await cancelByKey(s, 'reset:1', 'by_application', at(5))).cancelled, 2],
    ['foldPending', (s) => foldPending(s)],
    ['rebuild', async (s) => (await rebuild(s, { now: () => at(9), check: false, progress: none })).differences, []],
    ['pruneMessages', (s) => pruneMessages(s, MORNING + DAY, 10)],
    ['pruneInbox', (s) => pruneInbox(s, MORNING + DAY, 10)],
    ['pruneOperations', (s) => pruneOperations(s, MORNING + DAY, 10)],
  ];
}

/** What is one statement is committed by it. */
const AT_ONCE: ReadonlySet<string> = new Set([
  ...['keep', 'claimDue', 'park', 'lookAgain', 'wantAnswers', 'claimQuestions', 'holdQuestion', 'leaveLanes'],
]);

onMariaDb('whatever is written comes to the same when its COMMIT got no reply', async ({ t, store, url }) => {
  const { store: shaky, proxy } = await lossyStore(t, url);
  let lost = 0;
  for (const [name, run, answer] of await steps(store)) {
    proxy.loseNext(AT_ONCE.has(name) ? /^(?:update `due`|insert into `inbox`)/i : /^commit/i);
    const answered = await run(shaky);
    if (answer !== undefined) assert.deepEqual([name, answered], [name, answer]);
    assert.equal(proxy.lost(), ++lost, name);
  }
});

test('whatever is written waits for another writer (SQLite)', async (t) => {
  const { store, open } = await testStore(t, 'sqlite');
  const other = open();
  for (const [name, run] of await steps(store)) {
    if (name === 'takePending') {
      // In a file it only reads.
      await run(store);
      continue;
    }
    const writer = await other.db.transaction();
    await writer('cursors').insert({ name: `busy ${name}`, value: '', at: 0 });
    // The other ends only after this one has tried to write, and been refused.
    const ended = new Promise((resolve) => {
      const noticed = ({ sql }: { sql: string }) => {
        if (!/^(?:BEGIN IMMEDIATE|insert|update)/.test(sql)) return;
        store.db.removeListener('query', noticed);
        setImmediate(() => resolve(writer.commit()));
      };
      store.db.on('query', noticed);
    });
    await assert.doesNotReject(run(store), name);
    await ended;
  }
});
