import assert from 'node:assert/strict';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { startMoody } from '../../src/lab/servers/moody.ts';
import type { Store } from '../../src/store/db/open.ts';
import { createPeerWatch } from '../../src/tell/peers.ts';
import { clockAt } from '../support/clock.ts';
import { logInto } from '../support/homing.ts';
import { eachStore } from '../support/stores.ts';

const raised = async (store: Store): Promise<[incident: string, detail: string][]> =>
  (await store.db('alert_items').orderBy('at')).map(({ incident, detail }) => [incident, detail]);

eachStore('a daemon that does not answer three times is told of, once for some hours', async ({ t, store }) => {
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
  clock.advance(6 * HOUR);
  await minutes(1);
  assert.equal((await raised(store)).length, 2, 'and again after that');
  peer.feel('well');
  await minutes(1);
  assert.match(lines.at(-1) ?? '', /well again/);
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
