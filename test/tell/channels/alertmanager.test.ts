import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, HOUR, MINUTE } from '../../../src/core/time.ts';
import { startSimAlertmanager } from '../../../src/lab/servers/alertmanager.ts';
import { openIncidents } from '../../../src/store/incidents.ts';
import { alertmanagerChannel } from '../../../src/tell/channels/alertmanager.ts';
import { clockAt, MORNING } from '../../support/clock.ts';
import { aNotice } from '../../support/notice.ts';
import { startAlertmanager } from '../../support/real-alertmanager.ts';
import { eachStore } from '../../support/stores.ts';
import { daemonOf, listening } from '../../support/tellers.ts';

const publicUrl = 'https://homing.example.com';

test('an incident is one alert, which fires on without being sent again, until it is over', async (t) => {
  const clock = clockAt();
  const sim = await startSimAlertmanager(clock);
  t.after(sim.close);
  const channel = alertmanagerChannel([`${sim.url}/`], { now: clock, publicUrl, repeat: 15 * MINUTE });
  const states: string[][] = [];
  const tell = async (turn: 'opened' | 'repeated' | 'acknowledged' | 'ended', severity: 'error' | 'critical') => {
    const endedAt = turn === 'ended' ? clock() : null;
    await channel.send(aNotice({ turn, severity, endedAt, createdAt: clock() }));
    states.push(sim.firing().map(({ annotations }) => `${annotations['turn']} ${annotations['severity']}`));
  };
  await tell('opened', 'error');
  clock.advance(MINUTE);
  await tell('repeated', 'critical');
  await tell('acknowledged', 'critical');
  clock.advance(7 * DAY);
  assert.equal(sim.firing().length, 1);
  assert.deepEqual(sim.firing()[0]?.labels, {
    ...{ alertname: 'HomingGaveUp', service: 'homing', kind: 'gave_up' },
    ...{ incident: 'gave_up:mg.example.com', conversation: '01INCIDENT' },
  });
  assert.equal(sim.firing()[0]?.generatorURL, publicUrl);
  await tell('ended', 'critical');
  assert.deepEqual(states, [['opened error'], ['repeated critical'], ['acknowledged critical'], []]);
  await tell('opened', 'error');
  clock.advance(2 * DAY);
  assert.equal(sim.firing().length, 1, 'it is not told in quiet hours');
  clock.advance(2 * HOUR);
  assert.deepEqual(sim.firing(), [], 'nobody has heard of it any more');
});

test('an alert that was kept back for days fires all the same', async (t) => {
  const clock = clockAt(MORNING + 3 * DAY);
  const sim = await startSimAlertmanager(clock);
  t.after(sim.close);
  await alertmanagerChannel([sim.url], { now: clock, publicUrl: null, repeat: 0 }).send(aNotice());
  assert.equal(sim.firing().length, 1);
});

test('each Alertmanager of a cluster is told, and those that are not are named', async (t) => {
  const clock = clockAt();
  const [first, second] = [await startSimAlertmanager(clock), await startSimAlertmanager(clock)];
  t.after(first.close);
  t.after(second.close);
  const channel = alertmanagerChannel([first.url, second.url], { now: clock, publicUrl: null, repeat: 0 });
  assert.deepEqual(await channel.send(aNotice()), []);
  assert.deepEqual([first.firing().length, second.firing().length], [1, 1]);
  second.feel('failing');
  const host = new URL(second.url).host;
  assert.deepEqual(await channel.send(aNotice()), [`${host}: it answered 503: Service Unavailable`]);
  first.feel('failing');
  await assert.rejects(channel.send(aNotice()), /it answered 503: Service Unavailable; .*it answered 503/);
});

test('the real Alertmanager tells its receivers that an alert fires, once, and that it is over', async (t) => {
  const real = await startAlertmanager(t);
  if (real === null) return t.skip('prometheus-alertmanager is not installed');
  const clock = clockAt(Date.now());
  const notice = aNotice({
    startedAt: clock(),
    createdAt: clock(),
    subject: 'Two “mails” <b>',
    link: 'https://h/ack?a=1&b=2',
  });
  const channel = alertmanagerChannel([real.url], { now: clock, publicUrl, repeat: 15 * MINUTE });
  await channel.send(notice);
  const fires = await real.told('firing');
  assert.deepEqual(
    fires.alerts.map(({ labels, annotations }) => [labels['alertname'], annotations['summary']]),
    [['HomingGaveUp', 'Two “mails” <b>']],
  );
  await channel.send({ ...notice, turn: 'acknowledged', severity: 'critical' });
  await channel.send({ ...notice, turn: 'ended', endedAt: clock() + 1 });
  const over = await real.told('resolved');
  assert.deepEqual(
    over.alerts.map(({ status, labels }) => [status, labels['conversation']]),
    [['resolved', '01INCIDENT']],
  );
  assert.deepEqual(await real.told('firing'), fires, 'it was told once');
});

eachStore('an alert of bulk mail fires through quiet hours, and through long pauses', async ({ t, store }) => {
  for (const [kind, repeat] of [
    ['drill_failed', 15 * MINUTE],
    ['gave_up', 20 * HOUR],
  ] as const) {
    const clock = clockAt();
    const sim = await startSimAlertmanager(clock);
    t.after(sim.close);
    const channels = [alertmanagerChannel([sim.url], { now: clock, publicUrl: null, repeat })];
    const isQuiet = (at: number) => at % DAY >= 22 * HOUR || at % DAY < 7 * HOUR;
    const daemon = daemonOf({ store, clock, to: listening(), channels, repeat, isQuiet });
    await store.db('alert_items').insert({ item_key: kind, incident: kind, kind, class: 'bulk', at: clock() });
    await daemon.until(clock() + MINUTE);
    for (let hour = 0; hour < 200; hour++) {
      clock.advance(HOUR);
      await daemon.look();
      const isOpen = (await openIncidents(store)).some(({ name }) => name === kind);
      const isFiring = sim.firing().some(({ labels }) => labels['kind'] === kind);
      assert.equal(isFiring, isOpen, `${kind} after ${hour} hours`);
    }
  }
});
