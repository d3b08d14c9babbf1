// A server that takes no more than 1 MB at once, which many come with.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createMigrated, type MariaDb, startMariaDb, withoutMariaDb } from '../../../src/lab/servers/mariadb.ts';
import { openStore, type Store } from '../../../src/store/db/open.ts';
import { inStatements } from '../../../src/store/db/statements.ts';
import { keep } from '../../../src/store/inbox/inbox.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { sealedBody } from '../../../src/store/messages/bodies.ts';
import { enqueue } from '../../../src/store/messages/enqueue.ts';
import { MORNING } from '../../support/clock.ts';
import { arrival, queueDraft, seed, viewsOf } from '../../support/factory.ts';

let server: Promise<MariaDb> | null = null;
after(async () => (await server?.catch(() => null))?.stop());

let made = 0;
function onSmallPackets(name: string, check: (store: Store) => Promise<void>): void {
  test(name, { skip: withoutMariaDb() ?? false }, async (t) => {
    server ??= startMariaDb({ 'max-allowed-packet': '1M' });
    const store = openStore(await createMigrated(await server, `packet_${++made}`));
    t.after(store.close);
    await check(store);
  });
}

const bodies = async (store: Store) => {
  const rows: { replay_key: string; body: string }[] = await store.db('inbox').select('replay_key', 'body');
  return new Map(rows.map((r) => [r.replay_key, r.body]));
};

onSmallPackets('an event full of quotes or of signs of four bytes is kept as it came', async (store) => {
  const quotes = `'"\\\n`.repeat(240_000);
  const emoji = '🎉'.repeat(240_000);
  await keep(store, [arrival('quotes', { body: quotes }), arrival('emoji', { body: emoji }), arrival('small')]);
  const kept = await bodies(store);
  assert.ok(kept.get('quotes') === quotes && kept.get('emoji') === emoji);
  assert.equal(kept.size, 3);
});

onSmallPackets('an event that can never be taken is set aside, and the others are kept', async (store) => {
  const events = [arrival('huge', { body: 'x'.repeat(1_100_000) }), arrival('good'), arrival('better')];
  assert.equal(await keep(store, events), 1);
  assert.equal(await keep(store, [arrival('alone', { body: 'x'.repeat(1_100_000) })]), 1);
  const rows = await store.db('inbox').orderBy('replay_key').select('replay_key', 'outcome', 'pending', 'error');
  assert.deepEqual(
    rows.map((r) => `${r.replay_key} ${r.outcome} ${r.pending}`),
    ['alone set_aside 0', 'better new 1', 'good new 1', 'huge set_aside 0'],
  );
  assert.match(rows[0].error, /1100000 characters .*max_allowed_packet/);
  assert.equal(await keep(store, events), 1, 'a repeat changes nothing');
  assert.equal((await bodies(store)).size, 4);
});

onSmallPackets('the body of a large mail and two hundred long replies are written', async (store) => {
  const body = Buffer.alloc(3_000_000, 0x27);
  const { id } = await enqueue(store, queueDraft({ body }), null, MORNING);
  assert.ok((await sealedBody(store, id))?.equals(body));
  const recipients = Array.from({ length: 200 }, (_, n) => `p${n}@example.net`);
  const views = await seed(store, { messageId: 'many', recipients });
  const what = `"'\\`.repeat(3000);
  const note = { key: 'noted:1', at: MORNING, kind: 'noted', attempt: 1, what } as const;
  await change(
    store,
    views.map((v) => v.id),
    MORNING,
    () => [note],
  );
  const [first] = await viewsOf(store, views[0]?.messageId ?? '');
  assert.ok(first?.facts.some((f) => f.kind === 'noted' && f.what === what));
});

test('rows are split by their number and by their bytes, and a large one stands alone', () => {
  const rows = ['a', 'é'.repeat(400_000), 'b', 'c', 'd'].map((body) => ({ body }));
  assert.deepEqual(
    inStatements(rows, 2).map((part) => part.length),
    [1, 1, 2, 1],
  );
  assert.deepEqual(inStatements([], 2), []);
});
