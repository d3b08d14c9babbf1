import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createHistory, type HistoryOptions } from '../../../src/providers/mailgun/history.ts';
import { createPort, PortError } from '../../../src/providers/mailgun/port.ts';
import { ApiRefusal } from '../../../src/providers/mailgun/refusal.ts';
import { type Script, type Seen, say, startScript } from '../../support/http-script.ts';

const DOMAIN = 'example.com';
const HOME = '/v3/example.com/events';
const BEGIN = 1_764_064_800_500;

type Changes = Record<string, unknown>;
const event = (id: string, changes: Changes = {}) => ({
  event: 'delivered',
  id,
  timestamp: 1764064801.5,
  recipient: 'anna@example.net',
  message: { headers: { 'message-id': 'm1@example.com' } },
  ...changes,
});

type Pages = Record<string, { items: unknown; next?: string }>;

/** Answers each path with its page; a path it does not know is a 404. */
const pages =
  (byPath: Pages): Script =>
  (response, seen, count) => {
    const page = byPath[seen.path.split('?')[0] ?? ''];
    const link = page?.next === undefined ? {} : { next: page.next };
    const script = page ? say(200, { items: page.items, paging: link }) : say(404, { message: 'no such page' });
    script(response, seen, count);
  };

async function history(t: TestContext, script: Script, options: HistoryOptions = { api: 'events' }) {
  const server = await startScript(t, script);
  const { url, host } = server;
  const port = createPort({ apiUrl: url, apiKey: 'k', timeout: 5000, allowedHosts: [host] });
  t.after(() => port.close());
  return { server, history: createHistory({ asking: port, reading: port }, options) };
}

const queryOf = (seen: Seen | undefined) => Object.fromEntries(new URL(seen?.path ?? '', 'http://x').searchParams);
const pathsOf = (seen: readonly Seen[]) => seen.map((s) => s.path.split('?')[0]);
const idsOf = ({ items }: { items: { body: unknown }[] }) => items.map((i) => (i.body as { id: string }).id);
const ask = { messageId: '<m1@example.com>', recipient: 'anna@example.net', since: BEGIN };

test('a message is asked about without brackets, oldest first, from the second of that time on', async (t) => {
  const { server, history: h } = await history(t, pages({ [HOME]: { items: [event('a')], next: '' } }));
  const found = await h.about(DOMAIN, ask);
  assert.deepEqual(queryOf(server.seen[0]), {
    begin: '1764064800',
    ascending: 'yes',
    limit: '300',
    'message-id': 'm1@example.com',
    recipient: 'anna@example.net',
  });
  assert.deepEqual(found.items[0]?.body, event('a'));
  assert.equal(found.items[0]?.sighting.report, 'delivered');
  assert.equal(found.items[0]?.sighting.domain, DOMAIN);
  assert.equal(found.complete, true);
});

test('an answer about other messages or other recipients is sifted out', async (t) => {
  const items = [
    event('a'),
    event('b', { message: { headers: { 'message-id': 'm2@example.com' } } }),
    event('c', { recipient: 'berta@example.net' }),
    event('d', { recipient: 'Anna@Example.net' }),
  ];
  const { history: h } = await history(t, pages({ [HOME]: { items } }));
  assert.deepEqual(idsOf(await h.about(DOMAIN, ask)), ['a', 'd']);
});

test('where the recipient has nothing, the whole message is asked about: a rejected names none', async (t) => {
  const { recipient: _, ...rejected } = event('r', { event: 'rejected' });
  const script: Script = (response, seen, count) =>
    say(200, { items: 'recipient' in queryOf(seen) ? [] : [rejected] })(response, seen, count);
  const { server, history: h } = await history(t, script);
  const found = await h.about(DOMAIN, ask);
  assert.deepEqual(idsOf(found), ['r']);
  assert.equal(server.seen.length, 2);
});

test('pages are walked until one is empty, always at our own host', async (t) => {
  const far = (path: string) => `https://evil.example${path}`;
  const { server, history: h } = await history(
    t,
    pages({
      [HOME]: { items: [event('a')], next: far(`${HOME}/two?x=1`) },
      [`${HOME}/two`]: { items: [event('b')], next: far(`${HOME}/three`) },
      [`${HOME}/three`]: { items: [], next: far(`${HOME}/four`) },
    }),
  );
  assert.deepEqual(idsOf(await h.about(DOMAIN, ask)), ['a', 'b']);
  assert.deepEqual(pathsOf(server.seen), [HOME, `${HOME}/two`, `${HOME}/three`]);
  assert.equal(server.seen[1]?.path, `${HOME}/two?x=1`);
});

for (const next of [
  'https://x/v3/keys',
  'https://x/v3/example.com/events/../../keys',
  '/v3/example.com/events/2',
  'x:',
]) {
  test(`a link to ${next} is not followed, and not taken for the end either`, async (t) => {
    const { server, history: h } = await history(t, pages({ [HOME]: { items: [event('a')], next } }));
    await assert.rejects(h.between(DOMAIN, { begin: BEGIN, end: BEGIN + 1, limit: 10 }, null), /leads elsewhere/);
    assert.equal(server.seen.length, 1);
  });
}

test('pages in a circle, and pages without end, are left with what was found, as incomplete', async (t) => {
  const circle = pages({
    [HOME]: { items: [event('a')], next: `http://x${HOME}/1` },
    [`${HOME}/1`]: { items: [event('b')], next: `http://x${HOME}/2` },
    [`${HOME}/2`]: { items: [event('c')], next: `http://x${HOME}/1` },
  });
  const { history: h } = await history(t, circle);
  const found = await h.about(DOMAIN, ask);
  assert.deepEqual([idsOf(found), found.complete], [['a', 'b', 'c'], false]);
  const endless: Script = (response, seen, count) =>
    say(200, { items: [event(`${count}`)], paging: { next: `http://x${HOME}/${count}` } })(response, seen, count);
  const { server, history: other } = await history(t, endless);
  assert.equal((await other.about(DOMAIN, ask)).complete, false);
  assert.ok(server.seen.length <= 20);
});

test('a range is read page by page, from cursor to cursor', async (t) => {
  const { server, history: h } = await history(
    t,
    pages({
      [HOME]: { items: [event('a')], next: `http://x${HOME}/two` },
      [`${HOME}/two`]: { items: [event('b')], next: `http://x${HOME}/three` },
      [`${HOME}/three`]: { items: [], next: `http://x${HOME}/three` },
    }),
  );
  const first = await h.between(DOMAIN, { begin: BEGIN, end: BEGIN + 60_000, limit: 1000 }, null);
  const second = await h.between(DOMAIN, { begin: BEGIN, end: BEGIN + 60_000, limit: 1000 }, first.next);
  const third = await h.between(DOMAIN, { begin: BEGIN, end: BEGIN + 60_000, limit: 1000 }, second.next);
  assert.deepEqual([first, second, third].map(idsOf), [['a'], ['b'], []]);
  assert.equal(third.next, null);
  assert.deepEqual(queryOf(server.seen[0]), {
    begin: '1764064800',
    end: '1764064861',
    ascending: 'yes',
    limit: '300',
  });
});

test('a page on which nothing can be read is not the end of the range', async (t) => {
  const { history: h } = await history(
    t,
    pages({
      [HOME]: { items: [{ id: 'nameless' }, 7, null], next: `http://x${HOME}/two` },
      [`${HOME}/two`]: { items: [event('b')], next: `http://x${HOME}/three` },
    }),
  );
  assert.deepEqual(idsOf(await h.between(DOMAIN, { begin: BEGIN, end: BEGIN + 1, limit: 10 }, null)), ['b']);
});

test('a page that leads to itself is an error, not the end of the range', async (t) => {
  const { history: h } = await history(t, pages({ [`${HOME}/1`]: { items: [event('a')], next: `http://x${HOME}/1` } }));
  await assert.rejects(h.between(DOMAIN, { begin: BEGIN, end: BEGIN + 1, limit: 10 }, `${HOME}/1`), /in a circle/);
});

const NO_ANSWERS: [string, Script, RegExp | typeof PortError | typeof ApiRefusal][] = [
  ['401', say(401, 'Forbidden'), ApiRefusal],
  ['429', say(429, { message: 'slow down' }), ApiRefusal],
  ['500', say(500, ''), ApiRefusal],
  ['a redirect', say(302, '', { location: '/' }), ApiRefusal],
  ['an unknown domain', say(404, { message: 'Domain not found: example.com' }), ApiRefusal],
  ['HTML', say(200, '<p>'), /no list of items/],
  ['JSON without items', say(200, {}), /no list of items/],
  ['a drop', (response) => void response.socket?.destroy(), PortError],
];

for (const [name, script, error] of NO_ANSWERS) {
  test(`${name} is no "nothing found": it rejects, whichever API may be asked`, async (t) => {
    for (const api of ['auto', 'events', 'logs'] as const) {
      const { history: h } = await history(t, script, { api });
      await assert.rejects(h.about(DOMAIN, ask), api === 'logs' && name === 'an unknown domain' ? /neither/ : error);
      await assert.rejects(h.between(DOMAIN, { begin: BEGIN, end: BEGIN + 1, limit: 10 }, null));
    }
  });
}

const LOGS = '/v1/analytics/logs';
const logItem = (id: string, changes: Changes = {}) => {
  const { timestamp: _, ...rest } = event(id);
  return { ...rest, '@timestamp': '2025-11-25T10:00:01.500Z', domain: { name: DOMAIN }, ...changes };
};
/** Two items, then an empty page that still has a token, as Mailgun's do. */
const logs: Script = (response, seen, count) => {
  const { pagination } = JSON.parse(seen.body.toString()) as { pagination: { token?: string } };
  const items = [logItem('a'), logItem('x', { domain: { name: 'other.test' } })];
  const page =
    pagination.token === undefined ? { items, pagination: { next: 't1' } } : { items: [], pagination: { next: 't2' } };
  say(200, page)(response, seen, count);
};

for (const status of [403, 404, 410]) {
  test(`after a ${status} from the Events API the Logs API is asked, and the events of it no more`, async (t) => {
    const script: Script = (response, seen, count) =>
      (seen.path === LOGS ? logs : say(status, { message: 'retired' }))(response, seen, count);
    const { server, history: h } = await history(t, script, { api: 'auto' });
    assert.deepEqual(idsOf(await h.about(DOMAIN, ask)), ['a']);
    const first = await h.between(DOMAIN, { begin: BEGIN, end: BEGIN + 60_000, limit: 100 }, null);
    const second = await h.between(DOMAIN, { begin: BEGIN, end: BEGIN + 60_000, limit: 100 }, first.next);
    assert.deepEqual([idsOf(first), idsOf(second), second.next], [['a'], [], null]);
    assert.equal(server.seen.filter((s) => s.path !== LOGS).length, 1);
  });
}

test('the Logs API is asked by domain, message and recipient, in RFC 2822 times', async (t) => {
  const { server, history: h } = await history(t, logs, { api: 'logs', now: () => BEGIN });
  await h.about(DOMAIN, ask);
  const is = (attribute: string, value: string) => ({ attribute, comparator: '=', values: [{ label: value, value }] });
  assert.deepEqual(JSON.parse(server.seen[0]?.body.toString() ?? ''), {
    start: 'Tue, 25 Nov 2025 10:00:00 +0000',
    end: 'Tue, 25 Nov 2025 10:01:00 +0000',
    filter: { AND: [is('domain', DOMAIN), is('message_id', 'm1@example.com'), is('recipient', 'anna@example.net')] },
    include_totals: false,
    pagination: { sort: 'timestamp:asc', limit: 300 },
  });
});

test('an item of the Logs API that names no message is kept, as the filter has chosen it', async (t) => {
  const sparse = logItem('s', { event: 'failed', message: undefined, 'delivery-status': { code: 680 } });
  const { history: h } = await history(t, say(200, { items: [sparse] }), { api: 'logs' });
  assert.deepEqual(idsOf(await h.about(DOMAIN, ask)), ['s']);
});

test('without Events and Logs it says so', async (t) => {
  const { history: h } = await history(t, say(404, 'not found'), { api: 'auto' });
  await assert.rejects(h.about(DOMAIN, ask), /neither events nor logs/);
});

test('a recipient is asked about by address', async (t) => {
  const items = [event('a'), event('b', { recipient: 'berta@example.net' })];
  const { server, history: h } = await history(t, pages({ [HOME]: { items } }));
  assert.deepEqual(idsOf(await h.aboutRecipient(DOMAIN, 'anna@example.net', BEGIN)), ['a']);
  assert.equal(queryOf(server.seen[0])['recipient'], 'anna@example.net');
});
