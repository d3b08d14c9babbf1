import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { atTimes } from '../../src/base/loop.ts';
import { timesOf } from '../../src/base/times.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { logInto } from '../support/homing.ts';

const zone = process.env['TZ'];
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

const turn = () => new Promise(setImmediate);

/** Lets hours pass on a host of that zone, and says in which minutes the step ran. */
async function hours(
  t: Parameters<NonNullable<Parameters<typeof test>[0]>>[0],
  { tz, from, cron, step = MINUTE }: { tz: string; from: string; cron: string; step?: number },
): Promise<string[]> {
  process.env['TZ'] = tz;
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.parse(from) });
  const stopping = new AbortController();
  const ran: string[] = [];
  const run = async () => void ran.push(new Date().toISOString().slice(11, 19));
  const ended = atTimes('tick', run, {
    times: timesOf(cron),
    now: Date.now,
    signal: stopping.signal,
    log: logInto([]),
  });
  for (let passed = 0; passed < 4 * HOUR; passed += step) {
    t.mock.timers.tick(step);
    await turn();
  }
  stopping.abort();
  await ended;
  t.mock.timers.reset();
  return ran;
}

const CHANGES = [
  ['Europe/Vienna', '2026-10-24T22:59:30Z'],
  ['Europe/Vienna', '2027-03-27T22:59:30Z'],
  ['America/New_York', '2026-11-01T03:59:30Z'],
  ['America/New_York', '2027-03-14T03:59:30Z'],
  ['Australia/Lord_Howe', '2027-04-03T12:59:30Z'],
  ['Australia/Lord_Howe', '2026-10-03T12:59:30Z'],
  ['America/Santiago', '2027-04-04T00:59:30Z'],
  ['Asia/Kathmandu', '2026-10-24T22:59:30Z'],
  ['UTC', '2026-10-24T22:59:30Z'],
] as const;

for (const [tz, from] of CHANGES)
  test(`what is due each minute runs each minute when clocks change in ${tz} after ${from}`, async (t) => {
    const ran = await hours(t, { tz, from, cron: '* * * * *', step: MINUTE / 2 });
    assert.equal(ran.length, 4 * 60);
    assert.equal(new Set(ran).size, ran.length);
  });

test('seconds and steps are counted on through a change of clocks', async (t) => {
  for (const [tz, from] of CHANGES) {
    assert.equal((await hours(t, { tz, from, cron: '*/5 * * * *' })).length, 48, tz);
    assert.equal((await hours(t, { tz, from, cron: '*/30 * * * * *', step: 10 * SECOND })).length, 480, tz);
  }
});

test('a clock that is set back does not make it wait until the old time comes again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = Date.parse('2026-11-22T12:00:30Z');
  const stopping = new AbortController();
  let ran = 0;
  const times = { next: () => Math.floor(now / MINUTE) * MINUTE + MINUTE };
  const step = async () => void ran++;
  const ended = atTimes('tick', step, { times, now: () => now, signal: stopping.signal, log: logInto([]) });
  const pass = async (ms: number) => {
    now += ms;
    t.mock.timers.tick(ms);
    await turn();
  };
  await pass(30 * SECOND);
  assert.equal(ran, 1);
  now -= HOUR;
  for (let passed = 0; passed < 5; passed++) await pass(MINUTE);
  assert.ok(ran >= 5, `it ran ${ran} times`);
  stopping.abort();
  await ended;
});

test('a step that fails is told of and runs again at the next time', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.parse('2026-11-22T12:00:30Z') });
  const stopping = new AbortController();
  const lines: string[] = [];
  const step = async () => {
    if (lines.length === 0) throw new Error('the database is away');
    stopping.abort();
  };
  const times = timesOf('* * * * *');
  const ended = atTimes('tick', step, { times, now: Date.now, signal: stopping.signal, log: logInto(lines) });
  t.mock.timers.tick(30 * SECOND);
  while (lines.length === 0) await turn();
  t.mock.timers.tick(MINUTE);
  await ended;
  assert.match(lines.join(), /tick.*failed/);
});

test('the last time at or before a moment is found', () => {
  const at = (text: string) => Date.parse(`2026-11-22T${text}Z`);
  for (const [cron, moment, last] of [
    ['*/10 * * * *', '12:09:59', '12:00:00'],
    ['*/10 * * * *', '12:10:00', '12:10:00'],
    ['*/10 * * * *', '12:10:00.001', '12:10:00'],
    ['*/20 * * * * *', '12:10:39', '12:10:20'],
  ] as const)
    assert.equal(timesOf(cron).last(at(moment)), at(last), `${cron} ${moment}`);
});
