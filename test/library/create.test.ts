import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { createHoming as createClient } from '../../src/client/create.ts';
import { createHoming, HomingError, type HomingOptions } from '../../src/index.ts';
import { DOMAIN, freshFolder, startRecording } from '../client/support.ts';
import { freshDatabase } from '../support/stores.ts';

const MAIL = { from: 'Shop <shop@example.com>', to: 'ann@example.org', subject: 'Hello', text: 'Hi' };
const URL = 'http://127.0.0.1:1';

const WRONG: [options: unknown, words: RegExp][] = [
  [undefined, /needs its options/],
  [null, /needs its options/],
  ['sqlite:./x', /needs its options/],
  [{}, /database must be .*or url and token be given/],
  [{ database: undefined, url: undefined }, /database must be/],
  [{ database: './homing.sqlite' }, /database must be/],
  [{ database: 'mysql://root:a/secret@host/db' }, /database must be/],
  [{ database: 'mysql://root:secret@db1,,db2/db' }, /database has a comma between its hosts/],
  [{ database: 'sqlite:./x', url: URL, token: 't' }, /url and database are two places/],
  [{ url: 'homing:8080', token: 't' }, /url must be an http\(s\) URL/],
  [{ url: URL }, /token must be one of the API_TOKENS/],
  ...[' ', 't t', '"t"', 'tök', 'a\u00a0b', 't\u0000'].map((token): [unknown, RegExp] => [
    { url: URL, token },
    /token must be/,
  ]),
  ...['http://user:secret@homing', 'http://homing?secret=1', 'http://homing#secret', 'ftp://homing'].map(
    (url): [unknown, RegExp] => [{ url, token: 't' }, /url must be/],
  ),
  [{ url: URL, token: 't', spool: '/var/spool/secret' }, /spool must be an object/],
  [{ url: URL, token: 't', patience: '250' }, /patience must be/],
  [{ url: URL, token: 't', spool: { maxBytes: 1e12 } }, /spool.maxBytes must be/],
  [{ url: URL, token: 't', spool: { pause: 0 } }, /spool.pause must be/],
  [{ url: URL, token: 't', spool: { folder: '' } }, /spool.folder must be/],
  [{ url: URL, token: 't', mailgun: {} }, /mailgun must be a client/],
  [{ url: URL, token: 't', onProblem: console }, /onProblem must be a function/],
  [{ database: 'sqlite:./x', encryptionKey: 'abc' }, /encryptionKey must be 64 hex digits/],
];

test('options that are wrong are an error that says so, and repeats no value', () => {
  for (const [options, words] of WRONG)
    assert.throws(
      () => createHoming(options as HomingOptions),
      (error) => {
        assert.ok(error instanceof HomingError);
        assert.equal(error.code, 'invalid');
        assert.match(error.message, words);
        return !JSON.stringify([error.message, error.problems]).includes('secret');
      },
      String(words),
    );
});

test('all that is wrong with the options is said at once', () => {
  const options = { url: 'x', token: '', patience: -1 };
  assert.throws(
    () => createHoming(options),
    (error) => error instanceof HomingError && error.problems.length === 3,
  );
});

test('the client alone knows no database, and says where it is known', () => {
  for (const [options, words] of [
    [undefined, /needs its options: \{ url, token \}/],
    [{}, /url must be .*; token must be/],
    [{ database: 'sqlite:./x' }, /use the package homing/],
    [{ database: 'sqlite:./x', url: URL, token: 't' }, /use the package homing/],
  ] as const)
    assert.throws(() => createClient(options as never), { name: 'HomingError', code: 'invalid', message: words });
  createClient({ url: URL, token: 't' });
});

test('what a file with secrets ends with is no part of a token or an address', async (t) => {
  const server = await startRecording(t);
  const homing = createHoming({ url: `${server.url}\n`, token: ' t\r\n', spool: { folder: freshFolder(t) } });
  t.after(homing.close);
  await homing.cancel({ key: 'a' }).catch(() => 0);
  assert.equal(server.seen.at(-1)?.headers.authorization, 'Bearer t');
});

/** One of each way. */
async function bothWays(t: TestContext) {
  const server = await startRecording(t);
  const places = [{ url: server.url, token: 't' }, { database: await freshDatabase(t, 'sqlite') }];
  return places.map((place) => createHoming({ ...place, spool: { folder: freshFolder(t) } } as HomingOptions));
}

test('calls without what they need are refused in the same words by both ways', async (t) => {
  for (const homing of await bothWays(t)) {
    t.after(homing.close);
    const refused = (call: Promise<unknown>, message: RegExp) =>
      assert.rejects(call, { name: 'HomingError', code: 'invalid', message });
    for (const which of [undefined, {}, { key: '' }, { id: null }, { id: 'a', key: 'b' }, 'reset:42'])
      await refused(homing.cancel(which as never), /cancel needs either \{ id \} or \{ key \}/);
    for (const id of [undefined, '', {}]) await refused(homing.status(id as never), /status needs the id/);
    await refused(homing.deliverLater(undefined as never, MAIL), /needs the domain/);
    await refused(homing.deliverLater(DOMAIN, undefined as never), /needs its data/);
    await refused(homing.deliverNow(DOMAIN, null as never), /needs its data/);
    await refused(homing.deliverNow(DOMAIN, MAIL), /needs the option `mailgun`/);
    assert.throws(() => homing.wrapMailgun(undefined as never), /wrapMailgun needs a client of mailgun.js/);
    assert.throws(() => homing.wrapMailgun({} as never), /wrapMailgun needs a client of mailgun.js/);
    assert.throws(() => homing.wrapTransport(undefined as never), /wrapTransport needs a nodemailer transporter/);
  }
});

test('after close both ways refuse questions, and mail still goes out', async (t) => {
  for (const homing of await bothWays(t)) {
    let sent = 0;
    const create = async (_domain: string, _data: object) => ({ status: 200, id: `<${++sent}@x>` });
    const client = homing.wrapMailgun({ messages: { create } });
    await Promise.all([homing.close(), homing.close()]);
    const refused = (call: Promise<unknown>) => assert.rejects(call, { name: 'HomingError', code: 'closed' });
    await refused(homing.deliverLater(DOMAIN, MAIL));
    await refused(homing.cancel({ key: 'a' }));
    await refused(homing.status('a'));
    await client.messages.create(DOMAIN, MAIL);
    await homing.flush();
    assert.deepEqual([sent, homing.counts().spooled], [1, 2]);
  }
});

/** The system's temporary folder, as this process sees it from now on. */
function ownTemporaryFolder(t: TestContext): string {
  const before = process.env['TMPDIR'];
  const folder = freshFolder(t);
  process.env['TMPDIR'] = folder;
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
  return folder;
}

test('two applications of one user do not file what is meant for the other', async (t) => {
  const folder = ownTemporaryFolder(t);
  const [a, b] = [await startRecording(t), await startRecording(t)];
  const taken = { status: 200, body: { results: [{}] } };
  const send = async (url: string, token: string) => {
    const homing = createHoming({ url, token, patience: 5000, spool: { pause: 60_000 }, onProblem: () => {} });
    const create = async (_domain: string, _data: object) => ({ status: 200, id: '<x@y>' });
    await homing.wrapMailgun({ messages: { create } }).messages.create(DOMAIN, MAIL);
    await homing.close();
    return homing.counts();
  };
  a.reply(() => ({ status: 503, body: {} }));
  b.reply(() => taken);
  assert.equal((await send(a.url, 'old')).spooled, 2);
  assert.deepEqual(await send(b.url, 't'), { recorded: 2, spooled: 0, filed: 0, lost: 0 });
  assert.equal(readdirSync(folder).length, 1);
  // A new token is no other place.
  a.reply(({ parts }) => {
    const records = JSON.parse(Buffer.from(parts[0]?.value ?? '', 'base64').toString()) as object[];
    return { status: 200, body: { results: records.map(() => ({})) } };
  });
  assert.equal((await send(`${a.url}/`, 'new')).filed, 2);
});

test('a database with several servers is one place in any order of them, and one with a single one is where it was', async (t) => {
  const folder = ownTemporaryFolder(t);
  const send = async (database: string) => {
    const homing = createHoming({ database, patience: 0, spool: { pause: 60_000 }, onProblem: () => {} });
    const create = async (_domain: string, _data: object) => ({ status: 200, id: '<x@y>' });
    await homing.wrapMailgun({ messages: { create } }).messages.create(DOMAIN, MAIL);
    await homing.close();
    assert.equal(homing.counts().lost, 0);
  };
  await send('mysql://user:pw@127.0.0.1:1,127.0.0.1:2,127.0.0.1:3/homing');
  await send('mysql://other@127.0.0.1:3,127.0.0.1:1,127.0.0.1:2/homing');
  assert.equal(readdirSync(folder).length, 1);
  await send('mysql://user:pw@127.0.0.1:1/homing');
  const name = createHash('sha256').update('mysql://127.0.0.1:1/homing').digest('hex').slice(0, 16);
  assert.equal(readdirSync(folder).length, 2);
  assert.ok(readdirSync(folder).some((one) => one.endsWith(`-${name}`)));
});
