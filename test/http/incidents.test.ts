import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeTokens } from '../../src/core/take-token.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { openIncidents } from '../../src/store/incidents.ts';
import { daemonOf, happens, listening, turnsOf } from '../support/tellers.ts';
import { type Running, start, TOKEN } from './support.ts';

const [KEY, OLDER] = ['ab'.repeat(32), 'cd'.repeat(32)];
const NAME = 'gave_up:mg.example.com';
const api = { authorization: `Bearer ${TOKEN}` };

/** A daemon whose alerts carry links to this server. */
function teller({ store, url, clock }: Running, key = KEY) {
  const to = listening();
  const link = (id: string) => `${url}/alerts/${id}/ack?token=${takeTokens([key]).make(id)}`;
  return { to, daemon: daemonOf({ store, clock, to, link, publicUrl: url }) };
}

test('a scanner that follows every link of an alert takes nothing, and a person who presses the button does', async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const { to, daemon } = teller(running);
  await happens(daemon, NAME, 'gave_up');
  await daemon.until(running.clock() + MINUTE);
  const [{ link, body } = { link: null, body: '' }] = to.heard;
  assert.ok(link);
  for (const address of [link, ...(body.match(/https?:\S+/g) ?? [])])
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'GET'])
      await (await fetch(address, { method, headers: { 'user-agent': 'link-scanner' } })).arrayBuffer();
  assert.equal((await openIncidents(running.store))[0]?.acknowledgedAt, null);
  const page = await fetch(link);
  const text = await page.text();
  assert.deepEqual([page.status, page.headers.get('cache-control')], [200, 'no-store']);
  assert.match(text, /<form method="post">[\s\S]*<button>I take it<\/button>/);
  assert.doesNotMatch(text, /<script|token=/);
  assert.match(page.headers.get('content-security-policy') ?? '', /form-action 'self'/);
  assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
  const done = await fetch(link, { method: 'POST', body: new URLSearchParams({ by: 'Ann <script>' }) });
  assert.equal(done.status, 200);
  assert.match(await done.text(), /taken by Ann &lt;script&gt;/);
  await daemon.look();
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'mail acknowledged']);
  assert.equal(to.heard[1]?.link, null);
  const again = await fetch(link, { method: 'POST', body: new URLSearchParams({ by: 'Bob' }) });
  assert.match(await again.text(), /taken by Ann/);
});

test('a link is good for its own incident alone, as long as that lasts, and after the key was changed', async (t) => {
  const running = await start(t, { encryptionKey: KEY, olderKeys: [OLDER] });
  const { to, daemon } = teller(running, OLDER);
  await happens(daemon, NAME, 'gave_up');
  await happens(daemon, 'gave_up:other.example', 'gave_up');
  await daemon.until(running.clock() + MINUTE);
  const [one, other] = to.heard.map(({ link }) => new URL(link ?? ''));
  assert.ok(one && other);
  const wrong = [
    `${running.url}${one.pathname}`,
    `${running.url}${one.pathname}${other.search}`,
    `${one.href}x`,
    `${running.url}/alerts/nothing/ack${one.search}`,
    `${running.url}/alerts/${'0'.repeat(26)}/ack${one.search}`,
    `${one.href}&token=x`,
  ];
  for (const link of wrong)
    for (const method of ['GET', 'POST']) {
      const answer = await fetch(link, { method });
      assert.deepEqual([answer.status, /not valid/.test(await answer.text())], [404, true], `${method} ${link}`);
    }
  const large = await fetch(one, { method: 'POST', body: new URLSearchParams({ by: 'x'.repeat(10_000) }) });
  assert.equal(large.status, 413);
  assert.deepEqual(
    (await openIncidents(running.store)).map(({ acknowledgedAt }) => acknowledgedAt),
    [null, null],
  );
  assert.equal((await fetch(one, { method: 'POST' })).status, 200, 'made with the older key');
  await daemon.until(running.clock() + 2 * HOUR);
  const late = await fetch(other, { method: 'POST' });
  assert.match(await late.text(), /It is over/);
  const audit = await running.store.db('audit').where({ what: 'acknowledge' }).select('subject', 'who', 'detail');
  assert.deepEqual(audit, [{ subject: NAME, who: 'link', detail: 'taken by somebody (link of the alert)' }]);
});

test('whoever comes by a link or by the API is not in the audit by a name that nobody checked', async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const { to, daemon } = teller(running);
  for (const name of [NAME, 'gave_up:other.example', 'gave_up:third.example']) await happens(daemon, name, 'gave_up');
  await daemon.until(running.clock() + MINUTE);
  await fetch(to.heard[0]?.link ?? '', { method: 'POST', body: new URLSearchParams({ by: 'root' }) });
  for (const [n, body] of [{ by: 'root' }, {}].entries())
    await fetch(`${running.url}/api/incidents/${to.heard[n + 1]?.conversation}/acknowledge`, {
      method: 'POST',
      headers: { ...api, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const audit = await running.store.db('audit').where({ what: 'acknowledge' }).orderBy('id').select('who', 'detail');
  assert.deepEqual(audit, [
    { who: 'link', detail: 'taken by root' },
    { who: 'api', detail: 'taken by root' },
    { who: 'api', detail: null },
  ]);
  const open = await openIncidents(running.store);
  assert.deepEqual(open.map(({ acknowledgedBy }) => acknowledgedBy).sort(), ['api', 'root', 'root']);
});

test('without a key no link is made, and none is good', async (t) => {
  assert.equal(takeTokens([]).make('0'.repeat(26)), null);
  const { url } = await start(t, { encryptionKey: null });
  const link = `${url}/alerts/${'0'.repeat(26)}/ack?token=${takeTokens([KEY]).make('0'.repeat(26))}`;
  assert.equal((await fetch(link)).status, 404);
});

test('programs see the incidents and take them', async (t) => {
  const running = await start(t);
  const { url, store } = running;
  const daemon = daemonOf({ store, clock: running.clock, to: listening() });
  await happens(daemon, NAME, 'gave_up');
  await daemon.until(running.clock() + MINUTE);
  const list = async () => (await fetch(`${url}/api/incidents`, { headers: api })).json();
  const before = (await list()) as { open: { id: string }[]; ended: unknown[] };
  const id = before.open[0]?.id ?? '';
  assert.deepEqual(before, {
    open: [
      {
        ...{ id, name: NAME, kind: 'gave_up', class: null, severity: 'error', items: 1, flaps: 0 },
        ...{ startedAt: '2026-11-25T09:00:00.000Z', endedAt: null, acknowledgedAt: null, acknowledgedBy: null },
      },
    ],
    ended: [],
  });
  const take = (path: string, body?: object, headers: Record<string, string> = api) =>
    fetch(`${url}/api/incidents/${path}/acknowledge`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  assert.equal((await take(id, {}, {})).status, 401);
  assert.equal((await fetch(`${url}/api/incidents`)).status, 401);
  assert.equal((await take(id, { by: '' })).status, 400);
  assert.equal((await take(id, { who: 'ann' })).status, 400);
  assert.equal((await take('nothing')).status, 404);
  const taken = (await (await take(id, { by: 'ann' })).json()) as Record<string, unknown>;
  assert.deepEqual([taken['acknowledgedBy'], taken['isNew']], ['ann', true]);
  const again = (await (await take(id)).json()) as Record<string, unknown>;
  assert.deepEqual([again['acknowledgedBy'], again['isNew']], ['ann', false]);
  await daemon.until(running.clock() + 2 * HOUR);
  assert.equal((await take(id)).status, 409);
  const after = (await list()) as { open: unknown[]; ended: { id: string }[] };
  assert.deepEqual([after.open.length, after.ended[0]?.id], [0, id]);
  assert.equal((await fetch(`${url}/api/incidents?days=x`, { headers: api })).status, 400);
});
