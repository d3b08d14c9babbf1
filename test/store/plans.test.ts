// With much history, what is done every second must cost what is due, not what is done: no query may read a table through.
import assert from 'node:assert/strict';
import { handle, newId, recordKey } from '../../src/base/ids.ts';
import { cardsOf, supportOf } from '../../src/contract/support.ts';
import { QUARTER } from '../../src/core/figures/cover.ts';
import { MAILBOXES } from '../../src/core/mailbox.ts';
import type { Outage } from '../../src/core/outages.ts';
import { DEFAULT_RULES, fullRule } from '../../src/core/thresholds/rule.ts';
import { DAY, MINUTE } from '../../src/core/time.ts';
import { listAlerts } from '../../src/store/alert-list.ts';
import { takeAlert } from '../../src/store/alerts.ts';
import { attention } from '../../src/store/attention.ts';
import { isStillIll, lookedAt, pruneCare } from '../../src/store/care.ts';
import { reportsPage } from '../../src/store/care-seen.ts';
import type { Store } from '../../src/store/db/open.ts';
import { claimPosts, releasePost, settlePost } from '../../src/store/event-posts.ts';
import { eventsSince, lastTries, postsWaiting, pruneEvents } from '../../src/store/events.ts';
import { deliveriesPage, rowsOf } from '../../src/store/exported.ts';
import { dailyBars } from '../../src/store/figures/daily.ts';
import { lostDeliveries } from '../../src/store/figures/lost.ts';
import { placesOf } from '../../src/store/figures/places.ts';
import { readSums } from '../../src/store/figures/read-sums.ts';
import { pruneSendings, sendingsSince } from '../../src/store/figures/sendings.ts';
import { newestAside, newestTold, toldWaiting } from '../../src/store/inbox/history.ts';
import { keep, knownEvents, lastWebhookAt, settle, takePending } from '../../src/store/inbox/inbox.ts';
import { inFlight, match } from '../../src/store/inbox/match.ts';
import { newsKeys, unreadNews } from '../../src/store/inbox/news.ts';
import { inboxWaitsSince, pruneInbox, setAside } from '../../src/store/inbox/oldest.ts';
import { refusedSince } from '../../src/store/inbox/refusals.ts';
import {
  endedIncidents,
  incidentNamed,
  openIncidents,
  untold,
  waitingConversations,
} from '../../src/store/incidents.ts';
import { forgotten, toldOtherwise } from '../../src/store/inspect.ts';
import { claimDue, claimQuestions, lookAgain, park, wantAnswers } from '../../src/store/ledger/due.ts';
import { change, changeHeld } from '../../src/store/ledger/ledger.ts';
import { alertsOfDay, countClaims, heldByClass, unsentAlerts } from '../../src/store/measures.ts';
import { namelessBody, sealedBody, sealers, withBodies } from '../../src/store/messages/bodies.ts';
import { cancelByKey } from '../../src/store/messages/cancel.ts';
import { countStates } from '../../src/store/messages/counts.ts';
import { filterMessages } from '../../src/store/messages/filter.ts';
import { acceptedSince, findMessage, messagesByKey } from '../../src/store/messages/find.ts';
import type { Filter } from '../../src/store/messages/lists.ts';
import { record } from '../../src/store/messages/messages.ts';
import { askAgain, askByKey, pruneResends, waitingFor } from '../../src/store/messages/resends.ts';
import { newestTo, type Search, searchMessages } from '../../src/store/messages/search.ts';
import { auditOf, doneBy } from '../../src/store/notes/audit.ts';
import { takeTurn } from '../../src/store/notes/turns.ts';
import { outageNamed, outagesSince, tollOf } from '../../src/store/outages.ts';
import { openBy, overdueOf } from '../../src/store/overdue.ts';
import { forgetUnreturned } from '../../src/store/projections/bodies.ts';
import { lastReposts } from '../../src/store/projections/reposts.ts';
import { pruneMessages } from '../../src/store/prune.ts';
import { waitingByClass } from '../../src/store/queue.ts';
import { failuresBefore } from '../../src/store/reports.ts';
import type { MessageRow, View } from '../../src/store/rows/rows.ts';
import { indexEarlier, indexHappened, indexMade } from '../../src/store/search-feed.ts';
import { countDoubtful, doubtfulSuppressions, newestSuppressions } from '../../src/store/suppression-list.ts';
import { askedFrom, livesFrom } from '../../src/store/thresholds/history.ts';
import { addMailSigns, forgetMailSigns, signSums } from '../../src/store/thresholds/mail-signs.ts';
import { countSent, forgetSent, sentIn } from '../../src/store/thresholds/sent.ts';
import { flowByClass } from '../../src/store/timeliness.ts';
import { lookAtThresholds } from '../../src/tell/thresholds/look.ts';
import { MORNING } from '../support/clock.ts';
import { arrival, draft, ended, failed, STORAGE, seedMany, sighting } from '../support/factory.ts';
import { logInto } from '../support/homing.ts';
import { bundle } from '../support/incidents.ts';
import { eachStore, onMariaDb } from '../support/stores.ts';

const LONG_AGO = MORNING - 30 * DAY;
const DOMAIN = 'mg.example.com';
const MANY = 1500;
const REPORT = { recorded_at: LONG_AGO + 500, delivery_id: 'D', fact_key: 'reported:x' };

/** Every third mail goes to one address. */
const BUSY = 'busy@example.net';
const recipientOf = (n: number): string => (n % 3 === 0 ? BUSY : `p${n}@example.net`);

/** Finished messages with a delivery, a fact, an event and an alert item each, and a backlog that is not due yet. */
async function history(store: Store): Promise<void> {
  const numbers = Array.from({ length: MANY }, (_, n) => n);
  for (let from = 0; from < MANY; from += 250) {
    const part = numbers.slice(from, from + 250).map((n) => ({ n, id: newId(LONG_AGO + n), at: LONG_AGO + n }));
    const insert = (table: string, row: (p: (typeof part)[number]) => object) => store.db(table).insert(part.map(row));
    await insert('messages', (p) => ({
      ...{
        id: p.id,
        record_key: recordKey(DOMAIN, `old-${p.n}`),
        message_id: `old-${p.n}`,
        domain: DOMAIN,
        sender: 'a@b',
      },
      ...{
        subject: null,
        class: 'notice',
        message_key: `key-${p.n}`,
        origin: 'recorded',
        policy: '{}',
        created_at: p.at,
      },
    }));
    await insert('deliveries', (p) => ({
      ...{
        id: `D${p.id.slice(1)}`,
        message_id: p.id,
        recipient: recipientOf(p.n),
        recipient_key: recipientOf(p.n),
      },
      ...{
        domain: DOMAIN,
        class: 'notice',
        state: 'delivered',
        attempt: 1,
        message_at: p.at,
        created_at: p.at,
        updated_at: p.at,
        ended_at: p.at,
      },
    }));
    await insert('facts', (p) => ({
      ...{
        delivery_id: `D${p.id.slice(1)}`,
        fact_key: 'claimed:1',
        kind: 'claimed',
        at: p.at,
        recorded_at: p.at,
        body: '{}',
      },
    }));
    await insert('due', (p) => ({ delivery_id: `W${p.id.slice(1)}`, priority: 1, at: MORNING + 9 * DAY, lease: null }));
    await insert('handles', (p) => ({ hash: handle('mailgun', 'reply', DOMAIN, `old-${p.n}`), message_id: p.id }));
    await insert('inbox', (p) => ({
      ...{
        id: p.id,
        source: 'webhook',
        replay_key: `old-${p.n}`,
        event_key: `old-${p.n}`,
        received_at: p.at,
        body: '{}',
      },
      ...{ pending: 0, due_at: p.at, tries: 1, outcome: 'done' },
    }));
    await insert('resends', (p) => ({ name_hash: recordKey(DOMAIN, `resent-${p.n}`), times: 1, asked_at: p.at }));
    await insert('reposts', (p) => ({
      ...{ delivery_id: `D${p.id.slice(1)}`, attempt: 2, place: `p${p.n % 50}.example ip_block`, at: p.at },
      ...{ result: 'failed', sending_ip: 'same' },
    }));
    await insert('rollups', (p) => ({
      ...{ span: QUARTER, what: 'failing', bucket: LONG_AGO + p.n * QUARTER, domain: DOMAIN, class: 'notice' },
      ...{ value: `p${p.n % 50}.example ip_block`, n: 1, ms: 0 },
    }));
    await insert('sending_ips', (p) => ({
      ...{
        day: MORNING - (p.n % 50) * DAY,
        provider: 'mailgun',
        ip: `192.0.${Math.floor(p.n / 250)}.${p.n % 250}`,
        mailbox: MAILBOXES[p.n % MAILBOXES.length],
      },
      ...{ arrived: 1, failed: 0, put_off: 0, blocked: 0, named: 0, complained: 0 },
    }));
    await insert('suppressions', (p) => ({
      ...{
        address_key: `p${p.n}@example.net`,
        cause: 'recipient_unknown',
        created_at: p.at,
        delivery_id: `D${p.id.slice(1)}`,
      },
    }));
    await insert('audit', (p) => ({ id: p.id, at: p.at, who: 'ann', what: 'retry', subject: p.id, detail: 'x' }));
    await insert('alert_items', (p) => ({
      ...{ item_key: `old-${p.n}`, incident: 'old', kind: 'gave_up', at: p.at, alert_id: p.id },
    }));
    const event = (p: { id: string }) => ({ delivery_id: `D${p.id.slice(1)}`, number: 4 });
    await insert('events', (p) => ({
      ...{ ...event(p), kind: 'delivered', at: p.at, class: 'notice', state: 'delivered', attempt: 1 },
    }));
    const post = (p: { id: string; at: number }) => ({ ...event(p), since: p.at, tries: 1, tried_at: p.at });
    await insert('event_posts', (p) => ({ ...post(p), endpoint: 'busy', due_at: null, done_at: 1 }));
    await insert('event_posts', (p) => ({ ...post(p), endpoint: 'other', due_at: p.at }));
  }
  await countRows(store);
}

/** Else MariaDB does it when it finds the time, and a plan is now this one and now that one. */
async function countRows(store: Store): Promise<void> {
  if (store.kind === 'sqlite') return;
  const [tables] = (await store.db.raw('show tables')) as [Record<string, string>[]];
  for (const name of tables.flatMap((row) => Object.values(row))) await store.db.raw('analyze table ??', [name]);
}

/** Very many outages of a moment, one that lasted in the middle of the history, and one that lasts. */
async function pastOutages(store: Store): Promise<Outage[]> {
  const change = (after: 'down' | 'healthy', at: number) => ({
    ...{ id: newId(at), provider: 'mailgun', after, at, share: 100, evidence: '' },
    before: after === 'down' ? 'healthy' : 'down',
  });
  for (let from = 0; from < 2 * MANY; from += 250) {
    const turns = Array.from({ length: 250 }, (_, n) =>
      change(n % 2 === 0 ? 'down' : 'healthy', LONG_AGO - DAY + from + n),
    );
    await store.db('health_changes').insert(turns);
  }
  const last = [change('down', LONG_AGO + 700), change('healthy', LONG_AGO + 720), change('down', MORNING)];
  await store.db('health_changes').insert(last);
  return (await outagesSince(store, LONG_AGO)).slice(0, 2);
}

type Query = { sql: string; bindings: readonly unknown[] };

/** Runs something and returns the queries that it made. */
async function queriesOf(store: Store, run: () => Promise<unknown>): Promise<Query[]> {
  const queries: Query[] = [];
  const note = (q: Query) => queries.push({ sql: q.sql, bindings: q.bindings });
  store.db.on('query', note);
  await run();
  store.db.removeListener('query', note);
  return queries.filter((q) => /^(select|update|delete)/i.test(q.sql));
}

/** What a database says of a query that reads a table or an index from end to end; null when it does not. */
async function scanOf(store: Store, { sql, bindings }: Query): Promise<string | null> {
  const values = bindings as string[];
  if (store.kind === 'sqlite') {
    const plan = (await store.db.raw(`explain query plan ${sql}`, values)) as { detail: string }[];
    // These are a few rows that were chosen by an index.
    const scans = plan
      .map((p) => p.detail)
      .filter((d) => /^SCAN (?!CONSTANT|\(|SUBQUERY|\d+-ROW VALUES|(?:part|parts|cuts|candidates|few)$)/i.test(d));
    return scans.length > 0 ? scans.join('; ') : null;
  }
  const [plan] = (await store.db.raw(`explain ${sql}`, values)) as [
    { table: string; type: string; key: string | null }[],
  ];
  const scans = plan.filter((p) => (p.type === 'ALL' || p.type === 'index') && !p.table?.startsWith('<'));
  return scans.length > 0 ? scans.map((s) => `${s.type} of ${s.table}, key ${s.key}`).join('; ') : null;
}

const SEARCHES: Record<string, Partial<Search>> = {
  class: { class: 'notice' },
  since: { since: LONG_AGO + 1000 },
  until: { until: LONG_AGO + 700 },
  state: { state: 'delivered' },
  stateAndClass: { state: 'delivered', class: 'notice' },
  stateAndTime: { state: 'delivered', since: LONG_AGO + 10, until: LONG_AGO + 700 },
  recipient: { recipient: BUSY },
  everything: { recipient: 'p1@example.net', state: 'delivered', class: 'notice', since: LONG_AGO, until: MORNING },
  nothing: { recipient: 'nobody@example.net', state: 'failed' },
  recipientAndState: { recipient: BUSY, state: 'delivered' },
  recipientAndOtherState: { recipient: BUSY, state: 'failed' },
  recipientAndOtherClass: { recipient: BUSY, class: 'access' },
  recipientAndTime: { recipient: BUSY, since: LONG_AGO + 10, until: LONG_AGO + 700 },
};

eachStore(
  'a search walks an index in its order, and none of its queries sorts what it has found',
  async ({ store }) => {
    await history(store);
    const { next } = await searchMessages(store, { limit: 200, until: LONG_AGO + 900 });
    const wrong: string[] = [];
    for (const [name, wanted] of Object.entries(SEARCHES)) {
      for (const cursor of [undefined, next ?? undefined]) {
        const queries = await queriesOf(store, () => searchMessages(store, { limit: 10, ...wanted, cursor }));
        for (const query of queries) {
          const found = (await scanOf(store, query)) ?? (await sortOf(store, query));
          if (found) wrong.push(`${name}: ${found}: ${query.sql.slice(0, 200)}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
  },
);

const FILTERS: readonly Filter[] = [
  {},
  { class: 'notice' },
  { state: 'delivered' },
  { recipient: BUSY },
  { key: 'key-7' },
  { ids: ['01K4ZZZZZZZZZZZZZZZZZZZZZZ'] },
  { cause: 'c:mailbox_full' },
  { provider: 'smtp.example:25' },
  { provider: 'mailgun' },
  { terms: ['w:password', 't:reset'] },
  { recipient: BUSY, state: 'delivered', class: 'notice' },
  { recipient: BUSY, state: 'delivered', cause: 'c:mailbox_full', provider: 'mailgun', terms: ['w:password'] },
  { state: 'delivered', class: 'notice', terms: ['w:password'], since: LONG_AGO + 10, until: LONG_AGO + 700 },
  { key: 'key-7', class: 'notice', terms: ['w:password'], cause: 'c:mailbox_full' },
];

const isUnlisted = ({ provider, ...more }: Filter): boolean => Object.keys(more).length === 0;

eachStore('whatever is said of the mail that is looked for, no query reads a table through', async ({ store }) => {
  await history(store);
  await wordsFor(store);
  await countRows(store);
  const { next } = await filterMessages(store, { filter: { until: LONG_AGO + 900 }, limit: 50 });
  const wrong: string[] = [];
  for (const filter of FILTERS) {
    for (const cursor of [undefined, next ?? undefined]) {
      const run = async () => {
        await filterMessages(store, { filter, limit: 50, cursor });
        await countStates(store, filter);
      };
      for (const query of await queriesOf(store, run)) {
        const found = await scanOf(store, query);
        // Without a list to begin at, the index of all is walked from its newest.
        const isWalk =
          isUnlisted(filter) && /messages_created_at_id_index/.test(found ?? '') && /limit/.test(query.sql);
        if (found && !isWalk) wrong.push(`${JSON.stringify(filter)}: ${found}: ${query.sql.slice(0, 300)}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

eachStore('what a list holds is checked by the message, however many stand in the same state', async ({ store }) => {
  await history(store);
  await wordsFor(store);
  await countRows(store);
  const filters: Filter[] = [
    { state: 'delivered', terms: ['w:password'] },
    { state: 'delivered', class: 'notice', cause: 'w:password' },
    { recipient: BUSY, state: 'delivered', class: 'notice', provider: 'mailgun', terms: ['w:password'] },
  ];
  let searched = 0;
  for (const filter of filters) {
    if (store.kind === 'mysql') {
      const before = await rowsRead(store);
      await filterMessages(store, { filter, limit: 50 });
      const read = (await rowsRead(store)) - before;
      assert.ok(read < 20_000, `${JSON.stringify(filter)}: ${read} rows`);
    } else {
      const queries = await queriesOf(store, () => filterMessages(store, { filter, limit: 50 }));
      const checks = queries.filter(({ sql }) => sql.includes('`candidates` where'));
      assert.ok(checks.length > 0);
      for (const query of checks) {
        const plan = (await indexOf(store, query)).split('; ');
        const from = plan.findIndex((line) => line.includes('CORRELATED'));
        const inner = plan.slice(from).filter((line) => /SEARCH deliveries/.test(line));
        assert.ok(from >= 0, plan.join('; '));
        for (const line of inner) assert.match(line, /\(message_id=\?/);
        searched += inner.length;
      }
    }
  }
  assert.ok(store.kind === 'mysql' || searched > 0, 'no check reads deliveries');
});

/** Every mail of the history has the same words. */
async function wordsFor(store: Store): Promise<void> {
  const terms = ['w:password', 't:reset'];
  const all: { id: string; created_at: number }[] = await store.db('messages').select('id', 'created_at');
  const rows = all.map(({ id, created_at }) => ({ message_at: created_at, message_id: id }));
  for (let from = 0; from < rows.length; from += 250) {
    const part = rows.slice(from, from + 250);
    for (const term of terms)
      await store.db('search_terms').insert(part.map((row) => ({ ...row, term, delivery_id: '' })));
    await store
      .db('search_owners')
      .insert(part.map((row) => ({ ...row, id: row.message_id, terms: JSON.stringify(terms) })));
  }
}

eachStore('the words of mail are written without reading a table through', async ({ store }) => {
  await history(store);
  await wordsFor(store);
  await countRows(store);
  const walk = { name: 'search', from: { at: LONG_AGO + 100, key: '' }, limit: 50 };
  const runs = [
    () => indexMade(store, walk, MORNING),
    () => indexHappened(store, walk, MORNING),
    () => indexEarlier(store, walk),
    () => pruneMessages(store, LONG_AGO + 20, 10),
  ];
  for (const run of runs)
    for (const query of await queriesOf(store, run)) assert.equal(await scanOf(store, query), null, query.sql);
});

/** What a database says of a query that it has to sort or group in memory; null when the rows come in order. */
async function sortOf(store: Store, { sql, bindings }: Query): Promise<string | null> {
  const plan: unknown = await store.db.raw(
    `${store.kind === 'sqlite' ? 'explain query plan' : 'explain'} ${sql}`,
    bindings as string[],
  );
  return /USE TEMP B-TREE|LIST SUBQUERY|Using filesort|Using temporary/.exec(JSON.stringify(plan))?.[0] ?? null;
}

onMariaDb('a search reads about as many rows as it shows, however long the history is', async ({ store }) => {
  await history(store);
  const { next } = await searchMessages(store, { limit: 200, until: LONG_AGO + 900 });
  for (const [name, wanted] of Object.entries({ newest: {}, rare: { recipient: 'p1@example.net' }, ...SEARCHES })) {
    for (const cursor of [undefined, next ?? undefined]) {
      const before = await rowsRead(store);
      await searchMessages(store, { limit: 10, ...wanted, cursor });
      const read = (await rowsRead(store)) - before;
      assert.ok(read < 100, `${name}: ${read} rows`);
    }
  }
});

/** How many rows the server has read so far, for whomever. */
async function rowsRead(store: Store): Promise<number> {
  const [rows] = (await store.db.raw("show global status like 'Handler_read%'")) as [{ Value: string }[]];
  return rows.reduce((sum, row) => sum + Number(row.Value), 0);
}

eachStore('no query of a step reads a table through', async ({ store }) => {
  await history(store);
  const views = await seedMany(store, 20);
  const ids = views.map((v) => v.id);
  const messageId = (await store.db('deliveries').where({ id: ids[0] }).first('message_id')).message_id as string;
  await keep(
    store,
    Array.from({ length: 20 }, (_, n) => arrival(`new-${n}`)),
  );
  const now = MORNING + DAY;
  const waits = ids.map((id) => ({ id, at: now }));
  const later = now + 9 * MINUTE;
  const abandon = () => change(store, ids.slice(0, 5), now, () => [ended(1, now, 'abandoned', 'storage_gone')]);
  const heard = Array.from({ length: 50 }, (_, n) => ({
    provider: 'mailgun',
    sighting: sighting({ homingId: messageId, messageId: `many-${n}@mg.example.com`, storage: STORAGE }),
  }));
  heard.push({ provider: 'mailgun', sighting: sighting({ handedOver: { deliveryId: ids[0] ?? '', attempt: 1 } }) });
  const outages = await pastOutages(store);
  const rooms = ['', 'whole mailgun', 'stored mailgun'].map((lane) => ({ lane, most: 10 }));
  const taking = { now, limit: 10, lease: MINUTE };
  const keys = views.flatMap(newsKeys);
  const message = (await store.db('messages').where({ id: messageId }).first()) as MessageRow;
  const noted = { at: now, kind: 'noted' as const, attempt: 1, what: 'asked for again' };
  const again = {
    ...{ message, now, entry: () => ({ who: 'ann', what: 'resend', subject: messageId, detail: null }) },
    decide: (all: readonly View[]) => ({
      answer: null,
      facts: new Map(all.map(({ id }) => [id, { ...noted, key: 'noted:again' }])),
    }),
  };
  const support = { store, now, cooldown: MINUTE };
  const runs: Record<string, () => Promise<unknown>> = {
    claimDue: () => claimDue(store, rooms, { now, lease: MINUTE }),
    park: () => park(store, 'x', 'whole mailgun', waits),
    lookAgain: () => lookAgain(store, 'x', ids, now),
    wantAnswers: () => wantAnswers(store, 'x', [{ id: ids[0] ?? '', at: now, by: later, unsuppress: true }]),
    claimQuestions: () => claimQuestions(store, now, 10, MINUTE),
    change: () => change(store, ids, now, () => [failed(MORNING)]),
    changeUnderLease: async () =>
      changeHeld(
        store,
        { ids, lease: (await claimDue(store, rooms, { now: later, lease: MINUTE })).lease },
        now,
        () => [failed(MORNING + 1)],
      ),
    end: abandon,
    takePending: () => takePending(store, 'events', taking),
    takeTold: () => takePending(store, 'told', taking),
    takeAbout: () => takePending(store, { about: keys }, taking),
    unreadNews: () => unreadNews(store, keys),
    inFlight: () => inFlight(store, ['p1@example.net', BUSY]),
    settle: () =>
      settle(store, 'a lease', [
        { id: 'x', outcome: 'done' },
        { id: 'y', outcome: 'waiting', tries: 1, dueAt: now },
      ]),
    match: () => match(store, heard),
    knownEvents: () => knownEvents(store, ['x', 'y']),
    lastWebhookAt: () => lastWebhookAt(store),
    inboxWaitsSince: () => inboxWaitsSince(store),
    attention: () => attention(store, now),
    setAside: () => setAside(store, LONG_AGO + 1000, 10),
    pruneInbox: () => pruneInbox(store, LONG_AGO + 10, 10),
    lastReposts: () => lastReposts(store, 'p1.example ip_block', 20),
    untold: () => untold(store, 10),
    bundle: () => bundle(store, `gave_up:${DOMAIN}`, now, () => ({ subject: '', body: '', avoid: [] })),
    openIncidents: () => openIncidents(store),
    endedIncidents: () => endedIncidents(store, LONG_AGO + 1000, 10),
    incidentNamed: () => incidentNamed(store, `gave_up:${DOMAIN}`),
    waitingConversations: () => waitingConversations(store),
    toldOtherwise: () => toldOtherwise(store, MORNING),
    takeAlert: () => takeAlert(store, { now, until: now + MINUTE }),
    record: () => record(store, draft({ messageId: 'fresh', key: 'key-1' }), now),
    recordAgain: () => record(store, draft({ messageId: 'fresh', key: 'key-1' }), now),
    messagesByKey: () => messagesByKey(store, 'key-1'),
    findMessage: () => findMessage(store, messageId),
    cancelByKey: () => cancelByKey(store, 'key-1', 'by_operator', now),
    flowByClass: () => flowByClass(store, now),
    overdueOf: () => overdueOf(store, { class: 'notice', within: MINUTE }, now),
    openBy: () => openBy(store, ['notice']),
    countClaims: () => countClaims(store, now),
    heldByClass: () => heldByClass(store),
    unsentAlerts: () => unsentAlerts(store),
    alertsOfDay: () => alertsOfDay(store, now),
    waitingFor: () => waitingFor(store, messageId, now),
    doneBy: () => doneBy(store, { who: 'bob', what: ['login'], since: LONG_AGO, until: LONG_AGO + DAY, limit: 10 }),
    auditOf: () => auditOf(store, messageId, 50),
    askAgain: () => askAgain(store, again),
    askByKey: () =>
      askByKey(store, { key: 'key-1', now, decide: () => ({ answer: null, asked: { times: 1, at: now } }) }),
    sendingsSince: () => sendingsSince(store, MORNING - 7 * DAY),
    pruneSendings: () => pruneSendings(store, MORNING - 45 * DAY),
    pruneResends: () => pruneResends(store, now + 1, 10),
    pruneCare: () => pruneCare(store, now + 1, 10),
    isStillIll: () => isStillIll(store, 'dns'),
    lookedAt: () => lookedAt(store, 'dns', now - DAY),
    takeTurn: () => takeTurn(store, 'care:dns', 'somebody', { now, until: now + DAY }),
    reportsPage: () => reportsPage(store, { from: LONG_AGO, until: now, limit: 50 }, null),
    reportsPageOn: () => reportsPage(store, { from: LONG_AGO, until: now, limit: 50 }, REPORT),
    waitingByClass: () => waitingByClass(store, now),
    outagesSince: () => outagesSince(store, now - DAY),
    outageNamed: () => outageNamed(store, outages[0]?.id ?? ''),
    tollOf: () => Promise.all(outages.map((outage) => tollOf(store, outage, now))),
    lostDeliveries: () => lostDeliveries(store, { from: LONG_AGO, to: now }, 10),
    acceptedSince: () => acceptedSince(store, now - DAY, now),
    forgotten: () => forgotten(store, 10),
    placesOf: () => placesOf(store, { from: LONG_AGO + 100 * QUARTER, to: LONG_AGO + 200 * QUARTER }, 10),
    pruneMessages: () => pruneMessages(store, LONG_AGO + 1, 10),
    forgetUnreturned: () => forgetUnreturned(store, now, 10),
    newestTo: () => newestTo(store, { recipient: BUSY, limit: 10 }),
    newestToPage: () => newestTo(store, { recipient: BUSY, limit: 10, cursor: messageId }),
    supportOfMany: () => cardsOf(support, views),
    supportOfNobody: () => supportOf(support, { recipient: 'p1@exmaple.net', limit: 10 }),
    newestTold: () => newestTold(store, { before: { at: MORNING, id: 'x' }, limit: 10 }),
    newestAside: () => newestAside(store, LONG_AGO + 1000, 10),
    toldWaiting: () => toldWaiting(store, 10),
    listAlerts: () => listAlerts(store, { before: { at: MORNING, id: 'x' }, limit: 10 }),
    refusedSince: () => refusedSince(store, MORNING),
    failuresBefore: () => failuresBefore(store, { at: MORNING, delivery: ids[0] ?? '', key: '' }, LONG_AGO + 1000, 20),
    failuresOfAllTime: () => failuresBefore(store, { at: MORNING, delivery: ids[0] ?? '', key: '' }, 0, 20),
    newestSuppressions: () => newestSuppressions(store, { limit: 10 }),
    suppressionsOfCause: () =>
      newestSuppressions(store, { cause: 'complained', after: { at: LONG_AGO + 500, address: 'p' }, limit: 10 }),
    suppressionsNamed: () => newestSuppressions(store, { address: 'p1', limit: 10 }),
    suppressionsNamedOfCause: () =>
      newestSuppressions(store, { address: 'p1', cause: 'complained', after: { at: 0, address: 'p10' }, limit: 10 }),
    doubtfulSuppressions: () => doubtfulSuppressions(store, MORNING - DAY, 10),
    countDoubtful: () => countDoubtful(store, MORNING - DAY, 10),
    bodies: () =>
      Promise.all([sealedBody(store, messageId), withBodies(store, [messageId]), namelessBody(store), sealers(store)]),
  };
  const scans: string[] = [];
  for (const [name, run] of Object.entries(runs)) {
    const queries = await queriesOf(store, run);
    assert.ok(queries.length > 0, name);
    // They have a row for each provider, and for each thing that a sending domain has to mend.
    for (const query of queries.filter(({ sql }) => !/from `(?:health`$|sender_faults`)/.test(sql))) {
      const scan = await scanOf(store, query);
      if (scan) scans.push(`${name}: ${scan}: ${query.sql.slice(0, 200)}`);
    }
  }
  assert.deepEqual(scans, []);
});

eachStore('an export reads what hangs on the mail of its person, and no table through', async ({ store }) => {
  await history(store);
  const numbers = Array.from({ length: MANY }, (_, n) => ({ n, id: newId(LONG_AGO + n) }));
  const insert = (table: string, row: (one: { n: number; id: string }) => object) =>
    store.db.batchInsert(table, numbers.map(row), 100);
  await insert('unclear', ({ n, id }) => ({ delivery_id: id, fact_key: 'x', at: LONG_AGO + n }));
  await insert('message_bodies', ({ id }) => ({ message_id: id, piece: 0, body: Buffer.from('x') }));
  const first = await deliveriesPage(store, BUSY, { at: 0, message: '' });
  const scans: string[] = [];
  for (const after of [null, { at: 0, message: '' }, first.next]) {
    const queries = await queriesOf(store, async () => rowsOf(store, (await deliveriesPage(store, BUSY, after)).ids));
    for (const query of queries) {
      const scan = await scanOf(store, query);
      if (scan) scans.push(`${scan}: ${query.sql.slice(0, 200)}`);
    }
  }
  assert.deepEqual(scans, []);
});

eachStore('of an address that gets much mail, what it lacks is known by its index', async ({ store }) => {
  await history(store);
  const index = /deliveries_recipient_key_state_class_message_at_message_id_index/;
  const runs: Record<string, () => Promise<unknown>> = {
    searchByState: () => searchMessages(store, { limit: 10, recipient: BUSY, state: 'failed' }),
    searchByClass: () => searchMessages(store, { limit: 10, recipient: BUSY, class: 'access' }),
    inFlight: () => inFlight(store, [BUSY]),
  };
  for (const [name, run] of Object.entries(runs)) {
    const [query] = await queriesOf(store, run);
    assert.ok(query);
    assert.match(await indexOf(store, query), index, name);
  }
});

eachStore(
  'old messages are looked at one after the other, whatever the server thinks of the tables',
  async ({ store }) => {
    await history(store);
    const [query] = await queriesOf(store, () => pruneMessages(store, MORNING, 10));
    assert.ok(query);
    const plan = await store.db.raw(
      `${store.kind === 'sqlite' ? 'explain query plan' : 'explain'} ${query.sql}`,
      query.bindings as string[],
    );
    assert.match(JSON.stringify(plan), store.kind === 'sqlite' ? /CORRELATED SCALAR SUBQUERY/ : /DEPENDENT SUBQUERY/);
  },
);

eachStore('what is claimed is found by what is due, and not by a walk over all mail that waits', async ({ store }) => {
  await seedMany(store, 300, { facts: [] });
  await store.db('due').update({ at: MORNING + DAY });
  const [due] = await store.db('deliveries').limit(1).pluck('id');
  await store.db('due').where({ delivery_id: due }).update({ at: MORNING });
  const queries = await queriesOf(store, () =>
    claimDue(store, [{ lane: '', most: 10 }], { now: MORNING, lease: MINUTE }),
  );
  const others = queries.filter(({ sql }) => sql.includes('from `deliveries`'));
  assert.equal(others.length, 2);
  for (const query of others)
    assert.match(
      await indexOf(store, query),
      /autoindex_deliveries_1|PRIMARY|deliveries_message_id_recipient_key_unique/,
    );
});

eachStore('a Message-Id is looked up by its index, also one that nobody knows', async ({ store }) => {
  await history(store);
  const [view] = await seedMany(store, 1);
  assert.ok(view);
  for (const name of [view.rfcMessageId, 'nothing@mg.example.com']) {
    const queries = await queriesOf(store, () => findMessage(store, name));
    for (const query of queries.filter(({ sql }) => !sql.includes('`domains`')))
      assert.equal(await scanOf(store, query), null, query.sql);
  }
});

eachStore('what was lost is read in its order, as much of it as is named', async ({ store }) => {
  await history(store);
  await store.db('deliveries').update({ state: 'failed' });
  const queries = await queriesOf(store, () => lostDeliveries(store, { from: LONG_AGO, to: MORNING }, 10));
  for (const query of queries) assert.equal(await sortOf(store, query), null);
});

eachStore('whether mail of a class has moved is known without reading that of the others', async ({ store }) => {
  await history(store);
  const late = await seedMany(store, 1, { class: 'access' });
  assert.equal(late.length, 1);
  const queries = await queriesOf(store, () => flowByClass(store, MORNING + 9 * DAY));
  const recent = queries.filter(({ sql }) => sql.includes('message_at'));
  assert.ok(recent.length >= 3);
  for (const query of recent)
    assert.match(await indexOf(store, query), /deliveries_state_class_message_at_message_id_index/);
});

eachStore('the sums of a report are read in the order of their key, not one by one', async ({ store }) => {
  await history(store);
  const month = { from: LONG_AGO, to: LONG_AGO + 15 * DAY };
  const days = Array.from({ length: 15 }, (_, n) => ({
    day: '',
    from: LONG_AGO + n * DAY,
    to: LONG_AGO + (n + 1) * DAY,
  }));
  const runs = {
    readSums: () => readSums(store, month, ['messages', 'time']),
    dailyBars: () => dailyBars(store, days),
    placesOf: () => placesOf(store, month, 10),
  };
  for (const [name, run] of Object.entries(runs)) {
    const queries = (await queriesOf(store, run)).filter(({ sql }) => sql.includes('`rollups`'));
    assert.ok(queries.length > 0, name);
    for (const query of queries) assert.match(await indexOf(store, query), /PRIMARY/, name);
  }
});

/** By which index the rows of a table are found. */
async function indexOf(store: Store, { sql, bindings }: Query): Promise<string> {
  const values = bindings as string[];
  if (store.kind === 'sqlite') {
    const plan = (await store.db.raw(`explain query plan ${sql}`, values)) as { detail: string }[];
    return plan.map((p) => p.detail).join('; ');
  }
  const [plan] = (await store.db.raw(`explain ${sql}`, values)) as [{ key: string | null }[]];
  return plan.map((p) => p.key).join('; ');
}

eachStore('what is taken out of the inbox is found without a walk over what else waits in it', async ({ store }) => {
  const arrivals = Array.from({ length: 1000 }, (_, n) => arrival(`new-${n}`, { about: `about-${n}` }));
  await keep(store, arrivals);
  await keep(store, [arrival('told', { source: 'told' })]);
  const taking = { now: MORNING + MINUTE, limit: 10, lease: MINUTE };
  for (const which of ['told', 'events', { about: ['about-990'] }] as const) {
    const [select, update] = await queriesOf(store, () => takePending(store, which, taking));
    assert.ok(select && (update || store.kind === 'sqlite'));
    const wanted = typeof which === 'object' ? /inbox_about_index/ : /inbox_pending_source_due_at_index/;
    assert.match(await indexOf(store, select), wanted);
    if (update) assert.match(await indexOf(store, update), /autoindex_inbox_1|PRIMARY/);
  }
  for (const lease of [null, 'a lease']) {
    const waits = { outcome: 'waiting', tries: 1, dueAt: MORNING } as const;
    const queries = await queriesOf(store, () =>
      settle(store, lease, [
        { id: 'x', outcome: 'done' },
        { id: 'y', ...waits },
      ]),
    );
    assert.equal(queries.length, 2);
    for (const query of queries) assert.match(await indexOf(store, query), /autoindex_inbox_1|PRIMARY/);
  }
  const [news] = await queriesOf(store, () => unreadNews(store, ['about-991', 'about-992']));
  assert.ok(news);
  assert.match(await indexOf(store, news), /inbox_about_index/);
});

eachStore('events are posted, listed and pruned without reading a table through', async ({ store }) => {
  await history(store);
  await wordsFor(store);
  await countRows(store);
  const ids: string[] = await store.db('deliveries').orderBy('id').pluck('id');
  const [id = ''] = ids;
  await store.db('event_posts').where({ endpoint: 'busy', delivery_id: id }).update({ due_at: MORNING, done_at: null });
  const claim = { now: MORNING, lease: MINUTE };
  const [post] = await claimPosts(store, 'busy', 8, claim);
  assert.ok(post);
  await store.db('event_posts').where({ endpoint: 'busy', delivery_id: id }).update({ due_at: MORNING });
  const tried = { isDone: true, againAt: null, status: 200, detail: null, took: 5 };
  const after = { at: LONG_AGO + 700, deliveryId: ids[700] ?? '', number: 4 };
  const runs = [
    () => claimPosts(store, 'busy', 8, claim),
    () => claimPosts(store, 'other', 8, claim),
    () => settlePost(store, post, tried, MORNING),
    () => releasePost(store, post, MORNING),
    () => eventsSince(store, { since: LONG_AGO + 600, until: MORNING, limit: 50 }),
    () => eventsSince(store, { since: 0, until: MORNING, after, limit: 50 }),
    () => lastTries(store, 'busy', 20),
    () => postsWaiting(store, 'other', 100),
    () => pruneEvents(store, LONG_AGO + 20, 10),
    () => pruneMessages(store, LONG_AGO + 40, 10),
  ];
  for (const run of runs)
    for (const query of await queriesOf(store, run)) assert.equal(await scanOf(store, query), null, query.sql);
});

eachStore(
  'figures that may ring are read by the time that they are of, and not with all of the history',
  async ({ store }) => {
    await history(store);
    const numbers = Array.from({ length: MANY }, (_, n) => n);
    const counts = { arrived: 1, lost: 0, bounced: 0, deferred: 0, complained: 0, heard: 1, found: 0 };
    const about = (n: number) => ({ domain: DOMAIN, class: 'notice', receiver: `p${n % 50}.example` });
    await store.db.batchInsert(
      'mail_signs',
      numbers.flatMap((n) =>
        [5 * MINUTE, 60 * MINUTE].map((span) => ({ span, bucket: LONG_AGO + n * span, ...about(n), ...counts })),
      ),
      100,
    );
    await store.db.batchInsert(
      'sent_counts',
      numbers.map((n) => ({ bucket: LONG_AGO + n * QUARTER, domain: DOMAIN, kind: 'tag', name: `t${n % 9}`, n: 1 })),
      100,
    );
    await countSent(store, MORNING);
    await seedMany(store, 3);
    const now = MORNING + MINUTE;
    const looked = new Map<string, number>();
    const receivers = fullRule({ name: 'r', measure: 'bounced', per: ['receiver'] });
    const runs: Record<string, () => Promise<unknown>> = {
      look: () =>
        lookAtThresholds({ store, rules: DEFAULT_RULES, timezone: 'UTC', now: () => now, looked, log: logInto([]) }),
      signsOfReceiver: () =>
        signSums(store, { ...receivers, only: { ...receivers.only, receiver: 'p1.example' } }, now),
      count: () =>
        addMailSigns(store, [{ domain: DOMAIN, class: 'notice', receiver: 'p1.example', signs: counts }], now),
      countSent: () => countSent(store, now + DAY),
      sentIn: () => sentIn(store, { from: MORNING - DAY, to: MORNING }),
      lives: () => livesFrom(store, { at: LONG_AGO + 100, id: '' }, LONG_AGO + 120, 500),
      asked: () => askedFrom(store, { at: LONG_AGO + 100, id: '' }, LONG_AGO + 120, 500),
      forget: () => Promise.all([forgetMailSigns(store, now - 9 * DAY), forgetSent(store, now - 9 * DAY)]),
    };
    const scans: string[] = [];
    for (const [name, run] of Object.entries(runs)) {
      const queries = await queriesOf(store, run);
      assert.ok(queries.length > 0, name);
      // It has a row for each threshold that is passed.
      for (const query of queries.filter(({ sql }) => !/from `threshold_states` limit/.test(sql))) {
        const scan = await scanOf(store, query);
        if (scan) scans.push(`${name}: ${scan}: ${query.sql.slice(0, 300)}`);
      }
    }
    assert.deepEqual(scans, []);
  },
);
