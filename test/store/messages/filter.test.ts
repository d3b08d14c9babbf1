import assert from 'node:assert/strict';
import type { State } from '../../../src/core/delivery.ts';
import { DAY, MINUTE } from '../../../src/core/time.ts';
import { indexTerms } from '../../../src/operate/index-terms.ts';
import { MOST_COUNTED } from '../../../src/store/db/counted.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { countStates } from '../../../src/store/messages/counts.ts';
import { cursorOf, filterMessages, furtherDeliveries, standingIn } from '../../../src/store/messages/filter.ts';
import type { Filter } from '../../../src/store/messages/lists.ts';
import { clockAt, MORNING } from '../../support/clock.ts';
import { ended, failed, refused, seed, sent } from '../../support/factory.ts';
import { eachStore } from '../../support/stores.ts';

/** Each differs from the others in what can be said of it; some are to two people. */
async function fill(store: Store): Promise<void> {
  for (let n = 0; n < 72; n++) {
    const at = MORNING + Math.floor(n / 2) * MINUTE;
    const end = [
      [],
      [failed(at, 'stop')],
      [ended(1, at, 'abandoned' as const, 'storage_gone' as const)],
      [refused(1, at, 'busy')],
    ][n % 4];
    await seed(store, {
      ...{ messageId: `m${n}@mg.example.com`, createdAt: at, class: n % 3 === 0 ? 'access' : 'notice' },
      ...{ subject: n % 2 === 0 ? 'Password reset' : 'Your password', tags: n % 5 === 0 ? ['blue'] : [] },
      ...{ key: n % 6 === 0 ? `key-${n % 12}` : null, facts: [...sent(at), ...(end ?? [])] },
      recipients:
        n % 7 === 0 ? ['anna@example.com', 'bob@example.com'] : [n % 2 ? 'bob@example.com' : 'anna@example.com'],
    });
  }
  const now = clockAt(MORNING + DAY);
  while ((await indexTerms({ store, now })) > 0);
}

type Made = Record<string, unknown> & { id: string };

/** The same by reading everything. */
async function readAll(store: Store, filter: Filter): Promise<string[]> {
  const rows: Made[] = await store
    .db('deliveries')
    .join('messages', 'messages.id', 'deliveries.message_id')
    .select('deliveries.*', 'messages.message_key', 'messages.subject', 'messages.tags', 'messages.created_at as made');
  const facts: { delivery_id: string; body: string }[] = await store.db('facts');
  const fits = (row: Made): boolean => {
    const cause = filter.cause?.slice(2);
    const had = facts.filter((fact) => fact.delivery_id === row.id).map(({ body }) => body);
    const words = [
      ...String(row['subject'])
        .toLowerCase()
        .split(' ')
        .map((word) => `w:${word}`),
      ...(row['tags'] ? ['t:blue'] : []),
    ];
    return (
      (filter.recipient === undefined || row['recipient'] === filter.recipient) &&
      (filter.state === undefined || row['state'] === filter.state) &&
      (filter.class === undefined || row['class'] === filter.class) &&
      (filter.key === undefined || row['message_key'] === filter.key) &&
      (filter.since === undefined || Number(row['made']) >= filter.since) &&
      (filter.until === undefined || Number(row['made']) < filter.until) &&
      (filter.ids === undefined || filter.ids.includes(String(row['message_id']))) &&
      (filter.provider === undefined || row['provider'] === filter.provider) &&
      (filter.terms ?? []).every((term) => words.includes(term)) &&
      (cause === undefined || row['reason'] === cause || had.some((body) => body.includes(`"cause":"${cause}"`)))
    );
  };
  const at = new Map(rows.map((row) => [String(row['message_id']), Number(row['made'])]));
  const ids = [...new Set(rows.filter(fits).map((row) => String(row['message_id'])))];
  return ids.sort((a, b) => (at.get(b) ?? 0) - (at.get(a) ?? 0) || (a < b ? 1 : -1));
}

async function pagesOf(store: Store, filter: Filter, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const { found, next } = await filterMessages(store, { filter, limit, cursor });
    assert.ok(found.length <= limit);
    for (const { message, deliveries } of found) {
      assert.ok(deliveries.length > 0, 'a message without a delivery that fits');
      if (filter.recipient) assert.deepEqual(new Set(deliveries.map((d) => d.recipient)), new Set([filter.recipient]));
      ids.push(message.id);
    }
    if (next === null) return ids;
    cursor = next;
  }
}

eachStore('every combination of what is said finds what reading everything would, in its order', async ({ store }) => {
  await fill(store);
  const some: string[] = await store
    .db('messages')
    .where('created_at', '<', MORNING + 9 * MINUTE)
    .pluck('id');
  const parts: Filter[] = [
    { recipient: 'anna@example.com' },
    { state: 'failed' },
    { class: 'access' },
    { key: 'key-0' },
    { terms: ['w:password', 'w:reset'] },
    { terms: ['t:blue'] },
    { cause: 'c:recipient_unknown' },
    { provider: 'mailgun' },
    { since: MORNING + 3 * MINUTE, until: MORNING + 30 * MINUTE },
    { ids: some },
  ];
  let nonEmpty = 0;
  for (let set = 0; set < 1 << parts.length; set += 1) {
    const chosen = parts.filter((_, i) => set & (1 << i));
    // All of up to three, and every eleventh of the rest.
    if (chosen.length > 3 && set % 11 !== 0) continue;
    const terms = chosen.flatMap((part) => part.terms ?? []);
    const filter: Filter = Object.assign({}, ...chosen, terms.length > 0 ? { terms } : {});
    const wanted = await readAll(store, filter);
    assert.deepEqual(await pagesOf(store, filter, 7), wanted, JSON.stringify(filter));
    if (wanted.length > 0) nonEmpty++;
  }
  assert.ok(nonEmpty > 50, `${nonEmpty} found something`);
});

eachStore('what is said of a delivery holds of one and the same', async ({ store }) => {
  const [anna] = await seed(store, {
    ...{ recipients: ['anna@example.com', 'bob@example.com'], facts: sent() },
  });
  assert.ok(anna);
  await change(store, [anna.id], MORNING, () => [failed(MORNING, 'stop')]);
  const now = clockAt(MORNING + DAY);
  while ((await indexTerms({ store, now })) > 0);
  const found = async (filter: Filter) =>
    (await filterMessages(store, { filter, limit: 10 })).found.map(({ deliveries, others }) => [
      deliveries.map((d) => d.recipient),
      others,
    ]);
  const cause = 'c:recipient_unknown';
  assert.deepEqual(await found({ recipient: 'bob@example.com', cause }), []);
  assert.deepEqual(await found({ recipient: 'bob@example.com', state: 'failed' }), []);
  assert.deepEqual(await found({ recipient: 'anna@example.com', cause }), [[['anna@example.com'], 1]]);
  assert.deepEqual(await found({ cause }), [[['anna@example.com'], 1]]);
  assert.deepEqual(await found({}), [[['anna@example.com', 'bob@example.com'], 0]]);
});

eachStore('of a message to very many, some are shown and the others are counted', async ({ store }) => {
  const recipients = Array.from({ length: 450 }, (_, n) => `p${n}@example.com`);
  const [first] = await seed(store, { recipients });
  assert.ok(first);
  const [hit] = (await filterMessages(store, { filter: {}, limit: 10 })).found;
  assert.deepEqual([hit?.deliveries.length, hit?.others], [10, 440]);
  const seen = hit?.deliveries.map((d) => d.recipient) ?? [];
  for (let after = hit?.deliveries.at(-1)?.id ?? ''; ; ) {
    const more = await furtherDeliveries(store, { filter: {}, messageId: first.messageId, after });
    seen.push(...more.map((d) => d.recipient));
    if (more.length === 0) break;
    after = more.at(-1)?.id ?? '';
    assert.ok(seen.length <= 450, 'it repeats');
  }
  assert.deepEqual(seen.toSorted(), recipients.toSorted());
});

eachStore('states are counted, and only where an index can do it', async ({ store }) => {
  await fill(store);
  const counts = await countStates(store, { recipient: 'anna@example.com', class: 'access' });
  const rows: { state: State; n: number }[] = await store
    .db('deliveries')
    .where({ recipient: 'anna@example.com', class: 'access' })
    .groupBy('state')
    .select('state')
    .count({ n: '*' });
  for (const { state, n } of rows) assert.equal(counts?.get(state), Number(n));
  const span = await countStates(store, { since: MORNING, until: MORNING + 2 * MINUTE });
  assert.equal(
    [...(span?.values() ?? [])].reduce((sum, n) => sum + n, 0),
    5,
  );
  assert.equal(await countStates(store, { terms: ['w:password'] }), null);
});

eachStore(
  'what is looked at for a page and for a count is bounded, and the next page goes on behind it',
  async ({ store }) => {
    const at = (n: number) => MORNING + n;
    const rows = Array.from({ length: 2200 }, (_, n) => n);
    const id = (n: number) => `01K${String(n).padStart(23, '0')}`;
    for (let from = 0; from < rows.length; from += 100) {
      const part = rows.slice(from, from + 100);
      await store.db('messages').insert(
        part.map((n) => ({
          ...{ id: id(n), record_key: String(n), message_id: `m${n}`, domain: 'd', sender: 's', subject: null },
          ...{
            class: n === 0 ? 'access' : 'bulk',
            message_key: null,
            origin: 'recorded',
            policy: '{}',
            created_at: at(n),
          },
        })),
      );
      await store.db('deliveries').insert(
        part.map((n) => ({
          ...{
            id: `01D${String(n).padStart(23, '0')}`,
            message_id: id(n),
            recipient: `p${n}@x`,
            recipient_key: `p${n}@x`,
          },
          ...{ domain: 'd', class: n === 0 ? 'access' : 'bulk', state: 'failed', attempt: 1, message_at: at(n) },
          ...{ created_at: at(n), updated_at: at(n), ended_at: at(n), provider: n === 0 ? 'mailgun' : 'other' },
        })),
      );
    }
    assert.equal((await countStates(store, { state: 'failed' }))?.get('failed'), MOST_COUNTED + 1, 'so many or more');
    const filter: Filter = { state: 'failed', provider: 'mailgun' };
    const first = await filterMessages(store, { filter, limit: 50 });
    assert.deepEqual([first.found.length, first.looked], [0, 2000]);
    assert.equal(first.next, cursorOf({ at: at(200), id: id(200) }));
    const second = await filterMessages(store, { filter, limit: 50, cursor: first.next ?? '' });
    assert.deepEqual(
      [second.found.map(({ message }) => message.id), second.next, second.looked],
      [[id(0)], null, null],
    );
  },
);

eachStore('a cursor is a place, and nothing else is one', async () => {
  const place = { at: MORNING, id: '01K4ZZZZZZZZZZZZZZZZZZZZZZ' };
  assert.deepEqual(standingIn(cursorOf(place)), place);
  for (const wrong of ['', 'x', `${MORNING}.1`, "1.' or 1=1 --", cursorOf(place).toLowerCase()])
    assert.equal(standingIn(wrong), null, wrong);
});
