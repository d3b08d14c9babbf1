import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../src/core/delivery.ts';
import { HOUR, MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import { timeliness } from '../../src/core/timeliness.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { addHold } from '../../src/store/notes/holds.ts';
import type { How } from '../support/factory.ts';
import * as past from '../support/factory.ts';
import { ask, DOMAIN, post, type Running, SENT, start } from './support.ts';

const status = async (running: Running): Promise<Record<string, unknown>> => {
  // Beyond the time for which one answer serves all.
  running.clock.advance(3 * SECOND);
  return (await ask(`${running.url}/api/status`)).body;
};

const byClass = ({ access, notice, bulk }: Record<string, unknown>) => ({ access, notice, bulk });

type Shown = { state: string; delaySeconds: number | null; upToSeconds: number | null; sentence: string };

/** What people are told of one class. */
const shown = (body: Record<string, unknown>, name: string): Shown =>
  (body['classes'] as Record<string, Shown>)[name] as Shown;

const iso = (at: Ms): string => new Date(at).toISOString();

const fine = { status: 'on_time', lateSeconds: null, late: null };

async function sentAs(running: Running, name: string, more: Record<string, unknown> = {}): Promise<string> {
  const messageId = `${name}-${running.clock()}@${DOMAIN}`;
  const { body } = await post(running, '/api/messages', { ...SENT, messageId, class: name, ...more });
  return String(body['id']);
}

async function told(running: Running, id: string, fact: Fact): Promise<void> {
  const found = await findMessage(running.store, id);
  const ids = (found?.views ?? []).map((v) => v.id);
  await change(running.store, ids, running.clock(), () => [fact]);
}

const claimed = (attempt: number, at: Ms, how: How): Fact => past.claimed(attempt, at, { how });

test('mail is on time when there is none, and while it is with its provider', async (t) => {
  const running = await start(t);
  assert.deepEqual(byClass(await status(running)), { access: fine, notice: fine, bulk: fine });
  await sentAs(running, 'notice');
  assert.deepEqual(byClass(await status(running)), { access: fine, notice: fine, bulk: fine });
});

test('a class is delayed by as long as its oldest due mail waits, and down when nothing of it moves', async (t) => {
  const running = await start(t);
  await sentAs(running, 'access', { state: 'sending' });
  running.clock.advance(5 * MINUTE);
  const delayed = await status(running);
  assert.deepEqual(delayed['access'], { status: 'delayed', lateSeconds: 243, late: '4 min' });
  assert.deepEqual(delayed['notice'], fine);
  running.clock.advance(HOUR);
  assert.equal((await status(running))['access']?.['status' as never], 'down');
  await sentAs(running, 'access');
  assert.equal((await status(running))['access']?.['status' as never], 'delayed');
});

test('mail that its provider will not take counts as late from when it was made', async (t) => {
  const running = await start(t);
  const id = await sentAs(running, 'notice');
  await told(running, id, claimed(2, running.clock(), 'repost'));
  const refused = {
    kind: 'refused' as const,
    attempt: 2,
    why: 'busy' as const,
    detail: '429',
    retryAfter: null,
    via: null,
  };
  await told(running, id, { ...refused, key: 'refused:2', at: running.clock() });
  const held = { kind: 'held' as const, attempt: 2, about: 'refused' as const, why: 'refused_busy' as const };
  await told(running, id, { ...held, key: 'held:1', at: running.clock(), until: running.clock() + HOUR });
  running.clock.advance(10 * MINUTE);
  assert.deepEqual((await status(running))['notice'], { status: 'delayed', lateSeconds: 603, late: '10 min' });
});

test('a class whose fresh mail went out through a secondary is on backup', async (t) => {
  const running = await start(t);
  const id = await sentAs(running, 'access');
  await told(running, id, claimed(2, running.clock(), 'fallback'));
  const taken = { kind: 'accepted' as const, attempt: 2, messageId: null, tracked: false, detail: '', via: 'backup' };
  await told(running, id, { ...taken, key: 'accepted:2', at: running.clock() });
  const now = await status(running);
  assert.deepEqual(now['access'], { status: 'backup', lateSeconds: null, late: null });
  assert.deepEqual(now['notice'], fine);
  running.clock.advance(HOUR);
  assert.deepEqual((await status(running))['access'], fine);
});

/** A mail that was asked for now and went out through a secondary. */
async function byBackup(running: Running): Promise<void> {
  const id = await sentAs(running, 'access', { createdAt: running.clock() });
  await told(running, id, claimed(2, running.clock(), 'fallback'));
  const taken = { kind: 'accepted' as const, attempt: 2, messageId: null, tracked: false, detail: '', via: 'backup' };
  await told(running, id, { ...taken, key: 'accepted:2', at: running.clock() });
}

const BACKUP = 'Reset emails go out by our backup route right now. They may take a little longer.';

test('that mail went out by the backup is not told any more when the provider is back', async (t) => {
  const running = await start(t);
  const down = { provider: 'mailgun', share: 0, probed_at: 0, well_since: null, probes_failed: 0 };
  await running.store.db('health').insert({ ...down, state: 'down', since: running.clock() });
  await byBackup(running);
  running.clock.advance(2 * MINUTE);
  assert.equal((await status(running))['sentence'], BACKUP);
  await running.store.db('health').update({ state: 'recovering', share: 1, since: running.clock() });
  running.clock.advance(5 * SECOND);
  assert.equal((await status(running))['sentence'], BACKUP);
  await running.store.db('health').update({ state: 'healthy', share: 100, since: running.clock() });
  running.clock.advance(5 * SECOND);
  const now = await status(running);
  assert.deepEqual([now['sentence'], now['since']], ['Emails are on time.', null]);
});

test('nor while mail that was made after it is stuck', async (t) => {
  const running = await start(t);
  await byBackup(running);
  running.clock.advance(30 * SECOND);
  await past.seedQueued(running.store, { class: 'access', createdAt: running.clock() }, running.clock());
  running.clock.advance(50 * SECOND);
  assert.equal((await status(running))['sentence'], BACKUP);
  running.clock.advance(2 * MINUTE);
  const late = 'Reset emails are delayed right now. New requests may take up to 5 minutes.';
  assert.equal((await status(running))['sentence'], late);
});

test('nor when no provider was down, and for a minute newer mail took its usual way', async (t) => {
  const running = await start(t);
  await byBackup(running);
  running.clock.advance(30 * SECOND);
  const id = await sentAs(running, 'access', { createdAt: running.clock() });
  await told(running, id, past.reported('delivered', running.clock()));
  assert.equal((await status(running))['sentence'], BACKUP);
  running.clock.advance(31 * SECOND);
  assert.equal((await status(running))['sentence'], 'Emails are on time.');
  await byBackup(running);
  running.clock.advance(5 * SECOND);
  assert.equal((await status(running))['sentence'], BACKUP);
});

test('no mail is said to be no mail, and mail that arrives tells how long it takes', async (t) => {
  const running = await start(t);
  const none = await status(running);
  assert.deepEqual(
    [none['sentence'], none['since']],
    ['Emails are not waiting. None were sent in the last 15 minutes.', null],
  );
  assert.deepEqual(shown(none, 'access').state, 'quiet');
  for (const seconds of [4, 8, 900]) {
    const id = await sentAs(running, 'access', { createdAt: running.clock() - seconds * SECOND });
    await told(running, id, past.reported('delivered', running.clock()));
  }
  const now = await status(running);
  const onTime = { state: 'on_time', delaySeconds: 4, upToSeconds: null, sentence: 'Reset emails are on time.' };
  assert.deepEqual(shown(now, 'access'), onTime);
  assert.equal(shown(now, 'notice').state, 'quiet');
  assert.equal(now['sentence'], 'Emails are on time.');
});

test('mail that ended without having left proves nothing of how mail flows', async (t) => {
  const running = await start(t);
  const ends = { expired: 'useful_life_over', abandoned: 'undetermined', cancelled: 'by_application' } as const;
  for (const [state, reason] of Object.entries(ends) as [keyof typeof ends, (typeof ends)[keyof typeof ends]][]) {
    const id = await sentAs(running, 'access', { createdAt: running.clock() });
    await told(running, id, past.ended(1, running.clock(), state, reason));
  }
  const now = await status(running);
  assert.equal(shown(now, 'access').state, 'quiet');
  await sentAs(running, 'access', { createdAt: running.clock() });
  assert.equal(shown(await status(running), 'access').state, 'on_time');
});

test('what is late says since when, and the sentence names the mail that is affected', async (t) => {
  const running = await start(t);
  const at = running.clock();
  await sentAs(running, 'access', { state: 'sending' });
  running.clock.advance(5 * MINUTE);
  const now = await status(running);
  assert.equal(now['since'], iso(at + MINUTE));
  assert.equal(now['sentence'], 'Reset emails are delayed right now. New requests may take up to 5 minutes.');
  assert.deepEqual(shown(now, 'access'), {
    ...{ state: 'delayed', delaySeconds: 243, upToSeconds: 300, sentence: now['sentence'] },
  });
});

test('mail that is kept from leaving is late from then on, whenever it was made', async (t) => {
  const running = await start(t);
  await sentAs(running, 'notice', { state: 'sending' });
  running.clock.advance(HOUR);
  const at = running.clock();
  await addHold(running.store, { provider: null, class: null, until: null, reason: null, who: 'ops' }, at);
  await running.store.db('due').update({ lane: 'held', at: at + HOUR });
  running.clock.advance(4 * MINUTE);
  const now = await status(running);
  assert.deepEqual(shown(now, 'notice').delaySeconds, 243);
  assert.equal(now['since'], iso(at));
});

test('when every provider is down no mail goes out, also when none waits yet', async (t) => {
  const running = await start(t, { providers: ['mailgun', 'backup'] });
  const at = running.clock();
  const down = { state: 'down', share: 0, probed_at: 0, well_since: null, probes_failed: 0 };
  await running.store.db('health').insert({ ...down, provider: 'mailgun', since: at - MINUTE });
  const one = await status(running);
  assert.deepEqual([shown(one, 'access').state, one['since']], ['quiet', null]);
  await running.store.db('health').insert({ ...down, provider: 'backup', since: at });
  const both = await status(running);
  assert.equal(both['sentence'], 'Emails are not going out right now. Please try again later.');
  assert.deepEqual([shown(both, 'access').state, both['since']], ['down', iso(at - MINUTE)]);
  assert.deepEqual(both['access'], { status: 'down', lateSeconds: null, late: null });
});

test('any page may show the status, and keep it for ten seconds', async (t) => {
  const running = await start(t);
  const { headers } = await ask(`${running.url}/api/status`, { headers: { origin: 'https://shop.example' } });
  assert.equal(headers.get('access-control-allow-origin'), '*');
  assert.equal(headers.get('cache-control'), 'public, max-age=10');
  const asked = await fetch(`${running.url}/api/status`, { method: 'OPTIONS' });
  assert.equal(asked.status, 204);
  assert.equal(asked.headers.get('access-control-allow-origin'), '*');
  assert.match(asked.headers.get('access-control-allow-methods') ?? '', /GET/);
});

test('what was found a while ago may be kept for as much less, so that nobody is shown it after ten seconds', async (t) => {
  const running = await start(t);
  const found = await ask(`${running.url}/api/status`);
  assert.equal(found.headers.get('age'), '0');
  running.clock.advance(1500);
  await sentAs(running, 'access');
  const again = await ask(`${running.url}/api/status`);
  assert.deepEqual([again.body, again.headers.get('age')], [found.body, '2'], 'one look serves all');
  running.clock.advance(500);
  const anew = await ask(`${running.url}/api/status`);
  assert.deepEqual([shown(anew.body, 'access').state, anew.headers.get('age')], ['on_time', '0']);
});

test('the status gives away no address and no number of mails', async (t) => {
  const running = await start(t);
  await sentAs(running, 'notice', { state: 'sending' });
  running.clock.advance(5 * MINUTE);
  const text = JSON.stringify(await status(running));
  assert.doesNotMatch(text, /@|example|count|total/);
});

test('timeliness: a minute is no delay, a quarter of an hour without movement is a standstill', () => {
  const at = (late: Ms, moving: boolean, backup: Ms | null = null) => timeliness({ late, moving, backup });
  assert.equal(at(MINUTE, false), 'on_time');
  assert.equal(at(MINUTE + 1, false), 'delayed');
  assert.equal(at(15 * MINUTE, false), 'down');
  assert.equal(at(15 * MINUTE, true), 'delayed');
  assert.equal(at(HOUR, false, MINUTE), 'backup');
  assert.equal(at(MINUTE, false, 5 * MINUTE), 'backup', 'nothing is late');
  assert.equal(at(4 * MINUTE, false, 5 * MINUTE), 'delayed', 'the backup takes nothing any more');
});

test('the process is alive whatever its database does; it is ready only with it', async (t) => {
  const running = await start(t);
  assert.deepEqual((await ask(`${running.url}/readyz`)).body, { ready: true, problems: [] });
  await running.store.close();
  running.clock.advance(3 * SECOND);
  const reply = await ask(`${running.url}/readyz`);
  assert.equal(reply.status, 503);
  assert.deepEqual(reply.body, { ready: false, problems: ['the database does not answer'] });
  assert.equal((await ask(`${running.url}/healthz`)).status, 200);
});

test('a database without its tables is not ready, and says what to do', async (t) => {
  const running = await start(t, { unmigrated: true });
  const reply = await ask(`${running.url}/readyz`);
  assert.equal(reply.status, 503);
  assert.match(String((reply.body['problems'] as string[])[0]), /homing migrate/);
});

test('a database that may lose what it acknowledged is not ready', async (t) => {
  const running = await start(t);
  await running.store.db.raw('PRAGMA synchronous=NORMAL');
  const reply = await ask(`${running.url}/readyz`);
  assert.equal(reply.status, 503);
  assert.match(String((reply.body['problems'] as string[])[0]), /synchronous/);
});

test('a process that is stopping is not ready', async (t) => {
  const running = await start(t);
  running.stopping.abort();
  assert.equal((await ask(`${running.url}/readyz`)).status, 503);
});
