import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { brokerWords, connectToBroker } from '../../src/base/broker.ts';
import { stopwatch } from '../../src/base/wait.ts';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { SECOND } from '../../src/core/time.ts';
import { exchangeOf } from '../../src/events/exchange.ts';
import { type FromBrokerDeps, type Outcome, takeFromBroker } from '../../src/intake/from-broker.ts';
import { refusedQueue } from '../../src/intake/refused-queue.ts';
import { createTakeIn, type TakeIn } from '../../src/intake/take-in.ts';
import { LOGIN, type RabbitMq } from '../../src/lab/servers/rabbitmq.ts';
import { takesWrites } from '../../src/store/db/health.ts';
import { openStore, type Store } from '../../src/store/db/open.ts';
import { QUIET } from '../events/support.ts';
import { channelTo, eventually, lengthOf, next, publish, withBroker } from '../support/broker.ts';
import { clockAt } from '../support/clock.ts';
import { startProxy } from '../support/proxy.ts';
import { testStore } from '../support/stores.ts';

const DOMAIN = 'mg.example.com';
const MAIL = { domain: DOMAIN, from: `shop@${DOMAIN}`, to: 'ann@example.org', subject: 'Hello', text: 'Hi' };
const settings = settingsOf(readConfig({}, 'database'));

let queues = 0;
const newQueue = (): string => `test.${++queues}`;

type How = Partial<Pick<FromBrokerDeps, 'prefetch' | 'patience' | 'room' | 'away'>> & {
  queue: string;
  around?(usual: TakeIn): TakeIn;
};

/** Takes mail from a queue as a daemon does, until the test ends. */
function take(
  t: TestContext,
  store: Store,
  { url }: RabbitMq,
  { queue, prefetch = 4, around = (usual) => usual, ...how }: How,
) {
  const stopping = new AbortController();
  const outcomes: Outcome[] = [];
  const warnings: string[] = [];
  const errors: string[] = [];
  let sessions = 0;
  const usual = createTakeIn({ store, settings, encryptionKey: 'ab'.repeat(32), domains: [DOMAIN] });
  const running = takeFromBroker({
    ...how,
    isReady: () => takesWrites(store),
    ...{ url, queue, prefetch, takeIn: around(usual), onQueued() {}, now: clockAt(), signal: stopping.signal },
    onOutcome: (outcome) => outcomes.push(outcome),
    log: {
      ...QUIET,
      info: () => void sessions++,
      warn(about: object | string, said?: string) {
        warnings.push(String(said));
        if (typeof about === 'object' && 'error' in about) errors.push(String(about.error));
      },
    },
  });
  const stop = async () => {
    stopping.abort();
    await running;
  };
  t.after(stop);
  return { outcomes, warnings, errors, begun: () => sessions, stop };
}

const queued = async ({ db }: Store): Promise<string[]> => {
  const rows: { recipient: string }[] = await db('deliveries').orderBy('recipient').select('recipient');
  return rows.map(({ recipient }) => recipient);
};

const isThere = (t: TestContext, broker: RabbitMq, queue: string) =>
  eventually(async () => {
    const channel = await channelTo(t, broker);
    return channel.checkQueue(queue).then(
      () => true,
      () => false,
    );
  });

withBroker('mail in a queue is taken once by its message id, as JSON and as a form', async (t, broker) => {
  const { store } = await testStore(t, 'sqlite');
  const queue = newQueue();
  const { outcomes, stop } = take(t, store, broker, { queue });
  await isThere(t, broker, queue);
  const channel = await channelTo(t, broker);
  const contentType = 'application/x-www-form-urlencoded';
  const form = Buffer.from(new URLSearchParams({ ...MAIL, to: 'bee@example.org' }).toString());
  await publish(channel, queue, MAIL, { messageId: 'one' });
  await publish(channel, queue, form, { contentType, headers: { domain: DOMAIN, 'Idempotency-Key': 'two' } });
  await publish(channel, queue, MAIL, { messageId: 'one' });
  await eventually(() => outcomes.length === 3);
  assert.deepEqual([...outcomes].sort(), ['repeated', 'taken', 'taken']);
  assert.deepEqual(await queued(store), ['ann@example.org', 'bee@example.org']);
  await stop();
  assert.equal(await lengthOf(channel, queue), 0);
});

withBroker('what is refused lies in a queue of its own with the reason, and stops no other', async (t, broker) => {
  const { store } = await testStore(t, 'sqlite');
  const queue = newQueue();
  const { outcomes } = take(t, store, broker, { queue, prefetch: 1 });
  await isThere(t, broker, queue);
  const channel = await channelTo(t, broker);
  const refused: [
    body: unknown,
    options: { messageId?: string; contentEncoding?: string },
    code: string,
    reason: RegExp,
  ][] = [
    [Buffer.from('{"from": '), { messageId: 'a' }, 'invalid', /not valid JSON/],
    [MAIL, {}, 'invalid', /message_id is missing/],
    [{ ...MAIL, domain: 'other.example' }, { messageId: 'b' }, 'not_found', /Domain not found: other.example/],
    [{ ...MAIL, to: [] }, { messageId: 'c' }, 'invalid', /to parameter is missing/],
    [{ ...MAIL, 'v:homing-class': 'none\r\nX: y' }, { messageId: 'd' }, 'invalid', /'v:homing-class' must be one of/],
    [{ ...MAIL, text: 'Other' }, { messageId: 'good' }, 'mismatch', /was used for another message/],
    [MAIL, { messageId: 'e', contentEncoding: 'gzip' }, 'unsupported', /content_encoding/],
  ];
  await publish(channel, queue, MAIL, { messageId: 'good' });
  for (const [body, options] of refused)
    await publish(channel, queue, body, { ...options, headers: { own: 'kept', CC: [queue] }, expiration: 60_000 });
  await eventually(() => outcomes.filter((one) => one === 'refused').length === refused.length);
  for (const [body, { messageId }, code, reason] of refused) {
    const { content, properties } = await next(channel, refusedQueue(queue));
    assert.equal(String(content), Buffer.isBuffer(body) ? String(body) : JSON.stringify(body));
    const { 'homing-reason': why, 'homing-code': as, own, CC } = properties.headers ?? {};
    assert.match(String(why), reason);
    assert.deepEqual(
      [as, own, CC, properties.messageId, properties.deliveryMode],
      [code, 'kept', undefined, messageId, 2],
    );
  }
  assert.deepEqual(await queued(store), ['ann@example.org']);
});

withBroker(
  'what is refused and has headers that can not be written again lies there without them',
  async (t, broker) => {
    const { store } = await testStore(t, 'sqlite');
    const queue = newQueue();
    const { outcomes } = take(t, store, broker, { queue });
    await isThere(t, broker, queue);
    const channel = await channelTo(t, broker);
    const bad = { ...MAIL, to: [] };
    const odd = { '!': 'timestamp', value: 2n ** 64n - 1n };
    await publish(channel, queue, bad, { messageId: 'a', headers: { odd } });
    await publish(channel, queue, MAIL, { messageId: 'good' });
    await eventually(() => outcomes.length === 2);
    assert.deepEqual([...outcomes].sort(), ['refused', 'taken']);
    const { content, properties } = await next(channel, refusedQueue(queue));
    assert.equal(String(content), JSON.stringify(bad));
    assert.match(String(properties.headers?.['homing-reason']), /to parameter is missing/);
    assert.equal(properties.headers?.['odd'], undefined);
  },
);

withBroker('the queue of what is refused is made again when it is gone', async (t, broker) => {
  const { store } = await testStore(t, 'sqlite');
  const queue = newQueue();
  const { outcomes } = take(t, store, broker, { queue });
  await isThere(t, broker, queue);
  const channel = await channelTo(t, broker);
  await channel.deleteQueue(refusedQueue(queue));
  await publish(channel, queue, { ...MAIL, to: [] }, { messageId: 'bad' });
  await eventually(() => outcomes.includes('refused'));
  assert.equal((await next(channel, refusedQueue(queue))).properties.messageId, 'bad');
});

withBroker('while the refused can not be put aside, they are held, and others go on', async (t, broker) => {
  const { store } = await testStore(t, 'sqlite');
  const queue = newQueue();
  const channel = await channelTo(t, broker);
  const full = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
  await channel.assertQueue(refusedQueue(queue), { durable: true, arguments: full });
  await publish(channel, refusedQueue(queue), 'it is full');
  const { outcomes, warnings } = take(t, store, broker, { queue });
  await isThere(t, broker, queue);
  await publish(channel, queue, { ...MAIL, to: [] }, { messageId: 'bad' });
  await eventually(() => warnings.length === 1);
  for (let n = 0; n < 3; n++) {
    await publish(channel, queue, MAIL, { messageId: `good-${n}` });
    await eventually(() => outcomes.length === n + 1);
  }
  await next(channel, refusedQueue(queue));
  await eventually(() => outcomes.includes('refused'));
  assert.deepEqual(outcomes, ['taken', 'taken', 'taken', 'refused']);
  assert.ok(!warnings.some((one) => /INTAKE_URL is away/.test(one)));
});

withBroker('a broker that is out of memory holds up what is refused, and nothing else', async (t, broker) => {
  const { store } = await testStore(t, 'sqlite');
  const queue = newQueue();
  const channel = await channelTo(t, broker);
  await channel.assertQueue(queue, { durable: true });
  await publish(channel, queue, { ...MAIL, to: [] }, { messageId: 'bad' });
  const names = ['ann', 'bee', 'cid', 'dan', 'eve', 'fay'].map((name) => `${name}@example.org`);
  for (const to of names) await publish(channel, queue, { ...MAIL, to }, { messageId: to });
  const goOn = () => broker.control('set_vm_memory_high_watermark', 'absolute', '1GB');
  t.after(goOn);
  await broker.control('set_vm_memory_high_watermark', '0');
  const { outcomes, errors } = take(t, store, broker, { queue });
  await eventually(() => outcomes.length === names.length);
  assert.deepEqual(await queued(store), names);
  await eventually(() => errors.length > 0);
  assert.match(errors.join(), /the broker takes nothing now: low on memory/);
  await goOn();
  await eventually(() => outcomes.includes('refused'));
  const again = await channelTo(t, broker);
  assert.equal((await next(again, refusedQueue(queue))).properties.messageId, 'bad');
});

withBroker('what is refused and not confirmed in time is put aside again', async (t, broker) => {
  const { store } = await testStore(t, 'sqlite');
  const queue = newQueue();
  let swallowed = 0;
  const { port, close } = await startProxy(broker.port, (client, upstream) => {
    let isOfRefused = false;
    client.on('error', () => {});
    client.on('data', (data) => {
      isOfRefused ||= data.includes('homing refused');
      if (!isOfRefused || swallowed > 2 || !data.includes('"subject"')) upstream.write(data);
      else swallowed++;
    });
    upstream.on('data', (data) => void client.write(data));
    upstream.on('close', () => client.destroy());
  });
  t.after(close);
  const url = `amqp://${LOGIN}@127.0.0.1:${port}`;
  const { outcomes, errors } = take(t, store, { ...broker, url }, { queue, patience: SECOND });
  await isThere(t, broker, queue);
  const channel = await channelTo(t, broker);
  await publish(channel, queue, { ...MAIL, to: [] }, { messageId: 'bad' });
  await eventually(() => outcomes.length > 0);
  assert.deepEqual([outcomes, swallowed], [['refused'], 3]);
  assert.match(errors[0] ?? '', /did not confirm it in time/);
  assert.equal((await next(channel, refusedQueue(queue))).properties.messageId, 'bad');
});

withBroker('a broker that is killed after our commit delivers again, and nothing is sent twice', async (t, broker) => {
  const { store } = await testStore(t, 'sqlite');
  const queue = newQueue();
  let kill: (() => Promise<void>) | null = broker.kill;
  const around =
    (usual: TakeIn): TakeIn =>
    async (call, now) => {
      const taken = await usual(call, now);
      const first = kill;
      kill = null;
      await first?.();
      return taken;
    };
  const { outcomes, warnings } = take(t, store, broker, { queue, prefetch: 1, around });
  await isThere(t, broker, queue);
  await broker.shutDown();
  await broker.restart();
  await isThere(t, broker, queue);
  warnings.length = 0;
  const channel = await channelTo(t, broker);
  // Whether it was confirmed nobody can know.
  await publish(channel, queue, MAIL, { messageId: 'one' }).catch(() => {});
  await eventually(() => outcomes.length === 1);
  await eventually(() => warnings.some((one) => /INTAKE_URL is away/.test(one)));
  await broker.restart();
  await eventually(() => outcomes.includes('repeated'));
  assert.equal(outcomes.length, 2);
  const after = await channelTo(t, broker);
  await publish(after, queue, { ...MAIL, to: 'bee@example.org' }, { messageId: 'two' });
  await eventually(() => outcomes.length === 3);
  assert.deepEqual(outcomes.slice(1), ['repeated', 'taken']);
  assert.deepEqual(await queued(store), ['ann@example.org', 'bee@example.org']);
  assert.equal(await lengthOf(after, queue), 0);
});

withBroker(
  'a session that ends before anything is taken is begun again after longer and longer pauses',
  async (t, broker) => {
    const { store } = await testStore(t, 'sqlite');
    const queue = newQueue();
    const sockets = new Set<Socket>();
    const between = createServer((socket) => {
      const there = connect(broker.port, '127.0.0.1');
      for (const one of [socket, there]) sockets.add(one.on('error', () => {}));
      socket.pipe(there).pipe(socket);
    });
    await once(between.listen(0, '127.0.0.1'), 'listening');
    t.after(() => between.close());
    const url = `amqp://${LOGIN}@127.0.0.1:${(between.address() as AddressInfo).port}`;
    const { begun } = take(t, store, { ...broker, url }, { queue });
    const spent = stopwatch();
    for (let n = 1; n <= 4; n++) {
      await eventually(() => begun() === n);
      for (const socket of sockets) socket.destroy();
    }
    await eventually(() => begun() === 5);
    const took = spent();
    assert.ok(took > (1 + 2 + 4 + 8) * (SECOND / 4), String(took));
  },
);

withBroker('while the database takes nothing, nothing is acknowledged, and nothing is lost', async (t, broker) => {
  const { store, open } = await testStore(t, 'sqlite');
  const other = open();
  const queue = newQueue();
  const { outcomes, warnings, stop } = take(t, store, broker, { queue, prefetch: 2 });
  await isThere(t, broker, queue);
  const channel = await channelTo(t, broker);
  await other.db.raw('alter table messages rename to away');
  for (const name of ['ann', 'bee', 'cid'])
    await publish(channel, queue, { ...MAIL, to: `${name}@example.org` }, { messageId: name });
  await eventually(() => warnings.filter((one) => /can not be taken now/.test(one)).length >= 2);
  assert.deepEqual(outcomes, []);
  await other.db.raw('alter table away rename to messages');
  await eventually(() => outcomes.length >= 3);
  assert.deepEqual(await queued(store), ['ann@example.org', 'bee@example.org', 'cid@example.org']);
  await stop();
  assert.equal(await lengthOf(channel, queue), 0);
  assert.equal(await lengthOf(channel, refusedQueue(queue)), 0);
});

withBroker(
  'while the database is away the messages stay with the broker for others, and are taken when it is back',
  async (t, broker) => {
    const { store, url } = await testStore(t, 'mysql');
    const place = new URL(url);
    let isAway = false;
    const sockets = new Set<Socket>();
    const proxy = await startProxy(Number(place.port), (client, upstream) => {
      if (isAway) return void client.destroy();
      sockets.add(client);
      client.on('error', () => {});
      client.pipe(upstream).pipe(client);
    });
    t.after(proxy.close);
    place.port = String(proxy.port);
    const through = openStore(place.href);
    t.after(through.close);
    const queue = newQueue();
    const { outcomes, warnings, begun } = take(t, through, broker, { queue, prefetch: 4, away: 100 });
    await isThere(t, broker, queue);
    const channel = await channelTo(t, broker);
    await publish(channel, queue, MAIL, { messageId: 'ann' });
    await eventually(() => outcomes.length === 1);
    isAway = true;
    for (const socket of sockets) socket.destroy();
    const names = ['bee@example.org', 'cid@example.org', 'dan@example.org'];
    for (const to of names) await publish(channel, queue, { ...MAIL, to }, { messageId: to });
    await eventually(async () => {
      const { messageCount, consumerCount } = await channel.checkQueue(queue);
      return messageCount === 3 && consumerCount === 0;
    });
    await eventually(() => warnings.some((one) => /the database is away: mail stays with the broker/.test(one)));
    const others = await channel.get(queue);
    assert.ok(others, 'whoever else is there can take it');
    channel.nack(others);
    assert.equal(begun(), 1);
    isAway = false;
    await eventually(() => outcomes.filter((one) => one === 'taken').length === 4);
    assert.deepEqual(await queued(store), ['ann@example.org', ...names]);
    assert.deepEqual([await lengthOf(channel, queue), await lengthOf(channel, refusedQueue(queue))], [0, 0]);
  },
);

withBroker('large messages are fewer in the hand than may be by their number', async (t, broker) => {
  const { store } = await testStore(t, 'sqlite');
  const queue = newQueue();
  const channel = await channelTo(t, broker);
  await channel.assertQueue(queue, { durable: true });
  const text = 'x'.repeat(1000);
  for (let n = 0; n < 8; n++)
    await publish(channel, queue, { ...MAIL, to: `p${n}@example.org`, text }, { messageId: `mail-${n}` });
  let [inHand, most] = [0, 0];
  const around =
    (usual: TakeIn): TakeIn =>
    async (call, now) => {
      most = Math.max(most, ++inHand);
      return usual(call, now).finally(() => inHand--);
    };
  const { outcomes } = take(t, store, broker, { queue, prefetch: 8, room: 1500, around });
  await eventually(() => outcomes.length === 8);
  assert.ok(most <= 3, `${most} of a thousand bytes, of which the third came while there was room`);
  assert.equal((await queued(store)).length, 8);
});

withBroker('a queue of which one consumer takes at a time is taken from, too', async (t, broker) => {
  const { store } = await testStore(t, 'sqlite');
  const queue = newQueue();
  const channel = await channelTo(t, broker);
  const alone = { 'x-queue-type': 'quorum', 'x-single-active-consumer': true };
  await channel.assertQueue(queue, { durable: true, arguments: alone });
  const { outcomes } = take(t, store, broker, { queue, prefetch: 8 });
  for (let n = 0; n < 4; n++)
    await publish(channel, queue, { ...MAIL, to: `p${n}@example.org` }, { messageId: `mail-${n}` });
  // The channel that may not fetch ends, and what was taken on it comes again.
  await eventually(() => outcomes.filter((one) => one === 'taken' || one === 'repeated').length >= 4);
  await eventually(async () => (await queued(store)).length === 4);
});

withBroker('no more is in the hand than may be, and who stops gives back what it has not begun', async (t, broker) => {
  const { store } = await testStore(t, 'sqlite');
  const queue = newQueue();
  let goOn = () => {};
  const hanging = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let inHand = 0;
  const around =
    (usual: TakeIn): TakeIn =>
    async (call, now) => {
      inHand++;
      await hanging;
      return usual(call, now);
    };
  const { stop } = take(t, store, broker, { queue, prefetch: 3, around });
  await isThere(t, broker, queue);
  const channel = await channelTo(t, broker);
  for (let n = 0; n < 8; n++)
    await publish(channel, queue, { ...MAIL, to: `p${n}@example.org` }, { messageId: `mail-${n}` });
  await eventually(async () => inHand === 3 && (await lengthOf(channel, queue)) === 5);
  const stopped = stop();
  goOn();
  await stopped;
  const taken = (await queued(store)).length;
  assert.ok(taken >= 3 && inHand === taken);
  await eventually(async () => (await lengthOf(channel, queue)) === 8 - taken);
});

withBroker('the queues are quorum queues, and a queue that is there already is taken as it is', async (t, broker) => {
  const { store } = await testStore(t, 'sqlite');
  const queue = newQueue();
  const channel = await channelTo(t, broker);
  await channel.assertQueue(queue, { durable: true });
  const { outcomes } = take(t, store, broker, { queue });
  await publish(channel, queue, MAIL, { messageId: 'one' });
  await eventually(() => outcomes.length === 1);
  const refused = await channel
    .assertQueue(refusedQueue(queue), { durable: true, arguments: { 'x-queue-type': 'classic' } })
    .catch(brokerWords);
  assert.match(String(refused), /PRECONDITION_FAILED.*x-queue-type/);
});

withBroker('the rights that the documentation names do for the daemon and for who publishes', async (t, broker) => {
  const told = readFileSync(join(import.meta.dirname, '../../docs/brokers.md'), 'utf8');
  const lines = [...told.matchAll(/^rabbitmqctl (set_permissions) -p mail (\w+) '(.*)' '(.*)' '(.*)'$/gm)];
  assert.equal(lines.length, 2);
  for (const [, command = '', user = '', ...rights] of lines) {
    await broker.control('add_user', user, 'password');
    await broker.control(command, user, ...rights);
  }
  const as = (user: string): RabbitMq => ({ ...broker, url: broker.url.replace(LOGIN, `${user}:password`) });
  const { store } = await testStore(t, 'sqlite');
  const { outcomes } = take(t, store, as('homing'), { queue: 'homing.intake' });
  await isThere(t, broker, 'homing.intake');
  const channel = await channelTo(t, as('shop'));
  await publish(channel, 'homing.intake', MAIL, { messageId: 'good' });
  await publish(channel, 'homing.intake', { ...MAIL, to: [] }, { messageId: 'bad' });
  await eventually(() => outcomes.length === 2);
  assert.deepEqual([...outcomes].sort(), ['refused', 'taken']);
  const free = await channelTo(t, broker);
  await free.assertExchange('homing.events', 'topic', { durable: true });
  const { queue: bound } = await free.assertQueue('', { exclusive: true });
  await free.bindQueue(bound, 'homing.events', 'delivery.#');
  const [exchange] = exchangeOf({ EVENTS_URL: as('homing').url, EVENTS_EXCHANGE: 'homing.events' }, 1);
  t.after(() => exchange?.close());
  const answer = await exchange?.post({ id: 'one', body: '{}', topic: 'delivery.accepted', now: 0 });
  assert.deepEqual([answer?.isTaken, answer?.detail], [true, null]);
});

withBroker('who is not let in is told why', async (_, { url, port }) => {
  const why = (at: string) => connectToBroker(at, 'test').then(() => 'was let in', brokerWords);
  assert.match(await why(url.replace('guest:guest', 'guest:wrong')), /ACCESS_REFUSED/);
  assert.match(await why(`${url}/nowhere`), /no such virtual host/);
  assert.match(await why(`amqps://guest:guest@127.0.0.1:${port}`), /TLS: wrong version number/);
  assert.match(await why('amqp://127.0.0.1:1'), /ECONNREFUSED/);
});
