import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Deadline, within } from '../../../src/base/deadline.ts';
import type { Answer } from '../../../src/core/answer.ts';
import { listenOnLoopback } from '../../../src/lab/sim/listen.ts';
import { createPort, PortError, type PortOptions } from '../../../src/providers/mailgun/port.ts';
import { formIn, type Script, say, startScript } from '../../support/http-script.ts';

const KEY = 'key-of-a-test-0123456789';
const MIME = Buffer.from('From: shop@example.com\r\nSubject: Größe\r\n\r\nThank you.\r\n');
const MAIL = { to: 'anna@example.net', mime: MIME };
const QUEUED = { id: '<m1@example.com>', message: 'Queued. Thank you.' };
const ACCEPTED: Answer = { kind: 'accepted', messageId: 'm1@example.com', detail: '200: Queued. Thank you.' };

type Options = Partial<PortOptions>;

function portTo(t: TestContext, apiUrl: string, options: Options = {}) {
  const port = createPort({ apiUrl, apiKey: KEY, timeout: 5000, allowedHosts: [new URL(apiUrl).host], ...options });
  t.after(() => port.close());
  return port;
}

async function scripted(t: TestContext, script: Script, options: Options = {}) {
  const server = await startScript(t, script);
  return { server, port: portTo(t, server.url, options) };
}

const short = (answer: Answer): string => (answer.kind === 'refused' ? answer.why : answer.kind);

test('a finished message is handed over as a file, with its fields, once and with the key', async (t) => {
  const { server, port } = await scripted(t, say(200, QUEUED));
  const fields = { 'v:homing-id': 'h1', 'o:tag': ['a', 'b'] };
  assert.deepEqual(await port.sendMime('example.com', { ...MAIL, fields }), ACCEPTED);
  assert.equal(server.seen.length, 1);
  const [seen] = server.seen;
  assert.ok(seen);
  assert.equal(`${seen.method} ${seen.path}`, 'POST /v3/example.com/messages.mime');
  assert.equal(seen.headers.authorization, `Basic ${Buffer.from(`api:${KEY}`).toString('base64')}`);
  assert.equal(seen.headers['accept-encoding'], 'identity');
  const form = await formIn(seen);
  assert.equal(form.get('to'), 'anna@example.net');
  assert.equal(form.get('v:homing-id'), 'h1');
  assert.deepEqual(form.getAll('o:tag'), ['a', 'b']);
  const message = form.get('message');
  assert.ok(message instanceof File);
  assert.deepEqual(Buffer.from(await message.arrayBuffer()), MIME);
});

test('a message in parts goes with its files, and no name or value breaks out of its field', async (t) => {
  const { server, port } = await scripted(t, say(200, QUEUED));
  const evil = 'x"\r\nContent-Disposition: form-data; name="to"\r\n\r\nevil@example.org';
  const file = { filename: 'a"b\r\n.txt', type: 'text/plain', content: Buffer.from([0, 255]) };
  await port.send('example.com', [
    ['to', 'anna@example.net'],
    ['to', 'berta@example.net'],
    [evil, evil],
    ['attachment', file],
  ]);
  const [seen] = server.seen;
  assert.ok(seen);
  assert.equal(seen.path, '/v3/example.com/messages');
  const form = await formIn(seen);
  assert.deepEqual(form.getAll('to'), ['anna@example.net', 'berta@example.net']);
  const attachment = form.get('attachment');
  assert.ok(attachment instanceof File);
  assert.deepEqual(Buffer.from(await attachment.arrayBuffer()), file.content);
});

test('25 MB go over as they are', async (t) => {
  const { server, port } = await scripted(t, say(200, QUEUED), { timeout: 20_000 });
  const mime = Buffer.alloc(25 * 1024 * 1024, 'All work and no play makes mail a dull thing.\r\n');
  assert.equal((await port.sendMime('example.com', { ...MAIL, mime })).kind, 'accepted');
  const [seen] = server.seen;
  assert.ok(seen);
  assert.ok(seen.body.includes(mime));
  assert.equal(seen.headers['content-length'], `${seen.body.length}`);
});

/** Answers as soon as the first bytes of a request are there, and reads on. */
async function hasty(t: TestContext, status: string, text: string): Promise<string> {
  const answer = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
  const server = createServer((socket) => {
    socket.once('data', () => socket.write(answer));
    socket.on('error', () => {}).resume();
  });
  const { port, close } = await listenOnLoopback(server, 0);
  t.after(close);
  return `http://127.0.0.1:${port}`;
}

test('a refusal that comes before a large message was read counts, and a yes is no answer', async (t) => {
  const mime = Buffer.alloc(25 * 1024 * 1024, 'x');
  const answerOf = async (status: string, text: string) =>
    short(await portTo(t, await hasty(t, status, text)).sendMime('example.com', { ...MAIL, mime }));
  assert.equal(await answerOf('401 Unauthorized', 'Forbidden'), 'account');
  assert.equal(await answerOf('200 OK', JSON.stringify(QUEUED)), 'unanswered');
});

test('large messages of all sizes are taken when they are answered at once', async (t) => {
  const { server, port } = await scripted(t, say(200, QUEUED));
  for (const size of [130_000, 131_072, 200_000, 1_000_000, 3_000_000]) {
    const all = Array.from({ length: 8 }, () =>
      port.sendMime('example.com', { ...MAIL, mime: Buffer.alloc(size, 'x') }),
    );
    for (const answer of await Promise.all(all)) assert.equal(answer.kind, 'accepted');
  }
  assert.equal(server.seen.length, 40);
});

const HTML = { 'content-type': 'text/html' };
const cut: Script = (response) => {
  const text = JSON.stringify(QUEUED);
  response.writeHead(200, { 'content-length': text.length });
  response.write(text.slice(0, 30), () => response.socket?.destroy());
};
const cutAfterJson: Script = (response) => {
  const text = JSON.stringify(QUEUED);
  response.writeHead(200, { 'content-length': text.length + 1 });
  response.write(text, () => response.socket?.destroy());
};
const pour: Script = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const write = () => {
    if (!response.destroyed) response.write(Buffer.alloc(64 * 1024, ' '), write);
  };
  write();
};
const bomb: Script = (response) => {
  const body = gzipSync(Buffer.alloc(32 * 1024 * 1024, ' '));
  response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' }).end(body);
};

/** Expected of a send, and of a re-post where that differs. */
const ANSWERS: [string, Script, string, string?][] = [
  ['a good 200', say(200, QUEUED), 'accepted'],
  ['an id without brackets', say(200, { id: 'm1@example.com' }), 'accepted'],
  ['a 200 without an id', say(200, { message: 'Queued. Thank you.' }), 'unanswered'],
  ['an id that is no text', say(200, { id: 7 }), 'unanswered'],
  ['an empty id', say(200, { id: '<>' }), 'unanswered'],
  ['Mailgun Magnificent API', say(200, 'Mailgun Magnificent API'), 'unanswered'],
  ['a 200 with HTML', say(200, '<!doctype html><p>Back soon', HTML), 'unanswered'],
  ['an empty 200', say(200, ''), 'unanswered'],
  ['null', say(200, 'null'), 'unanswered'],
  ['a list', say(200, [QUEUED]), 'unanswered'],
  ['cut JSON', say(200, '{"id":"<m1@exam'), 'unanswered'],
  ['an answer that breaks off', cut, 'unanswered'],
  ['an answer that breaks off behind its JSON', cutAfterJson, 'unanswered'],
  ['a gzip bomb', bomb, 'unanswered'],
  ['an answer without end', pour, 'unanswered'],
  ['an answer of 64 KiB and more', say(200, { ...QUEUED, pad: 'x'.repeat(65_536) }), 'unanswered'],
  ['a drop after the work', (response) => void response.socket?.destroy(), 'unanswered'],
  ['201', say(201, QUEUED), 'unanswered'],
  ['202 without a body', say(202, ''), 'unanswered'],
  ['500', say(500, { message: 'Internal Server Error' }), 'unanswered'],
  ['502', say(502, '<html>', HTML), 'unanswered'],
  ['503 of Mailgun', say(503, { message: 'Service Unavailable' }), 'unanswered'],
  ['503 of an edge', say(503, 'maintenance', HTML), 'busy'],
  ['503 of an edge, without a word', say(503, ''), 'busy'],
  ['520', say(520, '<html>', HTML), 'unanswered'],
  ['521', say(521, '<html>', HTML), 'busy'],
  ['522', say(522, '<html>', HTML), 'busy'],
  ['524', say(524, '<html>', HTML), 'unanswered'],
  ['530', say(530, 'not found'), 'busy'],
  ['408', say(408, ''), 'unanswered'],
  ['407', say(407, ''), 'busy'],
  ['421', say(421, 'Misdirected Request'), 'busy'],
  ['511', say(511, '<html>', HTML), 'busy'],
  ['429', say(429, { message: 'slow down' }), 'busy'],
  ['401 in plain text', say(401, 'Forbidden'), 'account'],
  ['402', say(402, {}), 'account'],
  ['403', say(403, { message: 'Domain example.com is not allowed to send' }), 'account'],
  ['403 without end', say(403, 'x'.repeat(100_000)), 'account'],
  ['404 for the domain', say(404, { message: 'Domain not found: example.com' }), 'account'],
  ['404 for something else', say(404, { message: 'Message not found' }), 'account', 'gone'],
  ['404 with HTML', say(404, '<h1>Not Found', HTML), 'account', 'gone'],
  ['410', say(410, { message: 'no longer here' }), 'invalid', 'gone'],
  ['410 of a proxy', say(410, ''), 'busy', 'gone'],
  ['400', say(400, { message: "'to' parameter is not a valid address" }), 'invalid'],
  ['400 with nothing', say(400, ''), 'busy'],
  ['400 of a proxy', say(400, '<html>Bad Request', HTML), 'busy'],
  ['400: a limit', say(400, { message: 'recipient limit exceeded' }), 'busy'],
  ['400: a probation', say(400, { message: 'You are sending too fast while on probation' }), 'busy'],
  ['400: a disabled domain', say(400, { message: 'Domain example.com has been disabled' }), 'account'],
  ['400: a sandbox', say(400, { message: 'Sandbox subdomains are for test purposes only' }), 'account'],
  ['400: an expired URL', say(400, { message: 'Expired or incorrect URL' }), 'invalid', 'gone'],
  ['413', say(413, { message: 'too large' }), 'invalid'],
  ['413 of a proxy', say(413, '<html>Request Entity Too Large', HTML), 'busy'],
  ['418 of a firewall', say(418, ''), 'busy'],
  ['451 of a firewall', say(451, 'Unavailable For Legal Reasons'), 'busy'],
  ['422', say(422, { message: 'no' }), 'invalid'],
];

for (const [name, script, send, repost = send] of ANSWERS) {
  test(`${name}: ${send} for a send, ${repost} for a re-post, and asked once each`, async (t) => {
    const { server, port } = await scripted(t, script);
    assert.equal(short(await port.sendMime('example.com', MAIL)), send);
    assert.equal(short(await port.repost([`${server.url}/v3/x`], { to: MAIL.to, deliverAt: null })), repost);
    assert.equal(server.seen.length, 2);
  });
}

for (const status of [301, 302, 303, 307, 308]) {
  test(`a ${status} is never followed, neither here nor elsewhere`, async (t) => {
    const other = await startScript(t, say(200, QUEUED));
    const { server, port } = await scripted(t, (response, { path }) =>
      response.writeHead(status, { location: path === '/v3/x' ? `${other.url}/` : '/elsewhere' }).end(),
    );
    // What follows a POST with another page may have done it.
    const expected = [302, 303].includes(status) ? 'unanswered' : 'busy';
    assert.equal(short(await port.sendMime('example.com', MAIL)), expected);
    assert.equal(short(await port.repost([`${server.url}/v3/x`], { to: MAIL.to, deliverAt: null })), expected);
    assert.equal((await port.fetchMime([`${server.url}/v3/x`])).kind, 'failed');
    assert.equal((await port.get('/v3/domains')).status, status);
    assert.equal(server.seen.length, 4);
    assert.equal(other.seen.length, 0);
  });
}

const endsInTime = async (work: Promise<Answer>): Promise<Answer> => {
  const begun = performance.now();
  const answer = await work;
  assert.ok(performance.now() - begun < 2000, 'the deadline counts for the whole call');
  return answer;
};

test('a server that says nothing is given up at the deadline, as unanswered', async (t) => {
  const { server, port } = await scripted(t, () => {}, { timeout: 200 });
  const answer = await endsInTime(port.sendMime('example.com', MAIL));
  assert.deepEqual(answer, { kind: 'unanswered', detail: 'the time for it was over' });
  assert.equal(server.seen.length, 1);
});

test('a server that drips is given up at the deadline, as unanswered', async (t) => {
  const drip: Script = (response) => {
    const text = JSON.stringify(QUEUED);
    response.writeHead(200, { 'content-length': text.length });
    let i = 0;
    const timer = setInterval(() => response.write(text[i++] ?? ''), 50);
    response.on('close', () => clearInterval(timer));
  };
  const { port } = await scripted(t, drip, { timeout: 250 });
  assert.equal((await endsInTime(port.sendMime('example.com', MAIL))).kind, 'unanswered');
});

test('a server that never reads the whole request is given up, as unanswered', async (t) => {
  const server = createServer((socket) => socket.pause());
  const { port: number, close } = await listenOnLoopback(server, 0);
  t.after(close);
  const port = portTo(t, `http://127.0.0.1:${number}`, { timeout: 200 });
  const mime = Buffer.alloc(8 * 1024 * 1024, 'x');
  assert.equal(short(await endsInTime(port.sendMime('example.com', { ...MAIL, mime }))), 'unanswered');
});

test('a refused connection is busy: nothing was sent', async (t) => {
  const { server, port } = await scripted(t, say(200, QUEUED));
  await server.close();
  const answer = await port.sendMime('example.com', MAIL);
  assert.deepEqual(answer, { kind: 'refused', why: 'busy', detail: 'not sent: ECONNREFUSED' });
});

test('a name that does not resolve is busy: nothing was sent', async (t) => {
  // A label of more than 63 letters: the resolver knows without asking anybody.
  const host = `${'a'.repeat(64)}.invalid:80`;
  const port = portTo(t, `http://${host}`, { allowedHosts: [host] });
  const answer = await port.sendMime('example.com', MAIL);
  assert.equal(short(answer), 'busy');
  assert.match(answer.detail, /^not sent: E/);
});

test('a TLS handshake that fails is busy: nothing was sent', async (t) => {
  const { server } = await scripted(t, say(200, QUEUED));
  const port = portTo(t, `https://${server.host}`);
  assert.equal(short(await port.sendMime('example.com', MAIL)), 'busy');
  assert.equal(server.seen.length, 0);
});

test('a connection that is cut in the TLS handshake is busy: nothing was sent', async (t) => {
  const server = createServer((socket) => socket.once('data', () => socket.destroy()));
  const { port: number, close } = await listenOnLoopback(server, 0);
  t.after(close);
  const port = portTo(t, `https://127.0.0.1:${number}`);
  assert.equal(short(await port.sendMime('example.com', MAIL)), 'busy');
});

test('a TLS handshake without end is busy at the deadline: nothing was sent', async (t) => {
  const server = createServer();
  const { port: number, close } = await listenOnLoopback(server, 0);
  t.after(close);
  const port = portTo(t, `https://127.0.0.1:${number}`, { timeout: 200 });
  assert.equal(short(await endsInTime(port.sendMime('example.com', MAIL))), 'busy');
});

test('a call that waited for a connection till its deadline is busy, and is not sent later on', async (t) => {
  const answer = say(200, QUEUED);
  const script: Script = (response, seen, count) => count > 1 && answer(response, seen, count);
  const { server, port } = await scripted(t, script, { connections: 1 });
  const send = (n: string, until?: Deadline) => port.send('example.com', [['n', n]], until);
  // One moment for both: with two, the second call could take the connection in between.
  const until = within(200);
  assert.deepEqual((await Promise.all([send('1', until), send('2', until)])).map(short), ['unanswered', 'busy']);
  assert.equal(short(await send('3')), 'accepted');
  const sent = await Promise.all(server.seen.map(async (seen) => (await formIn(seen)).get('n')));
  assert.deepEqual(sent, ['1', '3']);
});

const WAITS: [string, Script, number][] = [
  ['Retry-After in seconds', say(429, {}, { 'retry-after': '120' }), 120_000],
  [
    'Retry-After as a date, by the clock of the server',
    say(429, {}, { date: 'Wed, 25 Nov 2026 10:00:00 GMT', 'retry-after': 'Wed, 25 Nov 2026 10:00:30 GMT' }),
    30_000,
  ],
  ['words', say(429, { message: 'per-sec limit exceeded, try again after 120 seconds' }), 120_000],
  ['words in a 400', say(400, { message: 'limit exceeded, try again after 5 seconds' }), 5000],
  [
    'Reset in seconds',
    say(429, {}, { date: 'Wed, 25 Nov 2026 10:00:00 GMT', 'x-ratelimit-reset': '1795600860' }),
    60_000,
  ],
  [
    'Reset in ms',
    say(429, {}, { date: 'Wed, 25 Nov 2026 10:00:00 GMT', 'x-ratelimit-reset': '1795600860000' }),
    60_000,
  ],
  ['nothing', say(429, {}), 5000],
  ['nonsense', say(429, {}, { 'retry-after': '-5', 'x-ratelimit-reset': 'soon' }), 5000],
  ['a wait of a day', say(429, {}, { 'retry-after': '86400' }), 600_000],
  ['a wait of years', say(429, {}, { 'retry-after': '999999' }), 5000],
];

for (const [name, script, wait] of WAITS) {
  test(`how long to wait, by ${name}: ${wait}`, async (t) => {
    const { port } = await scripted(t, script);
    const answer = await port.sendMime('example.com', MAIL);
    assert.ok(answer.kind === 'refused' && answer.why === 'busy');
    assert.equal(answer.retryAfter, wait);
  });
}

const AT = Date.UTC(2026, 10, 25, 10, 0, 0);

test('a re-post says whom and when, and no more', async (t) => {
  const { server, port } = await scripted(t, say(200, QUEUED));
  const target = `${server.url}/v3/domains/example.com/messages/KEY==`;
  assert.deepEqual(await port.repost([target], { to: MAIL.to, deliverAt: AT }), ACCEPTED);
  await port.repost([target], { to: MAIL.to, deliverAt: null });
  const [timed, plain] = await Promise.all(server.seen.map(formIn));
  assert.deepEqual(
    [...(timed ?? [])],
    [
      ['to', 'anna@example.net'],
      ['o:deliverytime', 'Wed, 25 Nov 2026 10:00:00 +0000'],
    ],
  );
  assert.deepEqual([...(plain ?? [])], [['to', 'anna@example.net']]);
  assert.equal(server.seen[0]?.path, '/v3/domains/example.com/messages/KEY==');
});

async function storageAndApi(t: TestContext, first: Script, second: Script, options: Options = {}) {
  const storage = await startScript(t, first);
  const api = await startScript(t, second);
  const port = portTo(t, api.url, { allowedHosts: [api.host, storage.host], ...options });
  return { storage, api, port, targets: [`${storage.url}/v3/k`, `${api.url}/v3/k`] };
}

/** What the first target says, and what the call comes to with a second one that would accept. */
const FIRST: [string, Script, string, number][] = [
  ['404', say(404, { message: 'Message not found' }), 'accepted', 1],
  ['400', say(400, { message: 'use URLs as given in events' }), 'accepted', 1],
  ['410', say(410, ''), 'accepted', 1],
  ['401 of another region', say(401, 'Forbidden'), 'accepted', 1],
  ['402', say(402, ''), 'account', 0],
  ['403 of a firewall', say(403, '<html>', HTML), 'accepted', 1],
  ['421', say(421, 'Misdirected Request'), 'accepted', 1],
  ['a proxy that wants a login', say(407, ''), 'accepted', 1],
  ['511', say(511, '<html>', HTML), 'accepted', 1],
  ['429', say(429, ''), 'busy', 0],
  ['a throttle in a 400', say(400, { message: 'sending too fast' }), 'busy', 0],
  ['500', say(500, ''), 'unanswered', 0],
  ['a drop', (response) => void response.socket?.destroy(), 'unanswered', 0],
  ['a redirect that may follow a success', say(302, '', { location: '/' }), 'unanswered', 0],
  ['a redirect', say(301, '', { location: '/' }), 'accepted', 1],
  ['530', say(530, '<html>', HTML), 'accepted', 1],
  ['503 of an edge', say(503, '', HTML), 'accepted', 1],
  ['503 of Mailgun', say(503, { message: 'later' }), 'unanswered', 0],
];

for (const [name, script, expected, asked] of FIRST) {
  test(`after ${name} from the storage host: ${expected}, and ${asked} request(s) to the API base`, async (t) => {
    const { api, port, targets } = await storageAndApi(t, script, say(200, QUEUED));
    assert.equal(short(await port.repost(targets, { to: MAIL.to, deliverAt: null })), expected);
    assert.equal(api.seen.length, asked);
  });
}

const MISSING = say(404, { message: 'Message not found' });
const repostTo = { to: MAIL.to, deliverAt: null };

test('a copy that neither host knows is gone, whatever the other complains of', async (t) => {
  for (const script of [MISSING, say(400, { message: 'use URLs as given in events' })]) {
    const { port, targets } = await storageAndApi(t, script, MISSING);
    assert.equal(short(await port.repost(targets, repostTo)), 'gone');
    assert.equal(short(await port.repost(targets.toReversed(), repostTo)), 'gone');
  }
});

test('a storage host that cannot be reached leads to the API base, but a copy missing there is not gone yet', async (t) => {
  for (const [script, expected] of [
    [say(200, QUEUED), 'accepted'],
    [MISSING, 'busy'],
  ] as const) {
    const { storage, port, targets } = await storageAndApi(t, MISSING, script);
    await storage.close();
    assert.equal(short(await port.repost(targets, repostTo)), expected);
  }
});

test('all targets share one deadline', async (t) => {
  const { port, targets } = await storageAndApi(t, MISSING, () => {}, { timeout: 200 });
  assert.equal(short(await endsInTime(port.repost([...targets, ...targets], repostTo))), 'unanswered');
});

test('without a target there is nothing to send again', async (t) => {
  const { port } = await scripted(t, say(200, QUEUED));
  assert.equal(short(await port.repost([], repostTo)), 'gone');
  assert.equal((await port.fetchMime([])).kind, 'gone');
});

test('a stored message is asked for as a mail, and its bytes come back', async (t) => {
  const { server, port } = await scripted(t, say(200, { 'body-mime': MIME.toString(), subject: 'Größe' }));
  assert.deepEqual(await port.fetchMime([`${server.url}/v3/k`]), { kind: 'mime', mime: MIME });
  assert.equal(server.seen[0]?.headers.accept, 'message/rfc2822');
  assert.equal(server.seen[0]?.method, 'GET');
});

test('a stored message of 25 MB comes back', async (t) => {
  const text = 'All work and no play makes mail a dull thing.\r\n'.repeat(550_000);
  const { server, port } = await scripted(t, say(200, { 'body-mime': text }), { timeout: 20_000 });
  const fetched = await port.fetchMime([`${server.url}/v3/k`]);
  assert.ok(fetched.kind === 'mime' && fetched.mime.equals(Buffer.from(text)));
});

const FETCHES: [string, Script, string][] = [
  ['a mail as it is', say(200, MIME.toString(), { 'content-type': 'message/rfc2822' }), 'mime'],
  ['404', MISSING, 'gone'],
  ['410', say(410, ''), 'gone'],
  ['an expired URL', say(400, { message: 'expired' }), 'gone'],
  ['JSON without the mail', say(200, { 'body-plain': 'x' }), 'failed for now'],
  ['HTML', say(200, '<p>', HTML), 'failed for now'],
  ['an answer that breaks off', cut, 'failed for now'],
  ['an answer without end', pour, 'failed for now'],
  ['a drop', (response) => void response.socket?.destroy(), 'failed for now'],
  ['401', say(401, 'Forbidden'), 'failed for now'],
  ['429', say(429, ''), 'failed for now'],
  ['500', say(500, ''), 'failed for now'],
  ['404 for the domain', say(404, { message: 'Domain not found: x' }), 'failed for now'],
  ['422', say(422, { message: 'no' }), 'failed for good'],
];

for (const [name, script, expected] of FETCHES) {
  test(`a stored message, ${name}: ${expected}`, async (t) => {
    const { server, port } = await scripted(t, script);
    const fetched = await port.fetchMime([`${server.url}/v3/k`]);
    const length = fetched.kind === 'failed' ? ` ${fetched.retryable ? 'for now' : 'for good'}` : '';
    assert.equal(fetched.kind + length, expected);
  });
}

test('a stored message that one host does not give is asked for at the other', async (t) => {
  for (const script of [MISSING, say(500, ''), say(401, '')]) {
    const { port, targets } = await storageAndApi(t, script, say(200, { 'body-mime': 'x' }));
    assert.equal((await port.fetchMime(targets)).kind, 'mime');
  }
});

test('a stored message is not gone while one host is silent about it', async (t) => {
  const { port, targets } = await storageAndApi(t, MISSING, say(503, ''));
  assert.equal((await port.fetchMime(targets)).kind, 'failed');
});

test('the key goes to no host that is not allowed, whoever asks', async (t) => {
  const foreign = await startScript(t, say(200, QUEUED));
  const { port } = await scripted(t, say(200, QUEUED));
  for (const target of [
    `${foreign.url}/v3/k`,
    `http://localhost:${foreign.host.split(':')[1]}/`,
    'nonsense',
    'file:///',
  ]) {
    assert.equal(short(await port.repost([target], repostTo)), 'busy');
    assert.equal((await port.fetchMime([target])).kind, 'failed');
  }
  assert.equal(foreign.seen.length, 0);
});

test('plain http to the API is refused unless its host is named with the port', () => {
  const create = (apiUrl: string, allowedHosts: string[]) => () =>
    createPort({ apiUrl, apiKey: KEY, timeout: 100, allowedHosts });
  assert.throws(create('http://127.0.0.1:8025', ['127.0.0.1']), /plain http/);
  assert.throws(create('http://api.mailgun.net', ['*.mailgun.net']), /plain http/);
  assert.doesNotThrow(create('http://127.0.0.1:8025', ['127.0.0.1:8025']));
  assert.doesNotThrow(create('https://proxy.example.com', []));
});

test('a base with a path keeps it', async (t) => {
  const server = await startScript(t, say(200, QUEUED));
  const port = portTo(t, `${server.url}/mailgun/`);
  await port.sendMime('example.com', MAIL);
  assert.equal(server.seen[0]?.path, '/mailgun/v3/example.com/messages.mime');
});

test('questions are asked by path, and answered with status, headers and body', async (t) => {
  const { server, port } = await scripted(t, say(200, { items: [] }, { 'x-more': '1' }));
  const reply = await port.get('/v3/example.com/events', { begin: '1', 'message-id': 'a&b' });
  assert.deepEqual([reply.status, reply.headers['x-more'], reply.body], [200, '1', { items: [] }]);
  await port.postJson('/v1/analytics/logs', { start: 'x' });
  await port.postForm('/v4/domains/x/webhooks', [['url', 'https://a.test/']]);
  await port.del('/v3/example.com/bounces/a');
  assert.deepEqual(
    server.seen.map(({ method, path }) => `${method} ${path}`),
    [
      'GET /v3/example.com/events?begin=1&message-id=a%26b',
      'POST /v1/analytics/logs',
      'POST /v4/domains/x/webhooks',
      'DELETE /v3/example.com/bounces/a',
    ],
  );
  assert.equal(server.seen[1]?.headers['content-type'], 'application/json');
  assert.equal(server.seen[1]?.body.toString(), '{"start":"x"}');
});

test('a question without an answer is an error that says whether it was sent', async (t) => {
  const { server, port } = await scripted(t, (response) => void response.socket?.destroy());
  const kind = (expected: string) => (error: unknown) => error instanceof PortError && error.kind === expected;
  await assert.rejects(port.get('/v3/x'), kind('unanswered'));
  await server.close();
  await assert.rejects(port.get('/v3/x'), kind('notSent'));
});

test('neither the key nor an address is in an error or an answer', async (t) => {
  const { port } = await scripted(t, say(400, { message: "'to' parameter is not valid: <anna@example.net>" }));
  const answer = await port.sendMime('example.com', MAIL);
  assert.equal(answer.detail, "400: 'to' parameter is not valid: <a***@example.net>");
  const { port: dropped } = await scripted(t, (response) => void response.socket?.destroy());
  await assert.rejects(dropped.get('/v3/x'), (error: Error) => {
    const text = `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
    return !text.includes(KEY) && !text.includes(Buffer.from(`api:${KEY}`).toString('base64'));
  });
});

test('what is under way when the port is closed ends, and nothing is left open', async (t) => {
  const { server, port } = await scripted(t, () => {});
  const pending = port.sendMime('example.com', MAIL);
  while (server.seen.length === 0) await new Promise(setImmediate);
  await port.close();
  assert.equal(short(await pending), 'unanswered');
  assert.equal(short(await port.sendMime('example.com', MAIL)), 'busy');
});
