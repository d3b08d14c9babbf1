import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifiedWebhook } from '../../src/client/verify-webhook.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { claimPosts } from '../../src/store/event-posts.ts';
import { lastTries } from '../../src/store/events.ts';
import { enable, endpoints } from '../../src/store/notes/endpoints.ts';
import { clockAt, MORNING } from '../support/clock.ts';
import { type Script, say, startScript } from '../support/http-script.ts';
import { eachStore, onMariaDb } from '../support/stores.ts';
import { daemonOf, listening, turnsOf } from '../support/tellers.ts';
import { hear, idsIn, mail, posterTo, SECRET, typesIn } from './support.ts';

const OK = say(200, 'ok');

/** What it answers to each request in turn, and from then on to all others. */
const inTurn =
  (...scripts: Script[]): Script =>
  (response, seen, count) =>
    (scripts[Math.min(count, scripts.length) - 1] ?? OK)(response, seen, count);

const alertsIn = async (store: { db: (table: string) => PromiseLike<{ kind: string; detail: string | null }[]> }) =>
  (await store.db('alert_items')).filter(({ kind }) => kind === 'events_webhook_failing').map(({ detail }) => detail);

eachStore('an endpoint is told of each change once, signed, in the order of the delivery', async ({ t, store }) => {
  const server = await startScript(t, OK);
  const { clock, all } = posterTo(t, store, [`${server.url}/hook?key=x`]);
  assert.equal(await all(), 0);
  const ann = await mail(store, 'ann', MORNING);
  await hear(store, ann, 'delivered', MORNING + SECOND);
  await hear(store, ann, 'opened', MORNING + 2 * SECOND);
  await hear(store, ann, 'complained', MORNING + 3 * SECOND);
  clock.advance(4 * SECOND);
  assert.equal(await all(), 3);
  assert.equal(await all(), 0);
  assert.deepEqual(typesIn(server.seen), ['ann accepted', 'ann delivered', 'ann complained']);
  assert.equal(server.seen[0]?.path, '/hook?key=x');
  const { headers = {}, body = Buffer.alloc(0) } = server.seen[1] ?? {};
  const event = verifiedWebhook(headers, body, SECRET, clock());
  assert.equal(event.id, headers['webhook-id']);
  assert.equal(event.timestamp, new Date(MORNING + SECOND).toISOString());
  const { message, ...data } = event.data;
  assert.deepEqual(data, {
    ...{ delivery: ann, messageId: 'ann@mg.example.com', recipient: 'ann@example.net', class: 'notice' },
    ...{ state: 'delivered', reason: null, attempt: 1, provider: 'mailgun', key: null },
  });
  assert.equal(message.length, 26);
});

eachStore('only what is wanted is told of', async ({ t, store }) => {
  const server = await startScript(t, OK);
  const { all } = posterTo(t, store, [server.url], { kinds: ['delivered'] });
  await all();
  await hear(store, await mail(store, 'ann', MORNING), 'delivered', MORNING);
  assert.equal(await all(), 1);
  assert.deepEqual(typesIn(server.seen), ['ann delivered']);
  assert.equal((await store.db('events')).length, 1);
});

eachStore(
  'without an endpoint a change of a delivery writes nothing, and asks for one every few seconds',
  async (g) => {
    const { store } = g;
    await mail(store, 'ann', MORNING);
    const statements: string[] = [];
    store.db.on('query', ({ sql }: { sql: string }) => void (sql.includes('event') && statements.push(sql)));
    await hear(store, await mail(store, 'ben', MORNING), 'delivered', MORNING + SECOND);
    assert.deepEqual(statements, []);
    await hear(store, await mail(store, 'cid', MORNING + 9 * SECOND), 'delivered', MORNING + 9 * SECOND);
    assert.equal(statements.length, 1);
    assert.equal((await store.db('events')).length, 0);
  },
);

eachStore('what fails is tried again with the same id, and only its own delivery waits for it', async (g) => {
  const { t, store } = g;
  const fails: Script = (response, seen, count) =>
    (typesIn([seen])[0] === 'ann accepted' && count < 3 ? say(500, { message: 'oops' }) : OK)(response, seen, count);
  const server = await startScript(t, fails);
  const { clock, all, targets } = posterTo(t, store, [server.url]);
  await all();
  const ann = await mail(store, 'ann', MORNING);
  await all();
  await hear(store, ann, 'delivered', clock());
  await hear(store, await mail(store, 'ben', clock()), 'delivered', clock());
  await all();
  assert.deepEqual(typesIn(server.seen), ['ann accepted', 'ben accepted', 'ben delivered']);
  const [tried] = (await lastTries(store, targets[0]?.id ?? '', 10)).filter((one) => one.state === 'waits');
  assert.deepEqual([tried?.tries, tried?.status, tried?.detail], [1, 500, 'oops']);
  clock.advance(6 * SECOND);
  await all();
  assert.deepEqual(typesIn(server.seen).slice(3), ['ann accepted', 'ann delivered']);
  const [first, , , again] = idsIn(server.seen);
  assert.equal(first, again);
});

eachStore('waits between tries grow, and after three days an event is given up and the next one goes on', async (g) => {
  const { t, store } = g;
  const fails: Script = (response, seen, count) =>
    (typesIn([seen])[0] === 'ann accepted' ? say(500, 'no') : OK)(response, seen, count);
  const server = await startScript(t, fails);
  const { clock, all, targets } = posterTo(t, store, [server.url]);
  await all();
  const ann = await mail(store, 'ann', MORNING);
  await hear(store, ann, 'delivered', MORNING);
  // Others succeed meanwhile, so the endpoint is well.
  for (let day = 0; clock() < MORNING + 4 * DAY; day++) {
    if (day % 12 === 0) await mail(store, `other-${day}`, clock());
    await all();
    clock.advance(HOUR / 2);
  }
  const types = typesIn(server.seen).filter((type) => type.startsWith('ann'));
  assert.equal(types.at(-1), 'ann delivered');
  assert.ok(types.length > 15 && types.length < 40, String(types.length));
  const tries = await lastTries(store, targets[0]?.id ?? '', 100);
  assert.equal(tries.find((one) => one.state === 'given_up')?.event.kind, 'accepted');
  assert.equal((await endpoints(store))[0]?.disabledAt, null);
});

eachStore('an endpoint that hangs does not hold up another', async ({ t, store }) => {
  const hanging = await startScript(t, () => {});
  const server = await startScript(t, OK);
  const { poster, stop, targets } = posterTo(t, store, [hanging.url, server.url], { patience: MINUTE });
  await poster.run();
  for (let n = 0; n < 12; n++) await mail(store, `m${n}`, MORNING);
  while (server.seen.length < 12) {
    await poster.run();
    await new Promise(setImmediate);
  }
  while (hanging.seen.length < 8) await new Promise(setImmediate);
  await poster.run();
  // No more than eight are under way at once.
  assert.equal(hanging.seen.length, 8);
  stop();
  await poster.idle();
  const open: { lease: string | null; tries: number }[] = await store
    .db('event_posts')
    .where({ endpoint: targets[0]?.id })
    .whereNotNull('due_at');
  assert.deepEqual([open.length, open.filter(({ lease, tries }) => lease !== null || tries > 0).length], [12, 0]);
});

eachStore('one that is too slow, or closes half way, gets the event again; a slow one has taken it', async (g) => {
  const { t, store } = g;
  const halfWay: Script = (response) => {
    response.writeHead(200, { 'content-length': '100' }).write('half', () => setTimeout(() => response.destroy(), 20));
  };
  const closes: Script = (response) => void response.destroy();
  const slowly: Script = (response, seen, count) => setTimeout(() => OK(response, seen, count), 50);
  const server = await startScript(
    t,
    inTurn(halfWay, closes, () => {}, slowly),
  );
  const { clock, all, targets } = posterTo(t, store, [server.url], { patience: 400 });
  await all();
  await mail(store, 'ann', MORNING);
  const details: (string | null | undefined)[] = [];
  for (let n = 0; n < 4; n++) {
    await all();
    details.push((await lastTries(store, targets[0]?.id ?? '', 1))[0]?.detail);
    clock.advance(HOUR);
  }
  assert.equal(await all(), 0);
  assert.equal(new Set(idsIn(server.seen)).size, 1);
  assert.equal(server.seen.length, 4);
  assert.equal(details[0], 'the answer broke off');
  assert.match(details[1] ?? '', /no answer: /);
  assert.equal(details[2], 'no answer: the time for it was over');
  assert.equal(details[3], null);
});

eachStore('an endpoint that asks for it is left alone as a whole', async ({ t, store }) => {
  const busy = say(429, 'slow down', { 'retry-after': '7200' });
  const server = await startScript(t, inTurn(busy, OK));
  const { clock, all } = posterTo(t, store, [server.url]);
  await all();
  await mail(store, 'ann', MORNING);
  await all();
  await mail(store, 'ben', MORNING);
  clock.advance(2 * HOUR - SECOND);
  assert.equal(await all(), 0);
  clock.advance(13 * MINUTE);
  assert.equal(await all(), 2);
  assert.deepEqual(typesIn(server.seen).sort(), ['ann accepted', 'ann accepted', 'ben accepted']);
});

eachStore('one that is gone for good is disabled, and told what it missed when it is enabled', async (g) => {
  const { t, store } = g;
  const server = await startScript(t, inTurn(say(410, 'gone'), OK));
  const { clock, all, targets } = posterTo(t, store, [server.url]);
  await all();
  await mail(store, 'ann', MORNING);
  await all();
  await mail(store, 'ben', MORNING);
  clock.advance(5 * DAY);
  assert.equal(await all(), 0);
  const [endpoint] = await endpoints(store);
  assert.equal(endpoint?.disabledWhy, 'it answered 410, so it is gone for good');
  assert.match(String(await alertsIn(store)), /is disabled: it answered 410/);
  await enable(store, targets[0]?.id ?? '', clock());
  assert.equal(await all(), 2);
});

eachStore('one that is gone for good is disabled before another daemon may post to it again', async ({ t, store }) => {
  const server = await startScript(t, say(410, 'gone'));
  const { all } = posterTo(t, store, [server.url]);
  await all();
  await mail(store, 'ann', MORNING);
  const written: string[] = [];
  const heard = /^update .(event_posts|event_endpoints).*(?:`lease` = |`disabled_at` = )/;
  store.db.on('query', ({ sql }: { sql: string }) => written.push(...(heard.exec(sql)?.slice(1) ?? [])));
  await all();
  assert.deepEqual(written, ['event_posts', 'event_endpoints', 'event_posts'], 'claimed, disabled, given back');
});

onMariaDb(
  'what waits behind an event is not put off when that is over in the same moment',
  async ({ t, store, open }) => {
    const other = open();
    const server = await startScript(t, OK);
    const { clock, all, targets } = posterTo(t, store, [server.url]);
    await all();
    const ann = await mail(store, 'ann', MORNING);
    await hear(store, ann, 'delivered', MORNING);
    const [id = ''] = targets.map((one) => one.id);
    const [first, second] = (await store.db('event_posts').orderBy('number').pluck('number')) as number[];
    await claimPosts(store, id, 1, { now: clock(), lease: MINUTE });
    const postOf = (db: typeof store.db, number = 0) => db('event_posts').where({ delivery_id: ann, number });
    await postOf(store.db, second).update({ due_at: clock() });
    const settling = await store.db.transaction();
    await postOf(settling, first).update({ due_at: null, lease: null });
    await postOf(settling, second).update({ due_at: clock() });
    const claimed = claimPosts(other, id, 8, { now: clock(), lease: MINUTE });
    const waiting = `select count(*) as n from information_schema.innodb_trx where trx_state = 'LOCK WAIT'`;
    let isOver = false;
    void claimed.finally(() => {
      isOver = true;
    });
    // The server looks anew only when nobody has asked for a tenth of a second.
    while (!isOver && Number((await store.db.raw(waiting))[0][0].n) === 0) await sleep(200);
    await settling.commit();
    assert.deepEqual(await claimed, []);
    assert.equal(await all(), 1, 'it goes on at once');
    assert.deepEqual(typesIn(server.seen), ['ann delivered']);
  },
);

eachStore('an endpoint that fails for all is asked now and then, told of, and disabled after three days', async (g) => {
  const { t, store } = g;
  const server = await startScript(t, say(503, 'down'));
  const { clock, all, targets } = posterTo(t, store, [server.url]);
  await all();
  for (let n = 0; n < 20; n++) await mail(store, `m${n}`, MORNING);
  let told: string[] = [];
  while (clock() < MORNING + 4 * DAY) {
    await all();
    if (clock() < MORNING + 2 * HOUR) told = (await alertsIn(store)).map(String);
    clock.advance(10 * MINUTE);
  }
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /Endpoint 1 .*has taken nothing; at last it answered 503: down\. It is disabled when/);
  assert.equal((await alertsIn(store)).length, 2);
  assert.notEqual((await endpoints(store))[0]?.disabledAt, null);
  // Far fewer than twenty events would be tried by themselves.
  assert.ok(server.seen.length < 500, String(server.seen.length));
  const open = await store.db('event_posts').whereNotNull('due_at');
  assert.equal(open.length, 20);
  await enable(store, targets[0]?.id ?? '', clock());
  assert.ok((await all()) > 0);
});

eachStore('a URL that changes is another endpoint, and one that comes back starts anew', async ({ t, store }) => {
  const server = await startScript(t, say(410, 'gone'));
  const first = posterTo(t, store, [`${server.url}/a`]);
  await first.all();
  await mail(store, 'ann', MORNING);
  await first.all();
  await posterTo(t, store, [`${server.url}/b`]).all();
  assert.deepEqual(
    (await endpoints(store)).map(({ disabledAt }) => disabledAt),
    [null],
  );
  const again = posterTo(t, store, [`${server.url}/a`]);
  await again.poster.run();
  assert.deepEqual(
    (await endpoints(store)).map(({ id, disabledAt }) => [id, disabledAt]),
    [[first.targets[0]?.id, null]],
  );
  await posterTo(t, store, []).all();
  assert.deepEqual(await endpoints(store), []);
});

eachStore('two daemons post each event once', async ({ t, store, open }) => {
  const server = await startScript(t, OK);
  const clock = clockAt();
  const [one, two] = [store, open()].map((own) => posterTo(t, own, [server.url], { clock }));
  assert.ok(one && two);
  await Promise.all([one.all(), two.all()]);
  for (let n = 0; n < 15; n++) await hear(store, await mail(store, `m${n}`, MORNING), 'delivered', MORNING);
  const posted = await Promise.all([one.all(), two.all()]);
  posted.push(await one.all(), await two.all());
  assert.equal(server.seen.length, 30);
  assert.equal(new Set(idsIn(server.seen)).size, 30);
  for (let n = 0; n < 15; n++)
    assert.deepEqual(
      typesIn(server.seen).filter((type) => type.startsWith(`m${n} `)),
      [`m${n} accepted`, `m${n} delivered`],
    );
});

test('a redirect is not followed', async (t) => {
  const other = await startScript(t, OK);
  const server = await startScript(t, say(307, '', { location: `${other.url}/metadata` }));
  const { targets } = posterTo(t, null as never, [server.url]);
  const answer = await targets[0]?.post({ id: 'evt_1', body: '{}', topic: 'x', now: MORNING });
  assert.deepEqual(answer, {
    ...{ isTaken: false, status: 307, detail: 'a redirect, which is not followed', retryAfter: null },
  });
  assert.deepEqual([server.seen.length, other.seen.length], [1, 0]);
});

eachStore('an endpoint that fails is told of again until it takes events', async ({ t, store }) => {
  let script = say(500, 'no');
  const server = await startScript(t, (...asked) => script(...asked));
  const { clock, all } = posterTo(t, store, [server.url]);
  await all();
  await mail(store, 'ann', clock());
  const to = listening();
  const teller = daemonOf({ store, clock, to });
  const until = async (end: number) => {
    for (; clock() < end; clock.advance(20 * MINUTE)) {
      await all();
      await teller.look();
    }
  };
  await until(MORNING + 8 * HOUR);
  assert.deepEqual(new Set(turnsOf(to.heard)), new Set(['mail opened', 'mail repeated']));
  await until(MORNING + 4 * DAY);
  const [endpoint] = await endpoints(store);
  assert.ok(endpoint && endpoint.disabledAt !== null);
  assert.ok(!turnsOf(to.heard).includes('mail ended'), 'while it is disabled');
  await enable(store, endpoint.id, clock());
  script = OK;
  await until(clock() + HOUR);
  assert.equal(turnsOf(to.heard).at(-1), 'mail ended');
});
