import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Homing, Problem } from '../../src/client/types.ts';
import { HOUR } from '../../src/core/time.ts';
import { createHoming } from '../../src/index.ts';
import { startSimMailgun } from '../../src/lab/sim/mailgun.ts';
import type { Store } from '../../src/store/db/open.ts';
import { match } from '../../src/store/inbox/match.ts';
import { signsOf } from '../../src/store/notes/signs.ts';
import { load } from '../../src/store/rows/rows.ts';
import { sighting } from '../support/factory.ts';
import { testStore } from '../support/stores.ts';
import {
  clientFor,
  comparable,
  DOMAIN,
  fileAll,
  findFiled,
  freshFolder,
  partOf,
  type Recording,
  standing,
  startRecording,
} from './support.ts';

const OURS = ['h:Message-Id', 'v:homing-id'];
const MAIL = { from: 'Shop <shop@example.com>', to: 'ann@example.org', subject: 'Hello', text: 'Hi' };

type Given = { homing: Homing; store: Store; server: Recording; problems: Problem[] };

async function setup(t: TestContext): Promise<Given> {
  const { store, url } = await testStore(t, 'sqlite');
  const server = await startRecording(t);
  const problems: Problem[] = [];
  const homing = createHoming({
    database: url,
    spool: { folder: freshFolder(t) },
    patience: 5000,
    onProblem: (problem) => problems.push(problem),
  });
  t.after(homing.close);
  return { homing, store, server, problems };
}

type Ended = { result: unknown } | { error: { name: string; fields: unknown } };

/** How a call ended, in a form that two calls can be compared in. */
async function ended(call: () => Promise<unknown>): Promise<Ended> {
  try {
    return { result: await call() };
  } catch (error) {
    assert.ok(error instanceof Error);
    // mailgun.js empties the stack; whether that leaves it enumerable depends on V8's stack trace limit of the moment.
    const { stack: _, ...fields } = { stack: '', ...error, message: error.message };
    return { error: { name: error.constructor.name, fields } };
  }
}

const addresses = fc.constantFrom(
  'ann@example.org',
  'Ann <ann@example.org>',
  '"Bee, B." <bee@example.net>',
  'Zoë <zoe@example.com>, cid@example.com',
  'ANN@example.org',
);
const list = fc.oneof(addresses, fc.array(addresses, { minLength: 1, maxLength: 3 }));
const word = fc.stringMatching(/^[ -~é😀]{1,20}$/u);
const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((b) => Buffer.from(b));
const file = fc.oneof(
  bytes,
  word,
  fc.record({ data: bytes, filename: fc.constant('a b.txt'), contentType: fc.constant('text/plain') }),
  bytes.map((b) => new File([b], 'file.bin', { type: 'application/x-test' })),
);
const options = {
  'o:tag': fc.oneof(word, fc.array(word, { minLength: 1, maxLength: 3 })),
  'o:testmode': fc.oneof(fc.boolean(), fc.constantFrom('yes', 'no')),
  'o:tracking': fc.boolean(),
  'h:Reply-To': addresses,
  'h:X-Own': word,
  'v:order': word,
  't:variables': fc.constant('{"a":1}'),
  'recipient-variables': fc.constant('{"ann@example.org":{"n":1}}'),
};
const parts = fc.record(
  {
    from: addresses,
    to: list,
    cc: list,
    bcc: list,
    subject: word,
    text: fc.oneof(word, fc.constant('')),
    html: word,
    template: word,
    attachment: fc.oneof(file, fc.array(file, { minLength: 1, maxLength: 2 })),
    inline: file,
    ...options,
  },
  { requiredKeys: ['to'] },
);
const mime = fc.record(
  {
    to: list,
    message: fc.constantFrom(
      'From: a@example.com\r\nMessage-Id: <own@example.com>\r\nSubject: x\r\n\r\nbody',
      Buffer.from('From: a@example.com\r\nSubject: =?utf-8?q?x?=\r\n\r\nbody'),
      new Blob(['Message-Id: <blob@example.com>\r\n\r\nbody']),
      new Blob(['no header']),
    ),
    ...options,
  },
  { requiredKeys: ['to', 'message'] },
);
const broken = fc.record({
  to: list,
  attachment: fc.constantFrom(5, { none: true }, [1]),
  text: fc.constantFrom(7, true, { a: 1 }, 'fine'),
});

test('whatever it is given, the request is that of mailgun.js but for the two ids, and so are the result and the error', async (t) => {
  const { homing, server } = await setup(t);
  const run = fc.asyncProperty(fc.oneof(parts, mime, broken), fc.boolean(), async (data, useFetch) => {
    const plain = clientFor(server.url, { useFetch });
    const before = server.seen.length;
    const expected = await ended(() => plain.messages.create(DOMAIN, { ...data } as never));
    const given = { ...data };
    const actual = await ended(() => homing.wrapMailgun(plain).messages.create(DOMAIN, given as never));
    assert.deepEqual({ ...given }, { ...data }, 'the argument is left as it was');
    const [first, second] = server.seen.slice(before);
    if (!first || !second) return assert.deepEqual([actual, second], [expected, first]);
    assert.deepEqual(comparable(second, OURS), comparable(first, OURS));
    assert.match(partOf(second, 'v:homing-id') ?? '', /^[0-9A-Z]{26}$/);
    if ('result' in actual && 'result' in expected) assert.deepEqual(idless(actual), idless(expected));
    else assert.deepEqual(actual, expected);
  });
  await fc.assert(run, { numRuns: 150, includeErrorInReport: true });
});

/** The recording server answers with the Message-Id that it was given. */
const idless = ({ result }: { result: unknown }) => ({ ...(result as object), id: 'some' });

test('one call is one message with a delivery for each of its recipients', async (t) => {
  const { homing, store, server } = await setup(t);
  const client = homing.wrapMailgun(clientFor(server.url));
  const data = {
    ...MAIL,
    to: ['Ann <ann@example.org>', '"Bee, B." <bee@example.net>, ANN@example.org'],
    cc: 'cid@example.com',
    bcc: ['dee@example.com'],
    'v:homing-class': 'access',
    'v:homing-key': 'reset:42',
  };
  const answer = await client.messages.create(DOMAIN, data);
  await homing.flush();
  assert.deepEqual(await standing(store, String(answer.id)), [
    'ann@example.org accepted',
    'bee@example.net accepted',
    'cid@example.com accepted',
    'dee@example.com accepted',
  ]);
  const [seen] = server.seen;
  assert.ok(seen && server.seen.length === 1);
  const message = (await findFiled(store, String(answer.id)))?.message;
  assert.deepEqual(
    [message?.class, message?.message_key, message?.sender, message?.subject, message?.id],
    ['access', 'reset:42', 'Shop <shop@example.com>', 'Hello', partOf(seen, 'v:homing-id')],
  );
  assert.deepEqual([partOf(seen, 'v:homing-class'), partOf(seen, 'v:homing-key')], [undefined, undefined]);
});

test('a Message-Id of the caller is used, in whatever case and wherever it stands', async (t) => {
  const { homing, store, server } = await setup(t);
  const { create } = homing.wrapMailgun(clientFor(server.url)).messages;
  await create(DOMAIN, { ...MAIL, 'H:message-ID': '<one@example.com>' });
  await create(DOMAIN, {
    to: 'ann@example.org',
    message: 'Message-Id: <two@example.com>\r\nFrom: a@b.example\r\n\r\nx',
  });
  await homing.flush();
  assert.deepEqual(await standing(store, '<one@example.com>'), ['ann@example.org accepted']);
  await fileAll(store);
  const known: { message_id: string }[] = await store.db('messages').orderBy('id').select('message_id');
  assert.deepEqual(
    known.map((m) => m.message_id),
    ['one@example.com', 'two@example.com'],
  );
  assert.deepEqual(
    server.seen.map((one) => one.parts.filter((p) => p.name.toLowerCase() === 'h:message-id').length),
    [1, 0],
  );
});

test('empty data is refused synchronously, as mailgun.js refuses it', async (t) => {
  const { homing, server } = await setup(t);
  const plain = clientFor(server.url);
  const wrapped = homing.wrapMailgun(plain);
  for (const data of [{}, null, undefined]) {
    assert.throws(() => void plain.messages.create(DOMAIN, data as never), { status: 400 });
    assert.throws(() => void wrapped.messages.create(DOMAIN, data as never), { status: 400 });
  }
});

test('the result and the error are the very objects of the client', async (t) => {
  const { homing } = await setup(t);
  const result = { status: 200, id: '<x@y>' };
  const error = new Error('as it is');
  let fail = false;
  const client = homing.wrapMailgun({
    messages: { create: (_domain: string, _data: object) => (fail ? Promise.reject(error) : Promise.resolve(result)) },
  });
  assert.equal(await client.messages.create(DOMAIN, MAIL), result);
  fail = true;
  assert.equal(await client.messages.create(DOMAIN, MAIL).catch((e: unknown) => e), error);
});

test('a refusal is recorded as one; a network error, a time-out and a 5xx as a call that is still under way', async (t) => {
  const { homing, store, server } = await setup(t);
  const quick = homing.wrapMailgun(clientFor(server.url, { timeout: 300 }));
  const cases = [
    [() => ({ status: 400, body: { message: "'to' parameter is not a valid address: ann@example.org" } }), 'refused'],
    [() => ({ status: 401, body: 'Forbidden', type: 'text/plain' }), 'refused'],
    [() => ({ status: 200, body: 'Mailgun Magnificent API', type: 'text/plain' }), 'refused'],
    [() => ({ status: 429, body: { message: 'too fast' } }), 'refused'],
    [() => ({ status: 500, body: { message: 'oops' } }), 'sending'],
    [() => ({ status: 200, body: '<html>', type: 'text/html' }), 'sending'],
    [() => 'hang up' as const, 'sending'],
    [() => 'wait' as const, 'sending'],
  ] as const;
  for (const [i, [reply, outcome]] of cases.entries()) {
    server.reply(reply);
    await quick.messages.create(DOMAIN, { ...MAIL, 'h:Message-Id': `<${i}@${DOMAIN}>` }).catch(() => null);
    await homing.flush();
    const found = await findFiled(store, `<${i}@${DOMAIN}>`);
    assert.equal(found?.views[0]?.delivery.attempts[0]?.outcome, outcome, `case ${i}`);
    assert.doesNotMatch(JSON.stringify(found?.views[0]?.facts), /ann@example/);
  }
  // The 400 and the page are answers of a Mailgun that is there.
  const { taken, failed, unreached } = await signsOf(store, 'mailgun', { now: Date.now(), window: HOUR });
  assert.deepEqual({ taken, failed, unreached }, { taken: 2, failed: 1, unreached: 2 });
});

test('nothing but messages.create is another than before', async (t) => {
  const { homing, server } = await setup(t);
  const plain = clientFor(server.url);
  const wrapped = homing.wrapMailgun(plain);
  for (const name of Object.keys(plain)) {
    if (name !== 'messages') assert.equal(Reflect.get(wrapped, name), Reflect.get(plain, name), name);
  }
  assert.equal(Object.getPrototypeOf(wrapped), Object.getPrototypeOf(plain));
  assert.equal(wrapped.messages.create, wrapped.messages.create);
  assert.equal(homing.wrapMailgun(wrapped), wrapped);
  wrapped.setSubaccount('sub');
  await wrapped.messages.create(DOMAIN, MAIL);
  assert.equal(server.seen[0]?.headers['x-mailgun-on-behalf-of'], 'sub');
});

test('what can not be recorded is sent all the same, and said', async (t) => {
  const { homing, store, server, problems } = await setup(t);
  const { create } = homing.wrapMailgun(clientFor(server.url)).messages;
  await create(DOMAIN, { ...MAIL, to: 'ü@[1.2.3.4]' });
  await create(DOMAIN, { ...MAIL, to: ['ann@example.org', 'no address'], 'v:homing-class': 'urgent' as never });
  // Nobody can tell to whom these would go, and Mailgun takes none of them.
  await create(DOMAIN, { ...MAIL, to: 'ann@example.org bee@example.net' });
  await homing.flush();
  assert.equal(server.seen.length, 3);
  await fileAll(store);
  const rows: { recipient: string; class: string }[] = await store.db('deliveries').select('recipient', 'class');
  assert.deepEqual(rows, [{ recipient: 'ann@example.org', class: 'notice' }]);
  assert.ok(problems.length >= 3 && problems.every((p) => p.kind === 'untracked' && !p.detail.includes('@')));
});

test('the events that Mailgun sends back lead to the deliveries', async (t) => {
  const { homing, store } = await setup(t);
  const sim = await startSimMailgun({ apiKey: 'key-test', signingKey: 's', domains: [DOMAIN], clock: Date.now });
  t.after(sim.close);
  const answer = await homing.wrapMailgun(clientFor(sim.url)).messages.create(DOMAIN, MAIL);
  await homing.flush();
  await sim.runDue();
  const delivered = sim.events().find((event) => event['event'] === 'delivered');
  const message = (await findFiled(store, String(answer.id)))?.message;
  assert.deepEqual(delivered?.['user-variables'], { 'homing-id': message?.id });
});

test('an id of its own that Mailgun answers with names the message from then on', async (t) => {
  const { homing, store, server } = await setup(t);
  server.reply(() => ({ status: 200, body: { id: '<theirs.1@mailgun.example>', message: 'Queued. Thank you.' } }));
  const mg = homing.wrapMailgun(clientFor(server.url));
  await mg.messages.create(DOMAIN, MAIL);
  await homing.close();
  await fileAll(store);
  const bare = { list: null, storage: null, homingId: null };
  const event = { ...sighting({ messageId: 'theirs.1@mailgun.example', recipient: 'ann@example.org' }), ...bare };
  const [found] = await match(store, [{ provider: 'mailgun', sighting: { ...event, domain: DOMAIN } }]);
  assert.equal(found?.kind, 'deliveries');
  const [view] = found?.kind === 'deliveries' ? (await load(store.db, found.ids)).values() : [];
  assert.equal(view?.delivery.attempts[0]?.answer?.kind, 'accepted');
});
