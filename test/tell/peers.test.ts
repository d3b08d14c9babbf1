import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { startMoody } from '../../src/lab/servers/moody.ts';
import type { Store } from '../../src/store/db/open.ts';
import { setCursor } from '../../src/store/notes/cursors.ts';
import { createPeerWatch } from '../../src/tell/peers.ts';
import { clockAt } from '../support/clock.ts';
import { logInto } from '../support/homing.ts';
import { eachStore } from '../support/stores.ts';
import { daemonOf, ladder, listening, turnsOf } from '../support/tellers.ts';

const raised = async (store: Store): Promise<[incident: string, detail: string][]> =>
  (await store.db('alert_items').orderBy('at')).map(({ incident, detail }) => [incident, detail]);

eachStore('a daemon that does not answer three times is told of, once for each silence', async ({ t, store }) => {
  const peer = await startMoody((_asked, response) => void response.writeHead(200).end('{}'));
  t.after(peer.close);
  const clock = clockAt();
  const lines: string[] = [];
  const look = createPeerWatch({ store, peers: [`${peer.url}/`], now: clock, log: logInto(lines) });
  const minutes = async (count: number) => {
    for (let n = 0; n < count; n++) {
      await look();
      clock.advance(MINUTE);
    }
  };
  await minutes(5);
  peer.feel('failing', 'failing', 'well');
  await minutes(5);
  assert.deepEqual(await raised(store), [], 'it was started again');
  assert.ok(peer.asked.every(({ method, path }) => method === 'GET' && path === '/heartbeat'));
  peer.feel('failing');
  await minutes(20);
  const { host } = new URL(peer.url);
  const detail = `The daemon at ${host}: it answered 503: Service Unavailable (since 2026-11-25 09:10:00 UTC).`;
  assert.deepEqual(await raised(store), [[`peer_silent:${host}`, detail]]);
  peer.feel('well');
  await minutes(4);
  assert.match(lines.at(-1) ?? '', /well again/);
  peer.feel('failing');
  await minutes(5);
  assert.equal((await raised(store)).length, 2, 'and again when it comes again');
});

async function watched(t: TestContext, store: Store) {
  const peer = await startMoody((_asked, response) => void response.writeHead(200).end('{}'));
  t.after(peer.close);
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to, ladder: ladder(['mail', 0], ['sms', 15 * MINUTE]) }, ['mail', 'sms']);
  const watch = () => createPeerWatch({ store, peers: [peer.url], now: clock, log: logInto([]) });
  const minutes = async (count: number, looks: readonly (() => Promise<unknown>)[]) => {
    for (let n = 0; n < count; n++) {
      for (const look of looks) await look();
      await daemon.until(clock() + MINUTE);
    }
  };
  return { peer, clock, to, watch, minutes };
}

eachStore('a daemon that is back climbs no ladder, and is told as over', async ({ t, store }) => {
  const { peer, to, watch, minutes } = await watched(t, store);
  const look = watch();
  peer.feel('failing');
  await minutes(4, [look]);
  peer.feel('well');
  await minutes(60, [look]);
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'mail ended']);
  assert.match(to.heard[1]?.subject ?? '', /over after 4 min/);
});

eachStore('a daemon that stays silent is told again, however often its watcher is started', async ({ t, store }) => {
  const { peer, clock, to, watch, minutes } = await watched(t, store);
  peer.feel('failing');
  for (let n = 0; n < 5; n++) await minutes(8, [watch()]);
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'sms opened', 'mail repeated', 'sms repeated']);
  clock.advance(7 * HOUR);
  await minutes(1, []);
  assert.deepEqual(turnsOf(to.heard.slice(-2)), ['mail ended', 'sms ended'], 'nobody watches it any more');
});

eachStore('a daemon that one of two can not reach is not back', async ({ t, store }) => {
  const { peer, clock, to, watch, minutes } = await watched(t, store);
  const { host } = new URL(peer.url);
  const [one, other] = [watch(), watch()];
  peer.feel('failing');
  await minutes(4, [one, other]);
  peer.feel('well');
  const cannot = () => setCursor(store, `peer:${host}`, 'silent', clock());
  await minutes(10, [one, cannot]);
  assert.deepEqual(turnsOf(to.heard), ['mail opened']);
  await minutes(6, [one, other]);
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'mail ended']);
});

eachStore('each of several daemons is watched for itself, and one that is gone is as silent', async ({ t, store }) => {
  const well = await startMoody((_asked, response) => void response.writeHead(200).end('{}'));
  t.after(well.close);
  const gone = await startMoody(() => {});
  await gone.close();
  const deps = { store, peers: [well.url, gone.url], now: clockAt(), log: logInto([]) };
  const look = createPeerWatch(deps);
  for (let n = 0; n < 3; n++) await look();
  const [[incident, detail] = ['', ''], ...others] = await raised(store);
  assert.deepEqual([incident, others], [`peer_silent:${new URL(gone.url).host}`, []]);
  assert.match(detail, /it did not answer: ECONNREFUSED/);
});
