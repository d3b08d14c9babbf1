import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { Fact } from '../../src/core/delivery.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { prune } from '../../src/operate/prune.ts';
import { raise } from '../../src/store/alerts.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore } from '../../src/store/db/open.ts';
import { moduleName } from '../../src/store/db/sqlite-connection.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { addSigns } from '../../src/store/notes/signs.ts';
import { giveRoomBack, makeShrinkable } from '../../src/store/prune.ts';
import { clockAt, MORNING } from '../support/clock.ts';
import { accepted, claimed, ended, failed, HOW, reported, seed, seedQueued, sent } from '../support/factory.ts';
import { eachStore, freshDatabase, onSqlite } from '../support/stores.ts';
import { daemonOf, happens, listening } from '../support/tellers.ts';

eachStore('what has ended is forgotten after its time, what is open is kept', async ({ store }) => {
  const clock = clockAt();
  await seed(store, {
    messageId: 'old@mg.example.com',
    facts: [...sent(), ended(1, MORNING, 'failed', 'recipient_unknown')],
  });
  await seed(store, { messageId: 'open@mg.example.com', facts: sent() });
  const deps = { store, retentionDays: 90, now: clock };
  clock.advance(89 * 24 * HOUR);
  assert.equal(await prune(deps), 0);
  clock.advance(2 * 24 * HOUR);
  assert.equal(await prune(deps), 1);
  const left: { message_id: string }[] = await store.db('messages');
  assert.deepEqual(
    left.map((m) => m.message_id),
    ['open@mg.example.com'],
  );
  assert.equal((await store.db('facts').whereNotIn('delivery_id', store.db('deliveries').select('id'))).length, 0);
});

eachStore(
  'what was told of no delivery is forgotten with its alert, and what waits to be told is kept',
  async ({ store }) => {
    const clock = clockAt();
    const daemon = daemonOf({ store, clock, to: listening() });
    await happens(daemon, 'webhooks_silent', 'webhooks_silent');
    await raise(store, { item_key: 's', incident: 's', kind: 'gave_up', at: clock(), detail: null }, 'summary');
    await daemon.until(clock() + MINUTE);
    await happens(daemon, 'clock_wrong', 'clock_wrong');
    const left = async () => (await store.db('alert_items').pluck('incident')) as string[];
    clock.advance(89 * DAY);
    await prune({ store, retentionDays: 90, now: clock });
    assert.equal((await left()).length, 3);
    clock.advance(2 * DAY);
    await prune({ store, retentionDays: 90, now: clock });
    assert.deepEqual(await left(), ['clock_wrong']);
  },
);

eachStore(
  'the body of mail that may come back is kept for a day, so that another provider can try it',
  async ({ store }) => {
    const provider = HOW.fallback.provider;
    const taken = (attempt: number, returns: boolean): Fact[] => [
      claimed(attempt, MORNING, HOW.fallback),
      { ...accepted(attempt, MORNING, null, false), ...(returns ? { returns: true } : {}) },
    ];
    const [ann, bob] = await seedQueued(store, { recipients: ['ann@example.net', 'bob@example.net'] });
    const [cid] = await seedQueued(store, { id: '01QUEUED000000000000000001', recipients: ['cid@example.net'] });
    assert.ok(ann && bob && cid);
    const bodies = async () => (await store.db('message_bodies').orderBy('message_id').pluck('message_id')) as string[];
    const clock = clockAt();
    const deps = { store, retentionDays: 90, now: clock };
    await change(store, [cid.id], clock(), () => taken(1, false));
    assert.deepEqual(await bodies(), [ann.messageId], 'what tells nothing more is over');
    await change(store, [ann.id], clock(), () => taken(1, true));
    await change(store, [bob.id], clock(), () => [...taken(1, true), reported('delivered', clock(), { provider })]);
    clock.advance(DAY - 1);
    await prune(deps);
    assert.deepEqual(await bodies(), [ann.messageId]);
    await change(store, [ann.id], clock(), () => [failed(clock(), 'retry', { provider, of: 1, messageId: null })]);
    clock.advance(DAY);
    await prune(deps);
    assert.deepEqual(await bodies(), [ann.messageId], 'one that came back waits for its next attempt');
    await change(store, [ann.id], clock(), () => taken(2, true));
    clock.advance(DAY + 1);
    await prune(deps);
    assert.deepEqual(await bodies(), []);
  },
);

eachStore('what was seen of a provider that is well all the time does not add up', async ({ store }) => {
  const clock = clockAt();
  for (let n = 0; n < 3; n++) {
    await addSigns(store, [{ provider: 'mailgun', kind: 'taken', n: 1 }], { now: clock(), window: MINUTE });
    clock.advance(HOUR);
  }
  clock.advance(-HOUR / 2);
  await prune({ store, retentionDays: 90, now: clock });
  assert.equal((await store.db('signs')).length, 1);
});

test('a pruned SQLite file is as small as it was, and holds nothing of what was deleted', async (t) => {
  const url = await freshDatabase(t, 'sqlite');
  const store = openStore(url);
  await migrate(store.db);
  const file = url.slice('sqlite:'.length);
  await store.db.raw('pragma wal_checkpoint(truncate)');
  const before = statSync(file).size;
  const subject = 'A subject that nobody is to read any more';
  const ends = [...sent(), ended(1, MORNING, 'failed', 'recipient_unknown')];
  for (let n = 0; n < 120; n++)
    await seed(store, { messageId: `${n}@mg.example.com`, subject: `${subject} ${'x'.repeat(2000)}`, facts: ends });
  await store.db.raw('pragma wal_checkpoint(truncate)');
  const full = statSync(file).size;
  assert.ok(readFileSync(file).includes(subject));
  const clock = clockAt(MORNING + 100 * DAY);
  let bites = 0;
  while ((await prune({ store, retentionDays: 90, now: clock })) > 0) bites++;
  assert.ok(bites >= 3, 'in more than one bite');
  await store.close();
  assert.ok(statSync(file).size - before < (full - before) / 4, `${before}, ${full}, ${statSync(file).size}`);
  assert.ok(!readFileSync(file).includes(subject));
});

onSqlite('room is given back in bites of two megabytes', async ({ store }) => {
  const pages = async () =>
    Number(((await store.db.raw('pragma page_count')) as { page_count: number }[])[0]?.page_count);
  await store.db('cursors').insert({ name: 'large', value: 'x'.repeat(5_000_000), at: 0 });
  await store.db('cursors').where({ name: 'large' }).delete();
  const sizes = [await pages()];
  for (let n = 0; n < 3; n++) {
    await giveRoomBack(store);
    sizes.push(await pages());
  }
  const given = sizes.slice(1).map((size, n) => (sizes[n] ?? 0) - size);
  assert.deepEqual(given.slice(0, 2), [250, 250]);
  assert.ok((given[2] ?? 0) > 0 && (given[2] ?? 0) < 250);
});

eachStore('a message with many recipients is a bite of its own', async ({ store }) => {
  const ends = [...sent(), ended(1, MORNING, 'failed', 'recipient_unknown')];
  const recipients = Array.from({ length: 150 }, (_, n) => `p${n}@example.net`);
  for (let n = 0; n < 3; n++) await seed(store, { messageId: `${n}@mg.example.com`, recipients, facts: ends });
  const clock = clockAt(MORNING + 100 * DAY);
  const gone: number[] = [];
  for (let n = 0; n < 3; n++) gone.push(await prune({ store, retentionDays: 90, now: clock }));
  assert.deepEqual(gone, [1, 1, 1]);
});

test('a file that could not shrink is rewritten once', async (t) => {
  const url = await freshDatabase(t, 'sqlite');
  const { DatabaseSync } = createRequire(import.meta.url)(moduleName());
  const old = new DatabaseSync(url.slice('sqlite:'.length));
  old.exec('create table cursors (name text primary key, value text, at integer)');
  old.close();
  const store = openStore(url);
  t.after(store.close);
  assert.deepEqual([await makeShrinkable(store), await makeShrinkable(store)], [true, false]);
});
