import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallTime } from '../../src/base/wall-time.ts';
import { readConfig } from '../../src/config/config.ts';
import { EVERY_DAY, isDuring } from '../../src/core/hours.ts';
import { DAY, HOUR, MINUTE, type Ms } from '../../src/core/time.ts';
import { startSink } from '../../src/lab/sim/sink.ts';
import { acknowledgeIncident } from '../../src/operate/acknowledge.ts';
import { openIncidents } from '../../src/store/incidents.ts';
import { createChannels } from '../../src/tell/channels/create.ts';
import { onCallBy } from '../../src/tell/on-call.ts';
import { at, clockAt } from '../support/clock.ts';
import { eachStore } from '../support/stores.ts';
import { daemonOf, happens, listening } from '../support/tellers.ts';

const BERLIN = 'Europe/Berlin';
const ADMINS = ['all@team.example'];

const NIGHT_AND_DAY = 'daily 18:00-09:05 ann@team.example; daily 09:05-18:00 bob@team.example';

eachStore(
  'whoever was mailed to when it began hears of its end, and nobody who came after that',
  async ({ t, store }) => {
    const sink = await startSink();
    t.after(sink.close);
    const clock = clockAt();
    const config = settingsFrom({ ALERT_SMTP_URL: sink.url, ALERT_ON_CALL: NIGHT_AND_DAY, ADMIN_EMAILS: '' });
    const how = { timeout: MINUTE, dataTimeout: MINUTE, now: clock, onCall: onCallBy(config) };
    const channels = createChannels(config, how);
    t.after(channels.close);
    const daemon = daemonOf({ store, clock, to: listening(), channels: channels.alerts });
    const told = () =>
      sink.mails.splice(0).map(({ to, raw }) => [...to, /^Subject: .*?(taken|over|down)/m.exec(raw)?.[1]]);
    await happens(daemon, 'provider_down:mailgun', 'provider_down');
    await daemon.until(at(2));
    assert.deepEqual(told(), [['ann@team.example', 'down']]);
    await daemon.until(at(10));
    const [open] = await openIncidents(store);
    await acknowledgeIncident(store, { id: open?.id ?? '', who: 'bob' }, clock());
    await daemon.until(at(12));
    assert.deepEqual(told(), [['ann@team.example', 'taken']]);
    await happens(daemon, 'provider_back:mailgun', 'provider_back');
    await daemon.until(at(14));
    assert.deepEqual(told(), [['ann@team.example', 'over']]);
  },
);

eachStore('where the watch changes while it lasts, both hear of its end', async ({ t, store }) => {
  const sink = await startSink();
  t.after(sink.close);
  const clock = clockAt();
  const config = settingsFrom({ ALERT_SMTP_URL: sink.url, ALERT_ON_CALL: NIGHT_AND_DAY });
  const how = { timeout: MINUTE, dataTimeout: MINUTE, now: clock, onCall: onCallBy(config) };
  const channels = createChannels(config, how);
  t.after(channels.close);
  const daemon = daemonOf({ store, clock, to: listening(), channels: channels.alerts });
  await happens(daemon, 'provider_down:mailgun', 'provider_down');
  await daemon.until(at(20));
  await happens(daemon, 'provider_back:mailgun', 'provider_back');
  await daemon.until(at(22));
  const [ann, bob] = ['ann@team.example', 'bob@team.example'];
  assert.deepEqual(
    sink.mails.map(({ to: [to] }) => to),
    [ann, bob, ann, bob],
  );
});

/** The settings as the daemon reads them. */
function settingsFrom(env: Record<string, string>) {
  const config = readConfig({ ADMIN_EMAILS: ADMINS.join(','), ...env }, 'database');
  const zone = config.ALERT_TIMEZONE ?? config.REPORT_TIMEZONE;
  return {
    ...config,
    zone,
    called: onCallBy(config),
  };
}

const week = (from: Ms): Ms[] => Array.from({ length: 7 * 24 * 12 }, (_, n) => from + 5 * n * MINUTE);

test('each hour is of whoever is on call then, by the clocks of their zone', () => {
  const list =
    'mon-fri 08:00-18:00 ann@team.example; mon-thu 18:00-08:00 bob@team.example; sat,sun 10:00-12:00 eve@team.example';
  const { called } = settingsFrom({ ALERT_ON_CALL: list, ALERT_TIMEZONE: BERLIN });
  const wednesday = Date.UTC(2026, 10, 25);
  assert.deepEqual(called(wednesday + 7 * HOUR), ['ann@team.example']);
  assert.deepEqual(called(wednesday + 7 * HOUR - 1), ['bob@team.example']);
  assert.deepEqual(called(wednesday + 17 * HOUR), ['bob@team.example']);
  assert.deepEqual(called(wednesday + 3 * DAY + 9.5 * HOUR), ['eve@team.example']);
  assert.deepEqual(called(wednesday + 3 * DAY + 12 * HOUR), ADMINS, 'nobody is on call, so all are');
  assert.deepEqual(called(wednesday + 2 * DAY + 17 * HOUR), ADMINS, 'the night from Friday on is of nobody');
});

test('through both nights in which clocks change there is no gap, and nobody is called twice', () => {
  const list = 'daily 02:30-14:00 ann@team.example; daily 14:00-02:30 bob@team.example';
  const { called } = settingsFrom({ ALERT_ON_CALL: list, REPORT_TIMEZONE: BERLIN });
  for (const sunday of [Date.UTC(2026, 2, 29), Date.UTC(2026, 9, 25)]) {
    const times = week(sunday - 3 * DAY);
    const each = times.map(called);
    assert.deepEqual(
      each.filter((all) => all.length !== 1 || all[0] === 'all@team.example'),
      [],
    );
    const changes = times.filter((_, i) => i > 0 && each[i]?.[0] !== each[i - 1]?.[0]);
    // In autumn the half hour after 2:30 comes twice.
    assert.equal(changes.length, sunday === Date.UTC(2026, 2, 29) ? 14 : 16);
  }
  const spring = Date.UTC(2026, 2, 29, 1);
  assert.deepEqual([called(spring - 1), called(spring)], [['bob@team.example'], ['ann@team.example']]);
});

test('whoever stands twice on the list is called once, and others have zones of their own', () => {
  const list = `daily 00:00-24:00 ann@team.example; mon-sun 09:00-17:00 ann@team.example;
    daily 09:00-17:00 kim@team.example Asia/Tokyo`;
  const { called } = settingsFrom({ ALERT_ON_CALL: list, ALERT_TIMEZONE: BERLIN });
  assert.deepEqual(called(Date.UTC(2026, 10, 25, 9)), ['ann@team.example']);
  assert.deepEqual(called(Date.UTC(2026, 10, 25, 1)), ['ann@team.example', 'kim@team.example']);
});

test('quiet hours are those of the clock on the wall, in nights that are an hour shorter or longer too', () => {
  const { ALERT_QUIET: quiet, zone } = settingsFrom({ ALERT_QUIET: '22:00-07:00', ALERT_TIMEZONE: BERLIN });
  assert.ok(quiet);
  const lasts = (from: Ms) =>
    week(from)
      .slice(0, 12 * 24)
      .filter((at) => isDuring(wallTime(at, zone), EVERY_DAY, quiet)).length / 12;
  assert.equal(lasts(Date.UTC(2026, 10, 24, 12)), 9);
  assert.equal(lasts(Date.UTC(2026, 2, 28, 12)), 8);
  assert.equal(lasts(Date.UTC(2026, 9, 24, 12)), 10);
  const isQuiet = (at: Ms) => isDuring(wallTime(at, zone), EVERY_DAY, quiet);
  assert.deepEqual([isQuiet(Date.UTC(2026, 9, 25, 5, 59)), isQuiet(Date.UTC(2026, 9, 25, 6))], [true, false]);
});

test('what can not be meant is refused, and said', () => {
  const wrong: [string, string][] = [
    ['ALERT_ON_CALL', 'mon-fri 08:00-18:00'],
    ['ALERT_ON_CALL', 'mon 08:00-25:00 ann@team.example'],
    ['ALERT_ON_CALL', 'noon 08:00-18:00 ann@team.example'],
    ['ALERT_ON_CALL', 'mon 08:00-18:00 ann@team.example Nowhere/Town'],
    ['ALERT_ON_CALL', 'mon 08:00-18:00 ann'],
    ['ALERT_QUIET', '22-7'],
    ['ALERT_QUIET', '07:00-07:00'],
    ['ALERT_LADDER', 'mail:5m'],
    ['ALERT_LADDER', 'mail,mail:5m'],
    ['ALERT_LADDER', 'mail,slack:15m,sms:5m'],
    ['ALERT_LADDER', 'mail,pigeon:5m'],
    ['ALERT_LADDER', 'mail,slack:soon'],
  ];
  for (const [name, value] of wrong)
    assert.throws(() => settingsFrom({ [name]: value }), new RegExp(name), `${name}=${value}`);
  const { ALERT_LADDER: rungs } = settingsFrom({ ALERT_LADDER: 'mail, slack, webhook:5m, sms:15m' });
  assert.deepEqual(
    rungs?.map(({ after, ways }) => [after / MINUTE, ...ways]),
    [
      [0, 'mail', 'slack'],
      [5, 'webhook'],
      [15, 'sms'],
    ],
  );
});
