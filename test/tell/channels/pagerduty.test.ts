import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SEVERITIES, TURNS } from '../../../src/core/alerting.ts';
import { MINUTE } from '../../../src/core/time.ts';
import { startSimPagerduty } from '../../../src/lab/servers/pagerduty.ts';
import { acknowledgeIncident } from '../../../src/operate/acknowledge.ts';
import { openIncidents } from '../../../src/store/incidents.ts';
import { pagerdutyChannel } from '../../../src/tell/channels/pagerduty.ts';
import { clockAt } from '../../support/clock.ts';
import { aNotice } from '../../support/notice.ts';
import { eachStore } from '../../support/stores.ts';
import { daemonOf, happens, listening } from '../../support/tellers.ts';

const KEY = 'R0123456789abcdefghijklmnopqrstu';

test('all that is told of an incident is one incident of PagerDuty, from its trigger to its end', async (t) => {
  const pagerduty = await startSimPagerduty(KEY);
  t.after(pagerduty.close);
  const channel = pagerdutyChannel({ key: KEY, url: pagerduty.url, source: 'mg.example.com' });
  const link = 'https://homing.example.com/ack/1';
  const seen: string[][] = [];
  for (const turn of TURNS) {
    await channel.send(aNotice({ id: `01${turn}`, turn, link, severity: 'critical' }));
    seen.push(pagerduty.incidents.map(({ state, triggers }) => `${state} ${triggers.length}`));
  }
  assert.deepEqual(seen, [['triggered 1'], ['triggered 2'], ['acknowledged 2'], ['resolved 2']]);
  const [first] = pagerduty.incidents[0]?.triggers ?? [];
  assert.deepEqual(first?.payload, {
    ...{ summary: 'Two mails', source: 'mg.example.com', severity: 'critical', timestamp: '2026-11-25T09:00:00.000Z' },
    ...{ component: 'homing', group: 'gave_up:mg.example.com', class: 'gave_up' },
    custom_details: { body: 'were given up', count: 2, turn: 'opened' },
  });
  await channel.send(aNotice({ conversation: 'the next one' }));
  assert.equal(pagerduty.incidents.length, 2);
});

test('PagerDuty takes every severity, and texts and names of any length', async (t) => {
  const pagerduty = await startSimPagerduty(KEY);
  t.after(pagerduty.close);
  const channel = pagerdutyChannel({ key: KEY, url: pagerduty.url, source: 'homing' });
  for (const severity of SEVERITIES)
    await channel.send(aNotice({ severity, subject: '\u{1f4a5}'.repeat(3000), conversation: severity.repeat(99) }));
  const ended = aNotice({ turn: 'ended', conversation: SEVERITIES[0].repeat(99) });
  await channel.send(ended);
  assert.deepEqual(
    pagerduty.incidents.map(({ state }) => state),
    ['resolved', 'triggered', 'triggered', 'triggered'],
  );
});

test('what PagerDuty does not like is told in its words', async (t) => {
  const pagerduty = await startSimPagerduty('another key of thirty-two letters');
  t.after(pagerduty.close);
  const channel = pagerdutyChannel({ key: KEY, url: `${pagerduty.url}/`, source: 'homing' });
  await assert.rejects(channel.send(aNotice()), { message: 'it answered 400: Invalid routing key' });
});

eachStore('what gets much worse wakes who has taken it, and its end is the end of it there', async ({ t, store }) => {
  const pagerduty = await startSimPagerduty(KEY);
  t.after(pagerduty.close);
  const channels = [pagerdutyChannel({ key: KEY, url: pagerduty.url, source: 'homing' })];
  const clock = clockAt();
  const daemon = daemonOf({ store, clock, to: listening(), channels });
  const given = async (mails: number) => {
    for (let n = 0; n < mails; n++) await happens(daemon, 'gave_up:mg.example.com', 'gave_up');
    await daemon.until(clock() + 10 * MINUTE);
  };
  const states = () => pagerduty.incidents.map(({ state }) => state);
  await given(2);
  const [open] = await openIncidents(store);
  await acknowledgeIncident(store, { id: open?.id ?? '', who: 'ann' }, clock());
  await given(3);
  assert.deepEqual(states(), ['acknowledged']);
  await given(30);
  assert.deepEqual(states(), ['resolved', 'triggered']);
  assert.match(String(pagerduty.incidents[1]?.triggers[0]?.payload?.summary), /much worse/);
  await daemon.until(clock() + 120 * MINUTE);
  assert.deepEqual(states(), ['resolved', 'resolved']);
});
