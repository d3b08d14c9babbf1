import assert from 'node:assert/strict';
import type { Log } from '../../src/base/log.ts';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import type { Sighting } from '../../src/core/sighting.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { type DigestDeps, digest } from '../../src/inbox/digest.ts';
import type { Store } from '../../src/store/db/open.ts';
import { keep } from '../../src/store/inbox/inbox.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { rememberDomains } from '../../src/store/messages/domains.ts';
import type { View } from '../../src/store/rows/rows.ts';
import { clockAt, MORNING } from '../support/clock.ts';
import {
  accepted,
  arrival,
  bounce,
  claimed,
  failed,
  reported,
  seed,
  seedMany,
  sighting,
  verdict,
  viewsOf,
} from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} } as unknown as Log;

/** Rows hold a sighting as JSON, or a word that breaks the reader. */
function digesting(store: Store, env: Record<string, string> = {}, judged = verdict()) {
  const clock = clockAt(MORNING + 1000);
  const settings = settingsOf(readConfig(env, 'database'));
  const read: DigestDeps['read'] = (row) => {
    if (row.body === 'poison') throw new Error('it can not be read');
    return JSON.parse(row.body);
  };
  return { clock, deps: { store, settings, read, judge: () => judged, now: clock, log: quiet } };
}

const outcomes = async (store: Store) => {
  const rows: { replay_key: string; outcome: string; tries: number; pending: number }[] = await store
    .db('inbox')
    .orderBy('replay_key');
  return rows.map((r) => `${r.replay_key} ${r.outcome} ${r.pending}`);
};

eachStore(
  'a batch about many messages is filed whole, with what is told of one message more than once',
  async ({ store }) => {
    const { deps } = digesting(store);
    const recipients = Array.from({ length: 30 }, (_, i) => `person${i}@inbox.example`);
    const views = [
      ...(await seed(store, { messageId: 'list@mg.example.com', recipients })),
      ...(await seedMany(store, 40)),
    ];
    const told = views.flatMap((view, n) =>
      (['opened', 'delivered'] as const).map((report) => {
        const { recipient, rfcMessageId: messageId, domain } = view;
        return arrival(`${n} ${report}`, { body: JSON.stringify(sighting({ report, recipient, messageId, domain })) });
      }),
    );
    await keep(store, told);
    assert.equal(await digest(deps), told.length);
    const rows = await store.db('inbox').where({ pending: 1 }).orWhereNot({ outcome: 'done' });
    assert.deepEqual(rows, []);
    assert.deepEqual(await store.db('deliveries').distinct('state'), [{ state: 'delivered' }]);
  },
);

eachStore('a poisonous event is set aside after three tries and holds up nobody', async ({ store }) => {
  const { clock, deps } = digesting(store);
  const [view] = await seed(store);
  assert.ok(view);
  const good = sighting({
    report: 'delivered',
    recipient: view.recipient,
    messageId: view.rfcMessageId,
    domain: view.domain,
  });
  await keep(store, [arrival('bad', { body: 'poison' }), arrival('good', { body: JSON.stringify(good) })]);
  await digest(deps);
  assert.deepEqual(await outcomes(store), ['bad retry 1', 'good done 0']);
  for (let n = 0; n < 3; n++) {
    clock.advance(HOUR);
    await digest(deps);
  }
  const [row] = await store.db('inbox').where({ replay_key: 'bad' });
  assert.equal(row.outcome, 'set_aside');
  assert.equal(row.tries, 3);
  assert.match(row.error, /it can not be read/);
  assert.equal((await viewsOf(store, view.messageId))[0]?.delivery.state, 'delivered');
});

/** Webhooks that tell of the failure of these. */
const failuresOf = (views: readonly View[]) =>
  views.map(({ recipient, rfcMessageId: messageId, domain }, n) => {
    const told = sighting({ report: 'failed', recipient, messageId, domain, bounce: bounce() });
    return arrival(`failure ${n}`, { body: JSON.stringify(told) });
  });

eachStore('an event of which nobody can say whether to doubt it holds up nobody', async ({ store }) => {
  const { clock, deps } = digesting(store);
  const views = await seedMany(store, 2);
  await keep(store, failuresOf(views));
  const [, bad] = views;
  const judge: DigestDeps['judge'] = (_, { messageId }) => {
    if (messageId === bad?.rfcMessageId) throw new Error('it can not be judged');
    return verdict();
  };
  for (let n = 0; n < 4; n++) {
    await digest({ ...deps, judge, isOpenToForgery: () => true });
    clock.advance(HOUR);
  }
  assert.deepEqual(await outcomes(store), ['failure 0 done 0', 'failure 1 set_aside 0']);
});

eachStore('a digest that the database stops is over when it says so', async ({ store }) => {
  const { deps } = digesting(store);
  const views = await seedMany(store, 20);
  await keep(store, failuresOf(views));
  const [first] = views;
  const judge: DigestDeps['judge'] = (_, { messageId }) => {
    if (messageId === first?.rfcMessageId) throw Object.assign(new Error('full'), { code: DISK_FULL[store.kind] });
    return verdict();
  };
  await assert.rejects(digest({ ...deps, judge }), /full/);
  const filed = async () => (await store.db('facts').where({ kind: 'reported' })).length;
  const then = await filed();
  assert.equal(then, store.kind === 'sqlite' ? 0 : 10);
  await new Promise(setImmediate);
  assert.equal(await filed(), then);
});

const DISK_FULL = { sqlite: 'SQLITE_FULL', mysql: 'ER_DISK_FULL' } as const;

eachStore('an event for a recipient that we did not record changes nothing and is never adopted', async ({ store }) => {
  const { clock, deps } = digesting(store, { ADOPT_UNKNOWN: 'retry' });
  const [view] = await seed(store);
  assert.ok(view);
  const event = sighting({
    report: 'failed',
    recipient: 'eve@evil.test',
    messageId: view.rfcMessageId,
    domain: view.domain,
  });
  await keep(store, [arrival('foreign', { body: JSON.stringify(event) })]);
  for (let n = 0; n < 12; n++) {
    await digest(deps);
    clock.advance(MINUTE / 4);
  }
  assert.deepEqual(await outcomes(store), ['foreign set_aside 0']);
  assert.equal((await store.db('deliveries')).length, 1);
});

eachStore('an event that comes before the record waits for it', async ({ store }) => {
  const { clock, deps } = digesting(store);
  const event = sighting({ report: 'delivered', at: MORNING + 1000, messageId: 'early@mg.example.com' });
  await keep(store, [arrival('early', { body: JSON.stringify(event) })]);
  assert.equal(await digest(deps), 0);
  assert.deepEqual(await outcomes(store), ['early waiting 1']);
  const views = await seed(store, {
    messageId: event.messageId ?? '',
    domain: event.domain ?? '',
    recipients: [event.recipient ?? ''],
  });
  clock.advance(MINUTE / 4);
  await digest(deps);
  assert.deepEqual(await outcomes(store), ['early done 0']);
  assert.equal((await viewsOf(store, views[0]?.messageId ?? ''))[0]?.delivery.state, 'delivered');
});

for (const [adopt, outcome, deliveries] of [
  ['off', 'unmatched 0', 0],
  ['track', 'done 0', 1],
] as const) {
  eachStore(
    `ADOPT_UNKNOWN=${adopt}: an event that nothing matches ends as ${outcome.split(' ')[0]}`,
    async ({ store }) => {
      const { clock, deps } = digesting(store, { ADOPT_UNKNOWN: adopt });
      await keep(store, [
        arrival('lone', { body: JSON.stringify(sighting({ report: 'delivered', messageId: 'lone@mg.example.com' })) }),
      ]);
      for (let n = 0; n < 12; n++) {
        await digest(deps);
        clock.advance(MINUTE / 4);
      }
      assert.deepEqual(await outcomes(store), [`lone ${outcome}`]);
      assert.equal((await store.db('deliveries')).length, deliveries);
    },
  );
}

eachStore('digesting the same event twice comes to the same', async ({ store }) => {
  const { deps } = digesting(store);
  const [view] = await seed(store);
  assert.ok(view);
  const event = JSON.stringify(
    sighting({ report: 'delivered', recipient: view.recipient, messageId: view.rfcMessageId, domain: view.domain }),
  );
  await keep(store, [arrival('one', { body: event }), arrival('two', { body: event })]);
  await digest(deps);
  const facts = (await viewsOf(store, view.messageId))[0]?.facts.filter((f) => f.kind === 'reported') ?? [];
  assert.equal(facts.length, 1);
});

eachStore('a hundred messages that nobody knows are adopted in as few statements as ten', async ({ store }) => {
  const { clock, deps } = digesting(store, { ADOPT_UNKNOWN: 'retry' });
  const statements = async (from: number, count: number) => {
    const events = Array.from({ length: count }, (_, i) => {
      const messageId = `lone-${from + i}@mg.example.com`;
      const recipient = `r${from + i}@there.example`;
      return sighting({ report: 'delivered', messageId, recipient, eventKey: `e${from + i}` });
    });
    await keep(
      store,
      events.map((event, i) =>
        arrival(`lone-${from + i}`, { body: JSON.stringify(event), receivedAt: clock() - 2 * HOUR }),
      ),
    );
    let asked = 0;
    const count1 = () => asked++;
    store.db.on('query', count1);
    while ((await digest(deps)) > 0) clock.advance(1);
    clock.advance(1);
    await digest(deps);
    store.db.off('query', count1);
    return asked;
  };
  const ten = await statements(0, 10);
  const hundred = await statements(10, 100);
  assert.equal((await store.db('messages')).length, 110);
  const states = new Set((await store.db('deliveries').select('state')).map((d) => d.state));
  assert.deepEqual([...states], ['delivered']);
  assert.ok(hundred < 2 * ten, `${ten} and ${hundred} statements`);
});

eachStore('after a full batch of events that have to wait the next is read at once', async ({ store }) => {
  const { deps } = digesting(store);
  const unknown = sighting({ report: 'delivered', messageId: 'later@mg.example.com' });
  const arrivals = [1, 2, 3].map((n) => {
    const body = JSON.stringify({ ...unknown, eventKey: `e${n}` });
    return arrival(`e${n}`, { body, receivedAt: deps.now() });
  });
  await keep(store, arrivals);
  assert.deepEqual([await digest(deps, 2), await digest(deps, 2)], [2, 0]);
});

/** Files what a provider tells of a message, and does the work that it makes. */
async function tell(
  store: Store,
  env: Record<string, string>,
  events: readonly Partial<Sighting>[],
  judged = verdict(),
) {
  const { clock, deps } = digesting(store, env, judged);
  await keep(
    store,
    events.map((over, n) => {
      const body = JSON.stringify(
        sighting({ eventKey: `e${n}`, at: clock(), messageId: 'm1@mg.example.com', ...over }),
      );
      return arrival(`e${n}`, { body, receivedAt: clock() });
    }),
  );
  for (let n = 0; n < 12; n++) {
    await digest(deps);
    clock.advance(MINUTE / 4);
  }
}

eachStore('what Mailgun refuses to process ends every delivery of which nothing more is known', async ({ store }) => {
  const [arrived] = await seed(store, { recipients: ['ann@example.net', 'bob@example.net', 'cy@example.net'] });
  assert.ok(arrived);
  await tell(store, {}, [
    { recipient: 'ann@example.net' },
    {
      report: 'rejected',
      recipient: null,
      bounce: bounce({ message: 'Sandbox subdomains are for test purposes only' }),
    },
  ]);
  const views = await viewsOf(store, arrived.messageId);
  assert.deepEqual(Object.fromEntries(views.map((v) => [v.recipient, v.delivery.attempts[0]?.outcome])), {
    'ann@example.net': 'arrived',
    'bob@example.net': 'failed',
    'cy@example.net': 'failed',
  });
});

eachStore(
  'events of its members show that a list was sent on, and nobody is sent it again for one',
  async ({ store }) => {
    const list = 'devs@mg.example.com';
    const [view] = await seed(store, { recipients: [list] });
    assert.ok(view);
    const failures = Array.from({ length: 30 }, (_, n) => ({
      report: 'failed' as const,
      recipient: `gone${n}@there.example`,
    }));
    await tell(
      store,
      {},
      [...failures, { recipient: 'ann@there.example' }].map((event) => ({ list, bounce: bounce(), ...event })),
    );
    const [told] = await viewsOf(store, view.messageId);
    assert.deepEqual([told?.delivery.state, told?.delivery.attempt], ['delivered', 1]);
    const notes = told?.facts.filter((f) => f.kind === 'noted') ?? [];
    assert.equal(notes.length, 20);
    assert.match(String(notes[0]?.kind === 'noted' && notes[0].what), /^A member of the list did not get it: 5/);
    assert.equal((await store.db('deliveries')).length, 1);
    assert.equal((await store.db('suppressions')).length, 0);
  },
);

eachStore('mail that came in is not taken for mail that was sent', async ({ store }) => {
  await tell(store, { ADOPT_UNKNOWN: 'retry' }, [{ report: 'accepted', inbound: true }]);
  assert.deepEqual(await outcomes(store), ['e0 unmatched 0']);
  assert.equal((await store.db('messages')).length, 0);
});

eachStore("a provider's clock that is ahead does not put off the next look", async ({ store }) => {
  const [view] = await seed(store);
  assert.ok(view);
  await tell(store, {}, [{ report: 'deferred', at: Date.UTC(2100, 0) }]);
  const [told] = await viewsOf(store, view.messageId);
  assert.equal(told?.delivery.state, 'deferred');
  assert.ok((told?.delivery.nextAt ?? 0) < MORNING + 9 * HOUR);
});

eachStore(
  'a failed lookup of a domain that takes mail is trouble, and one of any other gives the address up',
  async ({ store }) => {
    const recipients = ['ann@gmail.com', 'bob@shop.example', 'cy@gmial.example', 'dora@mx.example'];
    const [known] = await seed(store, { messageId: 'before', recipients: ['eve@shop.example'] });
    const [view] = await seed(store, { recipients });
    assert.ok(known && view);
    await change(store, [known.id], MORNING, () => [reported('delivered', MORNING)]);
    const noMx = { report: 'failed' as const, bounce: bounce({ code: 498, message: 'No MX' }) };
    await tell(
      store,
      {},
      recipients.map((recipient) => ({
        ...noMx,
        ...{ recipient, recipientProvider: recipient.endsWith('mx.example') ? 'Outlook 365' : 'Other' },
      })),
      verdict('bad_domain', 'give_up_suppress'),
    );
    const views = await viewsOf(store, view.messageId);
    const causes = views.map((v) => [v.recipient, v.delivery.attempts[0]?.failure?.verdict?.cause]).sort();
    assert.deepEqual(causes, [
      ['ann@gmail.com', 'network'],
      ['bob@shop.example', 'network'],
      ['cy@gmial.example', 'bad_domain'],
      ['dora@mx.example', 'network'],
    ]);
    assert.deepEqual(await store.db('suppressions').pluck('address_key'), ['cy@gmial.example']);
  },
);

for (const report of ['failed', 'delivered', 'complained'] as const)
  eachStore(
    `"${report}" without a recipient is about the one that the message has, and about nobody where it has two`,
    async ({ store }) => {
      const [one] = await seed(store, { messageId: 'one', recipients: ['ann@example.net'] });
      const [two] = await seed(store, { messageId: 'two', recipients: ['bob@example.net', 'cy@example.net'] });
      assert.ok(one && two);
      const told = { report, recipient: null, bounce: report === 'failed' ? bounce() : null };
      await tell(store, {}, [
        { ...told, messageId: 'one' },
        { ...told, messageId: 'two' },
      ]);
      const [view] = await viewsOf(store, one.messageId);
      assert.equal(view?.delivery.attempts[0]?.outcome, report === 'failed' ? 'failed' : 'arrived');
      const others = await viewsOf(store, two.messageId);
      assert.deepEqual(
        others.map((v) => v.delivery.state),
        ['accepted', 'accepted'],
      );
    },
  );

eachStore('an event is settled only after it was noticed that Mailgun ignored a delivery time', async ({ store }) => {
  const { clock, deps } = digesting(store);
  const [view] = await seed(store);
  assert.ok(view);
  await rememberDomains(store, [view.domain]);
  const again = claimed(2, MORNING + 2000, { since: MORNING + 1000, deliverAt: MORNING + HOUR });
  await change(store, [view.id], MORNING + 2000, () => [
    failed(MORNING + 1000, 'retry', { messageId: view.rfcMessageId }),
    again,
    accepted(2, MORNING + 2000, 'again@mg.example.com'),
  ]);
  clock.advance(MINUTE);
  const { recipient, domain } = view;
  const event = { recipient, domain, at: MORNING + 3000, messageId: 'again@mg.example.com', homingId: view.messageId };
  const body = JSON.stringify(sighting({ report: 'delivered', ...event }));
  await keep(store, [arrival('early', { body })]);

  await store.db.schema.renameTable('domains', 'domains_away');
  await assert.rejects(digest(deps), /domains/);
  await store.db.schema.renameTable('domains_away', 'domains');
  clock.advance(HOUR);
  await digest(deps);
  assert.deepEqual(await store.db('domains').where({ domain }).pluck('schedule'), ['local']);
  assert.deepEqual(await outcomes(store), ['early done 0']);
});
