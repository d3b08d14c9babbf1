// Texts at and beyond the limits of the columns: both databases keep the same, and nothing is refused for its length.
import assert from 'node:assert/strict';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { SECOND } from '../../src/core/time.ts';
import { type DigestDeps, digest } from '../../src/inbox/digest.ts';
import { recordMessage } from '../../src/intake/record.ts';
import { cancelMessage } from '../../src/operate/operate.ts';
import { readEvent } from '../../src/providers/mailgun/event.ts';
import { raise } from '../../src/store/alerts.ts';
import type { Store } from '../../src/store/db/open.ts';
import { keep } from '../../src/store/inbox/inbox.ts';
import { untold } from '../../src/store/incidents.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { auditIn } from '../../src/store/notes/audit.ts';
import { setCursor } from '../../src/store/notes/cursors.ts';
import { addSuppression } from '../../src/store/projections/suppressions.ts';
import { clockAt, MORNING } from '../support/clock.ts';
import { arrival, ended, seed, telling, verdict } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const settings = settingsOf(readConfig({ ADOPT_AFTER: '1s' }, 'database'));
const BIG = '👍';
/** As long as domains can be. */
const DOMAIN = `${[63, 63, 63, 45].map((n) => 'd'.repeat(n)).join('.')}.com`;

eachStore('what an application tells is kept up to the limits, in characters of four bytes', async ({ store }) => {
  const told = telling(`${'x'.repeat(900)}`, {
    domain: DOMAIN,
    from: `${BIG.repeat(490)} <a@b.example>`,
    subject: BIG.repeat(5000),
    key: BIG.repeat(191),
    via: 'v'.repeat(250),
    to: [`${'l'.repeat(64)}@${'r'.repeat(60)}.${'r'.repeat(60)}.${'r'.repeat(60)}.com`],
  });
  const { id } = await recordMessage({ store, settings }, told, MORNING);
  const { message, views } = (await findMessage(store, id)) ?? {};
  assert.equal(message?.message_key, BIG.repeat(191));
  assert.equal(message?.domain, DOMAIN);
  assert.deepEqual([[...(message?.subject ?? '')].length, message?.subject?.slice(0, 2)], [998, BIG]);
  const [row] = await store.db('deliveries').where({ message_id: id });
  assert.equal(row.provider.length, 191);
  assert.equal(views?.[0]?.delivery.provider, row.provider);
});

eachStore('half a surrogate pair and a NUL become the same on both databases', async ({ store }) => {
  const told = telling('half', { from: 'A\ud800 <a@b.example>', subject: 'one\ud800two\0three', key: 'k' });
  const { id } = await recordMessage({ store, settings }, told, MORNING);
  const { message } = (await findMessage(store, id)) ?? {};
  assert.deepEqual([message?.sender, message?.subject], ['A\ufffd <a@b.example>', 'one\ufffdtwo three']);
  await assert.rejects(recordMessage({ store, settings }, telling('key', { key: 'k\ud800' }), MORNING), /./);
});

function digesting(store: Store) {
  const now = clockAt(MORNING + 60 * SECOND);
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const read: DigestDeps['read'] = (row) => readEvent(JSON.parse(row.body));
  return { now, deps: { store, settings, read, judge: () => verdict(), now, log } as unknown as DigestDeps };
}

const event = (over: object) => ({
  ...{ id: 'e', timestamp: MORNING / 1000, recipient: 'ann@example.net', domain: { name: 'mg.example.com' } },
  message: { headers: { 'message-id': 'm@mg.example.com' } },
  ...over,
});

eachStore('an event whose every text is as long as can be is digested', async ({ store }) => {
  const long = BIG.repeat(20_000);
  const events = [
    event({ event: 'delivered', recipient: `a@${'x'.repeat(318)}` }),
    event({ event: 'delivered', recipient: `${BIG.repeat(100)}@${'y'.repeat(60)}.example` }),
    event({
      event: 'failed',
      severity: 'permanent',
      domain: { name: 'z'.repeat(253) },
      recipient: `b@${DOMAIN.slice(0, 252)}`,
      'delivery-status': { code: 550, message: long, description: `${long}\ud800\0` },
      envelope: { 'sending-ip': long },
      message: { headers: { 'message-id': 'x'.repeat(998), from: long, subject: `${long}\ud83d` } },
    }),
  ].map((body, n) => arrival(`e${n}`, { body: JSON.stringify({ ...body, id: `e${n}` }) }));
  await keep(store, events);
  const { now, deps } = digesting(store);
  for (let n = 0; n < 6; n++, now.advance(60 * SECOND)) await digest(deps);
  const rows: { outcome: string; error: string | null }[] = await store.db('inbox').select('outcome', 'error');
  assert.deepEqual(rows, Array(3).fill({ outcome: 'done', error: null }));
});

eachStore('alerts, the audit, suppressions and cancellations keep what fits', async ({ store }) => {
  const long = BIG.repeat(30_000);
  const [view] = await seed(store, { facts: [] });
  await raise(store, { item_key: long, incident: long, kind: 'not_cured', at: MORNING, detail: long });
  assert.equal((await untold(store, 5)).size, 1);
  const entry = { who: long, what: 'test', subject: long, detail: long };
  await store.db.transaction((tx) => auditIn(tx, MORNING, entry));
  await addSuppression(store, { address: 'a@b.example', who: long, reason: long }, MORNING);
  await setCursor(store, 'terms', 'x'.repeat(200_000), MORNING);
  const request = { message: view?.messageId ?? '', who: long, reason: 'by_application' as const, said: long };
  assert.equal((await cancelMessage(store, request, MORNING)).cancelled, 1);
});

eachStore('a delivery of a domain of 253 characters is given up, and alerted', async ({ store }) => {
  const [view] = await seed(store, { domain: 'd'.repeat(253), facts: [] });
  await change(store, [view?.id ?? ''], MORNING, () => [ended(0, MORNING, 'abandoned', 'storage_gone')]);
  assert.equal((await untold(store, 5)).size, 1);
});
